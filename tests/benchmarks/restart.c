/*
 * The members of a server that is started again: all are in, the server ends, and all come back.
 *
 *     restart -p PORT [-e] [-n members] [-r rooms] [-R rate] [-j seconds] [-t seconds]
 *
 *     -e  TLS
 *     -R  live messages a second, from when the first members are back until all are
 *     -j  they connect again at random times within so long
 *     -t  at most so long for logging in, and as long again for coming back
 *
 * Each has an address of its own, as people do. Once all are in and have heard a few messages, it prints "in" and waits for a
 * line with the process of the new server: that is the moment from which the time counts. Who is turned away, or loses its
 * connection, tries again as groupchat-connect does: after what the server asks for, or a random time that doubles with each
 * failure. A member is back when it has all that it has missed.
 *
 * Each room's first member speaks as soon as it is back, in turn with those of the other rooms. The times of live messages are
 * those of the members who were back when the message was due; the others get it with what they have missed.
 *
 * Prints one line of JSON. Exit status: 0 where all are back and have got every message once and in order, 2 where not, 1 where
 * it could not begin.
 */
#define _GNU_SOURCE
#include "histogram.h"
#include "wires.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PENDING 50             /* members that log in at any time, before the restart */
#define BEFORE 2               /* messages in each room, before the restart */
#define AT_ONCE 4              /* connections that are opened before it looks what else is to be done: each takes 0.2 ms */
#define DOUBLINGS 5
#define CURSOR 128
#define TEXT_BYTES 80

static int rooms = 40, server;
static long members = 2000;
static double rate = 50, jitter = 2, patience = 120;

static struct member *all;
static struct state {
    bool opened;
    int failures;
    double again, back;         /* when it connects, and when it was back */
    long through;               /* the message with which it is back; -1: not known yet */
    char epoch[CURSOR];
} *states;

static bool restarted;
static long in, wrong, tries;
static double begun, last_back, longest;
static double *due;             /* of each message */
static long said, *said_in;     /* in each room */
static struct histogram live;

static struct state *state_of(const struct member *m) { return &states[m - all]; }

/* What lines tell. */

static long field(const char *line, size_t size, const char *name) {
    const char *found = memmem(line, size, name, strlen(name));
    return found ? atol(found + strlen(name)) : -1;
}

static void read_epoch(struct state *s, const char *line, size_t size) {
    static const char name[] = "\"epoch\":\"";
    const char *epoch = memmem(line, size, name, sizeof name - 1);
    if (epoch) sscanf(epoch + sizeof name - 1, "%100[^\"]", s->epoch);
}

static void read_message(struct member *m, const char *line, size_t size) {
    long id = field(line, size, "\"id\":"), number = number_in(line, size);
    if (id != m->last + 1) wrong++;
    m->last = id;
    if (!restarted || !m->in || number < 0 || number >= said || due[number] < state_of(m)->back) return;
    double took = arrived - due[number];
    note(&live, took);
    if (took > longest) longest = took;
}

static void check_in(struct member *m) {
    struct state *s = state_of(m);
    if (m->in || s->through < 0 || m->last < s->through) return;
    m->in = true;
    s->failures = 0;
    s->back = last_back = arrived;
    in++;
}

/* Nobody may come back sooner than this: the server asks for a time, and a little more is added. */
static void read_bye(struct state *s, const char *line, size_t size) {
    long retry = field(line, size, "\"retry\":");
    if (retry >= 0) s->again = now() + retry + 2 * drand48();
}

void received_line(struct member *m, const char *line, size_t size) {
    struct state *s = state_of(m);
    if (has(line, size, "\"type\":\"message\"")) read_message(m, line, size);
    else if (has(line, size, "\"type\":\"room\"")) read_epoch(s, line, size);
    else if (has(line, size, "\"type\":\"catchup\"")) s->through = field(line, size, "\"through\":");
    else if (has(line, size, "\"type\":\"bye\"")) read_bye(s, line, size);
    else if (has(line, size, "\"type\":\"gap\"") || has(line, size, "\"type\":\"reset\"") || has(line, size, "\"type\":\"error\""))
        wrong++, warnx("%s was told: %.*s", m->name, (int)size, line);
    else answer_ping(m, line, size);
    check_in(m);
}

void lost_connection(struct member *m) {
    struct state *s = state_of(m);
    double delay = drand48() * (1 << s->failures);
    if (m->in) in--;
    m->in = s->opened = false;
    if (s->failures < DOUBLINGS) s->failures++;
    if (s->again < now() + delay) s->again = now() + delay;
}

/* What is said. */

static void say_in(int room, double when) {
    due[said] = when;
    said_in[room]++;
    say(&all[room], said++, TEXT_BYTES);
}

/* Say all that is due by now, each in the next room whose first member is back. */
static void say_due(void) {
    static int room;
    static long ticks;
    for (; begun + ticks / rate <= now(); ticks++) {
        int looked = 0;
        do room = (room + 1) % rooms; while (!all[room].in && ++looked < rooms);
        double when = begun + ticks / rate;
        if (all[room].in && when >= states[room].back) say_in(room, when);
    }
}

/* Logging in. */

static void enter(long i) {
    struct member *m = &all[i];
    struct state *s = &states[i];
    char cursor[CURSOR + 64];
    s->opened = true;
    s->through = -1;
    tries++;
    sprintf(cursor, "{\"epoch\":\"%s\",\"after\":%ld}", s->epoch, m->last);
    open_connection(m, INADDR_LOOPBACK + 65536 + i);
    hello(m, *s->epoch ? cursor : NULL);
}

/* Connect those whose time it is. */
static void enter_due(long at_most) {
    long pending = 0;
    for (long i = 0; i < members; i++) pending += states[i].opened && !all[i].in;
    for (long i = 0; i < members && pending < at_most; i++) {
        if (states[i].opened || states[i].again > now()) continue;
        enter(i);
        if (++pending % AT_ONCE) continue;
        turn(0);
        if (restarted) say_due();
    }
}

static bool all_have(void) {
    for (long i = 0; i < members; i++)
        if (all[i].last < said_in[all[i].room]) return false;
    return true;
}

static void wait_for_all(double until) {
    while (!all_have() && now() < until) turn(10);
}

static void log_in(void) {
    double until = now() + patience;
    while (in < members && now() < until) {
        enter_due(PENDING);
        turn(5);
    }
    if (in < members) errx(1, "%ld of %ld came in", in, members);
    for (int k = 0; k < BEFORE; k++)
        for (int room = 0; room < rooms; room++) say_in(room, now());
    wait_for_all(until);
    while (turn(400) && now() < until) continue;  /* to a big room news of who comes may be told with some delay */
}

/* Coming back. */

static void restart(void) {
    char line[32];
    printf("in\n");
    fflush(stdout);
    if (!fgets(line, sizeof line, stdin)) errx(1, "there is no new server");
    server = atoi(line);
    for (long i = 0; i < members; i++) {
        if (states[i].opened) close_connection(&all[i]);
        states[i].opened = all[i].in = false;
        states[i].failures = 0;
        states[i].again = now() + jitter * drand48();
    }
    in = tries = 0;
    restarted = true;
    begun = now();
}

static double come_back(void) {
    while (in < members && now() < begun + patience) {
        enter_due(members);
        say_due();
        turn(1);
    }
    wait_for_all(now() + patience);
    return last_back - begun;
}

/* The start and the end. */

static void read_options(int count, char **values) {
    for (int option; (option = getopt(count, values, "p:en:r:R:j:t:")) != -1;) {
        switch (option) {
            case 'p': port = atoi(optarg); break;
            case 'e': encrypted = true; break;
            case 'n': members = atol(optarg); break;
            case 'r': rooms = atoi(optarg); break;
            case 'R': rate = atof(optarg); break;
            case 'j': jitter = atof(optarg); break;
            case 't': patience = atof(optarg); break;
            default: exit(1);
        }
    }
    if (rooms < 1 || rooms > members || rate <= 0) errx(1, "that makes no sense");
}

static void begin(void) {
    begin_loop();
    all = calloc(members, sizeof *all);
    states = calloc(members, sizeof *states);
    said_in = calloc(rooms, sizeof *said_in);
    due = calloc(BEFORE * rooms + 2 * patience * rate, sizeof *due);
    for (long i = 0; i < members; i++) {
        all[i].room = i % rooms;
        all[i].lost = true;
        all[i].number = i;
        sprintf(all[i].name, "m%ld", i);
    }
}

int main(int count, char **values) {
    read_options(count, values);
    begin();
    log_in();
    restart();
    double busy = own_cpu(), served = cpu_of(server), begin = now(), back_s = come_back(), took = now() - begin;
    bool complete = in == members && all_have() && !wrong;
    printf("{\"members\": %ld, \"rooms\": %d, \"back\": %ld, \"back_s\": %.3f, \"tries\": %ld, \"wrong\": %ld, \"messages\": %ld, "
           "\"live\": %ld, \"live_p50_ms\": %.3f, \"live_p99_ms\": %.3f, \"live_longest_ms\": %.3f, \"load_cpu\": %.2f, "
           "\"server_cpu\": %.2f}\n",
           members, rooms, in, back_s, tries, wrong, said - (long)BEFORE * rooms, live.count, percentile(&live, 0.5),
           percentile(&live, 0.99), longest * 1e3, (own_cpu() - busy) / took, (cpu_of(server) - served) / took);
    return complete ? 0 : 2;
}
