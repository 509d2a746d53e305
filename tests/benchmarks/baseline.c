/*
 * The epoll baseline: how fast the kernel lets one core deliver each message to each member.
 *
 *     baseline PORT [CERTIFICATE]
 *
 * One epoll loop. With a certificate (a file in PEM, with its key), every connection speaks TLS. The first line of a connection is its name; all else that came in during a turn is put together, and goes to
 * everyone in one send. It keeps nothing, checks nothing and waits for nobody: who does not read fast enough is cut off.
 *
 * One that begins with "{" gets lines as long as those of the JSON wire, with all that has to be in them.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#ifdef TLS
#include <openssl/ssl.h>
static SSL_CTX *context;       /* NULL: without TLS */
#endif

#define MEMBERS 65536
#define LINE 8192              /* bytes of a line, at most */
#define NAME 32
#define BUFFER (4 << 20)       /* bytes that the kernel may hold for one member */

struct member {
    int socket, seat, json;
    size_t name_size, rest_size;
    char name[NAME + 2], rest[LINE];
#ifdef TLS
    SSL *tls;
#endif
};

static struct member *seats[MEMBERS];
static int taken, loop;
static char *turn;              /* what was said in this turn */
static size_t turn_size, turn_room;

static void add(const char *data, size_t size) {
    if (turn_size + size > turn_room) turn = realloc(turn, turn_room = 2 * (turn_size + size));
    memcpy(turn + turn_size, data, size);
    turn_size += size;
}

/* As send and recv. */

static ssize_t give(struct member *m, const char *data, size_t size) {
#ifdef TLS
    if (m->tls) return SSL_write(m->tls, data, size);
#endif
    return send(m->socket, data, size, MSG_NOSIGNAL);
}

static ssize_t take(struct member *m, char *to, size_t size) {
#ifdef TLS
    if (m->tls) {
        int done = SSL_read(m->tls, to, size);
        errno = done <= 0 && SSL_get_error(m->tls, done) == SSL_ERROR_WANT_READ ? EAGAIN : 0;
        return done > 0 ? done : errno ? -1 : 0;
    }
#endif
    return recv(m->socket, to, size, 0);
}

static void encrypt(struct member *m) {
#ifdef TLS
    if (!context) return;
    m->tls = SSL_new(context);
    SSL_set_fd(m->tls, m->socket);
    SSL_set_accept_state(m->tls);
#else
    (void)m;
#endif
}

static void use_certificate(const char *path) {
#ifdef TLS
    context = SSL_CTX_new(TLS_server_method());
    if (SSL_CTX_use_certificate_chain_file(context, path) != 1
        || SSL_CTX_use_PrivateKey_file(context, path, SSL_FILETYPE_PEM) != 1) errx(1, "the certificate %s", path);
#else
    errx(1, "%s: it was built without TLS", path);
#endif
}

static void come(int listener) {
    int socket, one = 1, buffer = BUFFER;
    while (taken < MEMBERS && (socket = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
        setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        setsockopt(socket, SOL_SOCKET, SO_SNDBUF, &buffer, sizeof buffer);
        struct member *m = calloc(1, sizeof *m);
        m->socket = socket;
        m->seat = taken;
        encrypt(m);
        seats[taken++] = m;
        struct epoll_event e = { .events = EPOLLIN, .data.ptr = m };
        epoll_ctl(loop, EPOLL_CTL_ADD, socket, &e);
    }
}

static void go(struct member *m) {
    seats[m->seat] = seats[--taken];
    seats[m->seat]->seat = m->seat;
#ifdef TLS
    SSL_free(m->tls);
#endif
    close(m->socket);
    free(m);
}

/* The text comes last in what is said, and in what is told of it. */
static void hear_json(struct member *m, const char *line, size_t size) {
    static long id;
    char start[160];
    const char *text = memmem(line, size, "\"text\":", 7);
    if (!text) return;
    add(start, sprintf(start, "{\"type\":\"message\",\"room\":\"r0\",\"id\":%ld,\"at\":\"2026-01-01T00:00:00.000Z\",\"from\":\"%s\",",
                       ++id, m->name));
    add(text, line + size - text);
}

static void come_in_json(struct member *m, const char *line, size_t size) {
    static const char in[] = "{\"type\":\"catchup\",\"room\":\"r0\",\"through\":0}\n";
    const char *name = memmem(line, size, "\"name\":\"", 8), *end = name ? memchr(name + 8, '"', line + size - name - 8) : NULL;
    if (!end || end - name - 8 > NAME) return;
    m->json = 1;
    m->name_size = end - name - 8;
    memcpy(m->name, name + 8, m->name_size);
    give(m, in, sizeof in - 1);
}

/* A line, with its LF. */
static void hear(struct member *m, const char *line, size_t size) {
    if (m->json) { hear_json(m, line, size); return; }
    if (m->name_size) {
        add(m->name, m->name_size);
        add(line, size);
        return;
    }
    if (*line == '{') { come_in_json(m, line, size); return; }
    m->name_size = size - 1 < NAME ? size - 1 : NAME;
    memcpy(m->name, line, m->name_size);
    memcpy(m->name + m->name_size, ": ", 2);
    m->name_size += 2;
    give(m, "* welcome\n", 10);
}

static void listen_to(struct member *m) {
    static char buffer[LINE + 65536];
    memcpy(buffer, m->rest, m->rest_size);
    ssize_t got = take(m, buffer + m->rest_size, 65536);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) { go(m); return; }
    char *line = buffer, *end = buffer + m->rest_size + got, *next;
    for (; (next = memchr(line, '\n', end - line)); line = next + 1) hear(m, line, next + 1 - line);
    m->rest_size = end - line < LINE ? end - line : 0;
    memcpy(m->rest, line, m->rest_size);
}

static void tell_all(void) {
    for (int i = 0; i < taken; i++)
        if (seats[i]->name_size && give(seats[i], turn, turn_size) != (ssize_t)turn_size)
            shutdown(seats[i]->socket, SHUT_RDWR);
    turn_size = 0;
}

int main(int count, char **values) {
    if (count != 2 && count != 3) errx(1, "usage: baseline PORT [CERTIFICATE]");
    if (count == 3) use_certificate(values[2]);
    signal(SIGPIPE, SIG_IGN);
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);

    int one = 1, listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    struct sockaddr_in here = {
        .sin_family = AF_INET, .sin_port = htons(atoi(values[1])), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)
    };
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(listener, (void *)&here, sizeof here) || listen(listener, 4096)) err(1, "port %s", values[1]);

    loop = epoll_create1(0);
    struct epoll_event e = { .events = EPOLLIN }, events[256];
    epoll_ctl(loop, EPOLL_CTL_ADD, listener, &e);
    for (;;) {
        int ready = epoll_wait(loop, events, 256, -1);
        for (int i = 0; i < ready; i++) {
            if (events[i].data.ptr) listen_to(events[i].data.ptr);
            else come(listener);
        }
        if (turn_size) tell_all();
    }
}
