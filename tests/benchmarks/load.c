/*
 * The load: the members of a chat, in one epoll loop. They log in, some of them speak, and all are listened to.
 *
 *     load -p PORT... -w baseline|threads|plain|json|irc|websocket|event-stream [-e] [-n members] [-s speakers] [-r rooms] [-m messages] [-b bytes]
 *          [-W window | -R rate] [-t seconds] [-g PID...] [-G PID] [-d devices -P password]
 *
 *     -p  the server's port; of several nodes, that of each: members take turns among them
 *     -e  TLS
 *     -W  a closed loop: so many messages are on their way, and the next is said when one has reached everybody (throughput)
 *     -R  an open loop: so many are said a second, come what may; a message's time runs from when it was due (latency)
 *     -t  at most so long for logging in, and as long again for speaking
 *     -g  the server's process, or that of each node: their memory is noted before anyone comes and when all are in, their
 *         CPU time while they speak
 *     -G  the database engine's first process: the CPU time of all its processes is noted while they speak
 *     -d  connections of one name; then every name is registered, with this password
 *
 * Member i is in room i % rooms, and the speakers take turns. Where members read event streams, these are on the JSON wire.
 *
 * Prints one line of JSON. Exit status: 0 where every message has reached every receiver once, 2 where not, 1 where it could
 * not begin.
 */
#define _GNU_SOURCE
#include "histogram.h"
#include "wires.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define PENDING 1000           /* members that are logging in at any time, */
#define PENDING_TLS 50         /* or over TLS, where a server may limit handshakes that are not done, */
#define PENDING_POSTS 50       /* or by POST, one after the other, */
#define PENDING_PASSWORD 4     /* or with passwords, which a server may take for guesses while they are checked */
#define ADDRESS 5000           /* members from one address, so that its ports don't run out */

#define NODES 16

static int rooms = 1, devices = 1, text_bytes = 80, window = 64, engine;
static int ports[NODES], nodes, servers[NODES], processes;
static long members = 100, speakers = 10, messages = 1000;
static double rate, patience = 120;

static struct member *all;
static long in, lost;           /* members */
static struct histogram singles, lasts;
static struct message { double due, last; long left; } *sent;
static long said, complete, delivered, surplus;

void lost_connection(struct member *m) {
    (void)m;
    lost++;
}

void received_line(struct member *m, const char *line, size_t size) {
    long number = number_in(line, size);
    if (number < 0) {
        if (!m->in) in += logs_in(m, line, size);
        answer_ping(m, line, size);
        return;
    }
    if (number >= said) return;  /* it was stored before we came */
    struct message *message = &sent[number];
    if (!message->left) { surplus++; return; }
    double took = arrived - message->due;
    note(&singles, took);
    delivered++;
    if (took > message->last) message->last = took;
    if (!--message->left) {
        note(&lasts, message->last);
        complete++;
    }
}

/* Logging in. */

static void enter(long i) {
    struct member *m = &all[i];
    m->room = i % rooms;
    m->number = i;
    m->direct = i < speakers;
    sprintf(m->name, "m%ld", i / devices);
    port = ports[i % nodes];
    open_connection(m, INADDR_LOOPBACK + 1 + i / ADDRESS);
    hello(m, NULL);
}

static double all_enter(void) {
    double begin = now();
    long opened = 0, pending = password ? PENDING_PASSWORD : encrypted ? PENDING_TLS : wire == EVENT_STREAM ? PENDING_POSTS : PENDING;
    while (in < members && !lost && now() - begin < patience) {
        while (opened < members && opened - in < pending) {
            enter(opened++);
            turn(0);
        }
        turn(10);
    }
    double took = now() - begin;
    if (in < members) errx(1, "%ld of %ld came in, %ld of them are lost", in, members, lost);
    int quiet = members < 200 ? 50 : 400;  /* milliseconds: to a big room news of who comes may be told with some delay */
    while (turn(quiet) && now() - begin < 2 * patience) continue;
    return took;
}

/* Speaking. */

static bool goes_on(double until) { return complete < messages && !lost && now() < until; }

static void say_next(double due) {
    long number = said++;
    sent[number].due = due;
    say(&all[number % speakers], number, text_bytes);
}

static void closed_loop(double begin) {
    while (goes_on(begin + patience)) {
        while (said < messages && said - complete < window) say_next(now());
        turn(20);
    }
}

static void open_loop(double begin) {
    while (goes_on(begin + patience)) {
        for (double t = now(); said < messages && begin + said / rate <= t;) say_next(begin + said / rate);
        double wait = said < messages ? begin + said / rate - now() : 0.02;
        turn(wait > 0 ? wait * 1e3 : 0);  /* in whole milliseconds, and what is left of one in turns that don't wait */
    }
}

/* The nodes' processes. */

static long memory(void) {
    long sum = 0;
    for (int i = 0; i < processes; i++) sum += memory_of(servers[i]);
    return sum;
}

static double cpu(double of(int)) {
    double sum = 0;
    for (int i = 0; i < processes; i++) sum += of(servers[i]);
    return sum;
}

/* The start and the end. */

static int *next_of(int *list, int *count) {
    if (*count == NODES) errx(1, "too many nodes");
    return &list[(*count)++];
}

static long expect(void) {
    long expected = 0;
    sent = calloc(messages, sizeof *sent);
    for (long k = 0; k < messages; k++) {
        long room = k % speakers % rooms;
        sent[k].left = members / rooms + (room < members % rooms) - !hears_itself();
        expected += sent[k].left;
    }
    return expected;
}

static void read_options(int count, char **values) {
    for (int option; (option = getopt(count, values, "p:w:en:s:r:m:b:W:R:t:g:G:d:P:")) != -1;) {
        switch (option) {
            case 'p': *next_of(ports, &nodes) = atoi(optarg); break;
            case 'w': choose_wire(optarg); break;
            case 'e': encrypted = true; break;
            case 'n': members = atol(optarg); break;
            case 's': speakers = atol(optarg); break;
            case 'r': rooms = atoi(optarg); break;
            case 'm': messages = atol(optarg); break;
            case 'b': text_bytes = atoi(optarg); break;
            case 'W': window = atoi(optarg); break;
            case 'R': rate = atof(optarg); break;
            case 't': patience = atof(optarg); break;
            case 'g': *next_of(servers, &processes) = atoi(optarg); break;
            case 'G': engine = atoi(optarg); break;
            case 'd': devices = atoi(optarg); break;
            case 'P': password = optarg; break;
            default: exit(1);
        }
    }
    if (rooms > 1 && !has_rooms()) errx(1, "rooms are for json and irc");
    if (devices < 1 || (devices > 1 && wire != JSON)) errx(1, "devices are for json");
    if (!nodes || (nodes > 1 && wire == EVENT_STREAM)) errx(1, "needs a port, and only one where members read event streams");
    if (rooms < 1 || speakers < 1 || speakers > members || messages < 1 || window < 1) errx(1, "that makes no sense");
}

int main(int count, char **values) {
    read_options(count, values);
    begin_loop();
    all = calloc(members, sizeof *all);
    long expected = expect(), memory_before = memory();
    double join_s = all_enter();
    long memory_in = memory();

    received = 0;
    double start = now(), busy = own_cpu(), served = cpu(cpu_of), user = cpu(user_cpu_of), stored = family_cpu(engine);
    (rate > 0 ? open_loop : closed_loop)(start);
    double took = now() - start;
    busy = own_cpu() - busy;
    served = cpu(cpu_of) - served;
    user = cpu(user_cpu_of) - user;
    stored = family_cpu(engine) - stored;
    turn(200);

    printf("{\"members\": %ld, \"rooms\": %d, \"join_s\": %.3f, \"messages\": %ld, \"elapsed_s\": %.4f, \"deliveries_s\": %.0f, "
           "\"missing\": %ld, \"surplus\": %ld, \"lost\": %ld, \"p50_ms\": %.3f, \"p99_ms\": %.3f, \"last_p50_ms\": %.3f, "
           "\"last_p99_ms\": %.3f, \"received_mb_s\": %.1f, \"load_cpu\": %.2f, \"server_cpu\": %.2f, \"cpu_us\": %.3f, "
           "\"user_us\": %.3f, \"engine_us\": %.3f, \"memory_before_kib\": %ld, \"memory_in_kib\": %ld, \"memory_talked_kib\": %ld}\n",
           members, rooms, join_s, messages, took, delivered / took, expected - delivered, surplus, lost,
           percentile(&singles, 0.5), percentile(&singles, 0.99), percentile(&lasts, 0.5), percentile(&lasts, 0.99),
           received / took / 1e6, busy / took, served / took, served * 1e6 / delivered, user * 1e6 / delivered, stored * 1e6 / delivered,
           memory_before, memory_in, memory());
    return delivered == expected && !surplus ? 0 : 2;
}
