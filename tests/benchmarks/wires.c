#define _GNU_SOURCE
#include "wires.h"

#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define TEXT 4096

enum wire wire = JSON;
const char *password;
static const char *wires[] = { "baseline", "threads", "plain", "json", "irc", "websocket", "event-stream", NULL };

void choose_wire(const char *name) {
    for (wire = 0; wires[wire] && strcmp(wires[wire], name);) wire++;
    if (!wires[wire]) errx(1, "there is no wire \"%s\"", name);
}

bool is_json(void) { return wire == JSON || wire == WEBSOCKET || wire == EVENT_STREAM; }

bool has_rooms(void) { return is_json() || wire == IRC; }

bool hears_itself(void) { return wire == BASELINE || is_json(); }

bool has(const char *line, size_t size, const char *what) {
    return memmem(line, size, what, strlen(what)) != NULL;
}

/* HTTP. */

static const char *host = "Host: localhost\r\n";

/* What opens the connection, and its events. */
static void open_web(struct member *m) {
    char request[512];
    int size = wire == WEBSOCKET
        ? sprintf(request, "GET /ws HTTP/1.1\r\n%sUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                           "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n", host)
        : sprintf(request, "GET /stream?session=%016x%016lx HTTP/1.1\r\n%s\r\n", getpid(), m->number, host);
    tell(m, request, size);
}

/* The mask is 0: the text stays as it is. */
static void tell_frame(struct member *m, const char *lines, int size) {
    char frame[3 * TEXT];
    int head = size < 126 ? 2 : 4;
    frame[0] = (char)0x81, frame[1] = (char)(0x80 | (size < 126 ? size : 126));
    if (head == 4) frame[2] = size >> 8, frame[3] = size & 255;
    memset(frame + head, 0, 4);
    memcpy(frame + head + 4, lines, size);
    tell(m, frame, head + 4 + size);
}

/* The other connection: the one that is there, unless the server has closed it. The answers on it are dropped. */
static void open_posts(struct member *m) {
    char answers[4096];
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    if (m->posts) {
        ssize_t got;
        while ((got = recv(m->posts, answers, sizeof answers, MSG_DONTWAIT)) > 0) continue;
        if (got < 0 && errno == EAGAIN) return;
        close(m->posts);
    }
    m->posts = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(m->posts, (void *)&to, sizeof to)) err(1, "%s", m->name);
}

static void post(struct member *m, const char *lines, int size) {
    char request[3 * TEXT];
    open_posts(m);
    int head = sprintf(request, "POST /lines?session=%016x%016lx HTTP/1.1\r\n%sContent-Length: %d\r\n\r\n", getpid(), m->number,
                       host, size);
    memcpy(request + head, lines, size);
    if (send(m->posts, request, head + size, MSG_NOSIGNAL) != head + size) errx(1, "%s can't post", m->name);
}

static void tell_line(struct member *m, const char *line, int size) {
    if (wire == WEBSOCKET) tell_frame(m, line, size);
    else if (wire == EVENT_STREAM && !m->direct) post(m, line, size);
    else tell(m, line, size);
}

static int json_hello(char *line, const struct member *m, const char *cursor) {
    int size = sprintf(line, "{\"type\":\"hello\",\"name\":\"%s\",\"client\":\"load-%08d-%08ld\",\"rooms\":{\"r%d\":%s}",
                       m->name, getpid(), m->number, m->room, cursor);
    if (password) size += sprintf(line + size, ",\"password\":\"%.64s\"", password);
    return size + sprintf(line + size, "}\n");
}

static void say_hello(struct member *m) {
    char line[512];
    tell_line(m, line, json_hello(line, m, "null"));
}

void hello(struct member *m, const char *cursor) {
    char line[512];
    int size;
    switch (wire) {
        case WEBSOCKET: open_web(m); return;
        case EVENT_STREAM:
            if (!m->direct) { open_web(m); return; }
            /* fall through */
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
        case WEBSOCKET:
        case EVENT_STREAM:
            size = sprintf(line, "{\"type\":\"say\",\"room\":\"r%d\",\"n\":%ld,\"text\":\"%s\"}\n", m->room, ++m->said, text);
            break;
        case IRC: size = sprintf(line, "PRIVMSG #r%d :%s\r\n", m->room, text); break;
        default: size = sprintf(line, "%s\n", text);
    }
    tell_line(m, line, size);
}

/* The last mark: the head of a frame may look like one. */
long number_in(const char *line, size_t size) {
    const char *mark = wire == WEBSOCKET ? memrchr(line, '^', size) : memchr(line, '^', size);
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
    } else if (wire == EVENT_STREAM ? !m->direct && size == 1 && *line == ':' : wire == WEBSOCKET && size > 20 && !memcmp(line, "Sec-WebSocket-Accept", 20)) {
        say_hello(m);
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
    else if (is_json() && size < 200 && has(line, size, "{\"type\":\"ping\""))
        tell_line(m, "{\"type\":\"pong\"}\n", 16);
}
