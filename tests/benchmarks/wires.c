#define _GNU_SOURCE
#include "wires.h"

#include <err.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define TEXT 4096

enum wire wire = JSON;
const char *password;
static const char *wires[] = { "baseline", "threads", "plain", "json", "irc", NULL };

void choose_wire(const char *name) {
    for (wire = 0; wires[wire] && strcmp(wires[wire], name);) wire++;
    if (!wires[wire]) errx(1, "there is no wire \"%s\"", name);
}

bool has_rooms(void) { return wire == JSON || wire == IRC; }

bool hears_itself(void) { return wire == BASELINE || wire == JSON; }

bool has(const char *line, size_t size, const char *what) {
    return memmem(line, size, what, strlen(what)) != NULL;
}

static int json_hello(char *line, const struct member *m, const char *cursor) {
    int size = sprintf(line, "{\"type\":\"hello\",\"name\":\"%s\",\"client\":\"load-%08d-%08ld\",\"rooms\":{\"r%d\":%s}",
                       m->name, getpid(), m->number, m->room, cursor);
    if (password) size += sprintf(line + size, ",\"password\":\"%.64s\"", password);
    return size + sprintf(line + size, "}\n");
}

void hello(struct member *m, const char *cursor) {
    char line[512];
    int size;
    switch (wire) {
        case JSON: size = json_hello(line, m, cursor ? cursor : "null"); break;
        case IRC: size = sprintf(line, "NICK %s\r\nUSER %s 0 * :%s\r\n", m->name, m->name, m->name); break;
        default: size = sprintf(line, "%s\n", m->name);
    }
    tell(m, line, size);
}

void say(struct member *m, long number, size_t bytes) {
    static char text[TEXT + 1], line[2 * TEXT];
    char head[10];
    int size;
    if (bytes < 9 || bytes > TEXT) errx(1, "a text has 9 to %d bytes", TEXT);
    if (!text[0]) memset(text, 'x', bytes);
    sprintf(head, "^%08lx", number);
    memcpy(text, head, 9);
    switch (wire) {
        case JSON:
            size = sprintf(line, "{\"type\":\"say\",\"room\":\"r%d\",\"n\":%ld,\"text\":\"%s\"}\n", m->room, ++m->said, text);
            break;
        case IRC: size = sprintf(line, "PRIVMSG #r%d :%s\r\n", m->room, text); break;
        default: size = sprintf(line, "%s\n", text);
    }
    tell(m, line, size);
}

long number_in(const char *line, size_t size) {
    const char *mark = memchr(line, '^', size);
    if (!mark || line + size < mark + 9) return -1;
    long number = 0;
    for (int i = 1; i <= 8; i++) number = number << 4 | (mark[i] <= '9' ? mark[i] - '0' : mark[i] - 'a' + 10);
    return number;
}

static bool is_in(const char *line, size_t size) {
    switch (wire) {
        case PLAIN: return has(line, size, "-- You are up to date.");
        case IRC: return has(line, size, " 366 ");
        case BASELINE:
        case THREADS: return has(line, size, "* welcome");
        default: return has(line, size, "\"type\":\"catchup\"");
    }
}

bool logs_in(struct member *m, const char *line, size_t size) {
    if (wire == IRC && has(line, size, " 001 ")) {
        char join[32];
        tell(m, join, sprintf(join, "JOIN #r%d\r\n", m->room));
    } else if (is_in(line, size)) {
        m->in = true;
    } else if (has(line, size, "\"type\":\"error\"") || has(line, size, "\"type\":\"bye\"") || has(line, size, "ERROR")
               || has(line, size, " 433 ") || (wire == PLAIN && *line == '!')) {
        warnx("%s was told: %.*s", m->name, (int)size, line);
    }
    return m->in;
}

void answer_ping(struct member *m, const char *line, size_t size) {
    char answer[128];
    if (wire == IRC && size > 5 && !memcmp(line, "PING ", 5))
        tell(m, answer, snprintf(answer, sizeof answer, "PONG%.*s\r\n", (int)(size > 100 ? 100 : size - 4), line + 4));
    else if (size > 15 && !memcmp(line, "{\"type\":\"ping\"", 14))
        tell(m, "{\"type\":\"pong\"}\n", 16);
}
