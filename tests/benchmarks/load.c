/*
 * The load: the members of a chat, in one epoll loop. They come in, some of them speak, and all are listened to.
 *
 *     load -p PORT -w baseline|threads|plain|json|tls|irc [-n members] [-s speakers] [-r rooms] [-m messages] [-b bytes]
 *          [-W window | -R rate] [-t seconds] [-g PID]
 *
 *     -W  a closed loop: so many messages are on their way, and the next is said when one has reached everybody (throughput)
 *     -R  an open loop: so many are said a second, come what may; a message's time runs from when it was due (latency)
 *     -t  at most so long for coming in, and as long again for speaking
 *     -g  the server's process: its memory is noted before anyone comes and when all are in
 *
 * Member i is in room i % rooms, and the speakers take turns. Every text begins with "^" and the message's number in hex: so a
 * delivery is known by its text, on any wire.
 *
 * Prints one line of JSON. Exit status: 0 where every message has reached every receiver once, 2 where not, 1 where it could
 * not begin.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#ifdef TLS
#include <openssl/ssl.h>
static SSL_CTX *tls;
#endif

#define LONGEST (2 << 20)      /* bytes of a line, at most */
#define CHUNK (256 << 10)      /* bytes that one read brings, at most */
#define TEXT 4096
#define DOOR 1000              /* members that are coming in at any time */
#define ADDRESS 5000           /* members from one address, so that its ports don't run out */

enum wire { BASELINE, THREADS, PLAIN, JSON, OVER_TLS, IRC };
static const char *wires[] = { "baseline", "threads", "plain", "json", "tls", "irc", NULL };

struct bytes { char *at; size_t size; };

struct member {
    int socket, room;
    bool in, lost;
    char name[16];
    long said;
    struct bytes rest;          /* of a line that has not ended */
    struct bytes queue;         /* what the kernel did not take yet */
#ifdef TLS
    SSL *tls;
#endif
};

static enum wire wire = JSON;
static int port, rooms = 1, text_bytes = 80, window = 64, server;
static long members = 100, speakers = 10, messages = 1000;
static double rate, patience = 120;

static struct member *all;
static long in, lost;           /* members */
static int loop;

static struct message { double due, last; long left; } *sent;
static long said, complete, delivered, surplus;
static double arrived;          /* when what is being read came */
static size_t received;

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec * 1e-9;
}

/* Times, in a histogram of microseconds: 128 steps for each doubling, so that a percentile is right within a hundredth. */

#define STEPS 128
struct histogram { long count, of[STEPS * 60]; };
static struct histogram singles, lasts;

static void note(struct histogram *h, double seconds) {
    unsigned long us = seconds > 0 ? seconds * 1e6 : 0;
    int doublings = us < 2 * STEPS ? 0 : 63 - __builtin_clzl(us) - 7;
    h->of[doublings * STEPS + (us >> doublings)]++;
    h->count++;
}

static double percentile(const struct histogram *h, double share) {
    long wanted = h->count * share, seen = 0;
    int i = 0;
    while (i < STEPS * 60 - 1 && (seen += h->of[i]) <= wanted) i++;
    int doublings = i < 2 * STEPS ? 0 : i / STEPS - 1;
    return ((unsigned long)(i - doublings * STEPS) << doublings) / 1e3;  /* milliseconds */
}

/* Bytes out and in. */

static void lose(struct member *m) {
    if (m->lost) return;
    m->lost = true;
    lost++;
    epoll_ctl(loop, EPOLL_CTL_DEL, m->socket, NULL);
}

/* As send and recv: -1 with EAGAIN where it would block, 0 from `take` at the end. */
static ssize_t give(struct member *m, const char *data, size_t size) {
#ifdef TLS
    if (m->tls) {
        int done = SSL_write(m->tls, data, size), why = done > 0 ? 0 : SSL_get_error(m->tls, done);
        errno = why == SSL_ERROR_WANT_WRITE || why == SSL_ERROR_WANT_READ ? EAGAIN : EPIPE;
        return done > 0 ? done : -1;
    }
#endif
    return send(m->socket, data, size, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static ssize_t take(struct member *m, char *to, size_t size) {
#ifdef TLS
    if (m->tls) {
        int done = SSL_read(m->tls, to, size), why = done > 0 ? 0 : SSL_get_error(m->tls, done);
        errno = EAGAIN;
        return done > 0 ? done : why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE ? -1 : 0;
    }
#endif
    return recv(m->socket, to, size, MSG_DONTWAIT);
}

static void watch(struct member *m, unsigned events) {
    struct epoll_event e = { .events = events, .data.ptr = m };
    epoll_ctl(loop, EPOLL_CTL_MOD, m->socket, &e);
}

static void tell(struct member *m, const char *data, size_t size) {
    if (m->lost) return;
    if (!m->queue.size) {
        ssize_t done = give(m, data, size);
        if (done == (ssize_t)size) return;
        if (done < 0 && errno != EAGAIN) { lose(m); return; }
        if (done > 0) data += done, size -= done;
        watch(m, EPOLLIN | EPOLLOUT);
    }
    m->queue.at = realloc(m->queue.at, m->queue.size + size);
    memcpy(m->queue.at + m->queue.size, data, size);
    m->queue.size += size;
}

static void drain(struct member *m) {
    ssize_t done = give(m, m->queue.at, m->queue.size);
    if (done < 0) {
        if (errno != EAGAIN) lose(m);
        return;
    }
    memmove(m->queue.at, m->queue.at + done, m->queue.size -= done);
    if (!m->queue.size) watch(m, EPOLLIN);
}

/* The wires: what one says to come in, to answer a ping, and to speak; and how one knows that one is in. */

static void hello(struct member *m) {
    char line[256];
    int size;
    switch (wire) {
        case JSON:
        case OVER_TLS:
            size = sprintf(line, "{\"type\":\"hello\",\"name\":\"%s\",\"client\":\"load-%08d-%s\",\"rooms\":{\"r%d\":null}}\n",
                           m->name, getpid(), m->name, m->room);
            break;
        case IRC: size = sprintf(line, "NICK %s\r\nUSER %s 0 * :%s\r\n", m->name, m->name, m->name); break;
        default: size = sprintf(line, "%s\n", m->name);
    }
    tell(m, line, size);
}

static void say(double due) {
    struct member *m = &all[said % speakers];
    static char text[TEXT + 1], line[2 * TEXT];
    int size;
    if (!text[0]) memset(text, 'x', text_bytes);
    char number[10];
    sprintf(number, "^%08lx", said);
    memcpy(text, number, 9);
    switch (wire) {
        case JSON:
        case OVER_TLS:
            size = sprintf(line, "{\"type\":\"say\",\"room\":\"r%d\",\"n\":%ld,\"text\":\"%s\"}\n", m->room, ++m->said, text);
            break;
        case IRC: size = sprintf(line, "PRIVMSG #r%d :%s\r\n", m->room, text); break;
        default: size = sprintf(line, "%s\n", text);
    }
    sent[said++].due = due;
    tell(m, line, size);
}

static bool has(const char *line, size_t size, const char *what) {
    return memmem(line, size, what, strlen(what)) != NULL;
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

/* A line to one who is still coming in. */
static void received_outside(struct member *m, const char *line, size_t size) {
    if (wire == IRC && has(line, size, " 001 ")) {
        char join[32];
        tell(m, join, sprintf(join, "JOIN #r%d\r\n", m->room));
    } else if (is_in(line, size)) {
        m->in = true;
        in++;
    } else if (has(line, size, "\"type\":\"error\"") || has(line, size, "\"type\":\"bye\"") || has(line, size, "ERROR")
               || has(line, size, " 433 ") || (wire == PLAIN && *line == '!')) {
        warnx("%s was told: %.*s", m->name, (int)size, line);
    }
}

static void answer_ping(struct member *m, const char *line, size_t size) {
    char answer[128];
    if (wire == IRC && size > 5 && !memcmp(line, "PING ", 5))
        tell(m, answer, snprintf(answer, sizeof answer, "PONG%.*s\r\n", (int)(size > 100 ? 100 : size - 4), line + 4));
    else if (size > 15 && !memcmp(line, "{\"type\":\"ping\"", 14))
        tell(m, "{\"type\":\"pong\"}\n", 16);
}

static void received_line(struct member *m, const char *line, size_t size) {
    const char *mark = memchr(line, '^', size);
    if (!mark || line + size < mark + 9) {
        if (!m->in) received_outside(m, line, size);
        answer_ping(m, line, size);
        return;
    }
    long number = 0;
    for (int i = 1; i <= 8; i++) number = number << 4 | (mark[i] <= '9' ? mark[i] - '0' : mark[i] - 'a' + 10);
    if (number < 0 || number >= said) return;  /* it was stored before we came */
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

/* Keep a line that has not ended until more comes. */
static bool keep(struct member *m, const char *line, size_t size) {
    m->rest.size = size;
    if (!size || size > LONGEST) return !size;
    m->rest.at = realloc(m->rest.at, size);
    memcpy(m->rest.at, line, size);
    return true;
}

static void listen_to(struct member *m) {
    static char buffer[LONGEST + CHUNK];
    ssize_t got;
    do {
        if (m->rest.size) memcpy(buffer, m->rest.at, m->rest.size);
        char *line = buffer, *end = buffer + m->rest.size, *next;
        got = take(m, end, CHUNK);
        if (got < 0 && errno == EAGAIN) return;
        if (got <= 0) { lose(m); return; }
        received += got;
        arrived = now();
        for (char *from = end; (next = memchr(from, '\n', end + got - from)); line = from = next + 1)
            received_line(m, line, next - line);
        end += got;
        if (!keep(m, line, end - line)) { lose(m); return; }
    } while (got == CHUNK || wire == OVER_TLS);  /* TLS may hold back what epoll doesn't know of */
}

/* One turn of the loop. Returns whether anything happened. */
static bool turn(int milliseconds) {
    struct epoll_event events[256];
    int count = epoll_wait(loop, events, 256, milliseconds);
    for (int i = 0; i < count; i++) {
        struct member *m = events[i].data.ptr;
        if (events[i].events & EPOLLOUT) drain(m);
        if (events[i].events & ~EPOLLOUT) listen_to(m);
    }
    return count > 0;
}

/* Coming in. */

static void encrypt(struct member *m) {
#ifdef TLS
    if (wire != OVER_TLS) return;
    m->tls = SSL_new(tls);
    SSL_set_fd(m->tls, m->socket);
    if (SSL_connect(m->tls) != 1) errx(1, "%s: no TLS here", m->name);
#else
    (void)m;
#endif
}

static void enter(long i) {
    struct member *m = &all[i];
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    struct sockaddr_in from = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1 + i / ADDRESS) };
    int one = 1;
    m->room = i % rooms;
    sprintf(m->name, "m%ld", i);
    m->socket = socket(AF_INET, SOCK_STREAM, 0);
    if (m->socket < 0) err(1, "%s", m->name);
    setsockopt(m->socket, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
    setsockopt(m->socket, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (bind(m->socket, (void *)&from, sizeof from) || connect(m->socket, (void *)&to, sizeof to)) err(1, "%s", m->name);
    encrypt(m);
    fcntl(m->socket, F_SETFL, O_NONBLOCK);
    struct epoll_event e = { .events = EPOLLIN, .data.ptr = m };
    epoll_ctl(loop, EPOLL_CTL_ADD, m->socket, &e);
    hello(m);
}

static double all_enter(void) {
    double begin = now();
    long opened = 0;
    while (in < members && !lost && now() - begin < patience) {
        while (opened < members && opened - in < DOOR) {
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

static void closed_loop(double begin) {
    while (goes_on(begin + patience)) {
        while (said < messages && said - complete < window) say(now());
        turn(20);
    }
}

static void open_loop(double begin) {
    while (goes_on(begin + patience)) {
        for (double t = now(); said < messages && begin + said / rate <= t;) say(begin + said / rate);
        double wait = said < messages ? begin + said / rate - now() : 0.02;
        turn(wait > 0 ? wait * 1e3 : 0);  /* in whole milliseconds, and what is left of one in turns that don't wait */
    }
}

/* The start and the end. */

static void expect(void) {
    bool echo = wire == BASELINE || wire == JSON || wire == OVER_TLS;  /* whether one hears oneself */
    sent = calloc(messages, sizeof *sent);
    for (long k = 0; k < messages; k++) {
        long room = k % speakers % rooms;
        sent[k].left = members / rooms + (room < members % rooms) - !echo;
    }
}

static long memory(void) {
    char path[64], line[256];
    long kib = 0;
    sprintf(path, "/proc/%d/status", server);
    FILE *status = server ? fopen(path, "r") : NULL;
    while (status && fgets(line, sizeof line, status)) sscanf(line, "VmRSS: %ld", &kib);
    if (status) fclose(status);
    return kib;
}

static void read_options(int count, char **values) {
    for (int option; (option = getopt(count, values, "p:w:n:s:r:m:b:W:R:t:g:")) != -1;) {
        switch (option) {
            case 'p': port = atoi(optarg); break;
            case 'w':
                for (wire = 0; wires[wire] && strcmp(wires[wire], optarg);) wire++;
                if (!wires[wire]) errx(1, "there is no wire \"%s\"", optarg);
                break;
            case 'n': members = atol(optarg); break;
            case 's': speakers = atol(optarg); break;
            case 'r': rooms = atoi(optarg); break;
            case 'm': messages = atol(optarg); break;
            case 'b': text_bytes = atoi(optarg); break;
            case 'W': window = atoi(optarg); break;
            case 'R': rate = atof(optarg); break;
            case 't': patience = atof(optarg); break;
            case 'g': server = atoi(optarg); break;
            default: exit(1);
        }
    }
    if (text_bytes < 9 || text_bytes > TEXT) errx(1, "a text has 9 to %d bytes", TEXT);
    if (rooms > 1 && wire != JSON && wire != OVER_TLS && wire != IRC) errx(1, "rooms are for json, tls and irc");
    if (rooms < 1 || speakers < 1 || speakers > members || messages < 1 || window < 1) errx(1, "that makes no sense");
#ifndef TLS
    if (wire == OVER_TLS) errx(1, "it was built without TLS");
#endif
}

static void begin(void) {
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    signal(SIGPIPE, SIG_IGN);
    loop = epoll_create1(0);
    all = calloc(members, sizeof *all);
#ifdef TLS
    tls = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_mode(tls, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
#endif
}

static double busy(void) {
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    return used.ru_utime.tv_sec + used.ru_stime.tv_sec + (used.ru_utime.tv_usec + used.ru_stime.tv_usec) * 1e-6;
}

int main(int count, char **values) {
    read_options(count, values);
    begin();
    expect();
    long expected = 0;
    for (long k = 0; k < messages; k++) expected += sent[k].left;

    long memory_before = memory();
    double join_s = all_enter();
    long memory_in = memory();

    received = 0;
    double start = now(), busy_before = busy();
    (rate > 0 ? open_loop : closed_loop)(start);
    double took = now() - start;

    printf("{\"members\": %ld, \"rooms\": %d, \"join_s\": %.3f, \"messages\": %ld, \"elapsed_s\": %.4f, \"deliveries_s\": %.0f, "
           "\"missing\": %ld, \"surplus\": %ld, \"lost\": %ld, \"p50_ms\": %.3f, \"p99_ms\": %.3f, \"last_p50_ms\": %.3f, "
           "\"last_p99_ms\": %.3f, \"received_mb_s\": %.1f, \"load_cpu\": %.2f, \"memory_before_kib\": %ld, "
           "\"memory_in_kib\": %ld}\n",
           members, rooms, join_s, messages, took, delivered / took, expected - delivered, surplus, lost,
           percentile(&singles, 0.5), percentile(&singles, 0.99), percentile(&lasts, 0.5), percentile(&lasts, 0.99),
           received / took / 1e6, (busy() - busy_before) / took, memory_before, memory_in);
    return delivered == expected && !surplus ? 0 : 2;
}
