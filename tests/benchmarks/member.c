#define _GNU_SOURCE
#include "member.h"

#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define LONGEST (2 << 20)      /* bytes of a line, at most */
#define CHUNK (256 << 10)      /* bytes that one read brings, at most */
#define RECORDS (64 << 10)     /* bytes of TLS records that one read brings, at most */

int port;
bool encrypted;
double arrived;
size_t received;

static int loop;
#ifdef TLS
static SSL_CTX *context;
#endif

double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec * 1e-9;
}

/* Bytes out and in. */

static void lose(struct member *m) {
    if (m->lost) return;
    m->lost = true;
    close_connection(m);
    lost_connection(m);
}

#ifdef TLS
static int why_not(struct member *m, int done) {
    int why = SSL_get_error(m->tls, done);
    m->blocked = why == SSL_ERROR_WANT_WRITE;
    return why == SSL_ERROR_WANT_WRITE || why == SSL_ERROR_WANT_READ ? EAGAIN : EPIPE;
}
#endif

/* As send and recv: -1 with EAGAIN where it would block, 0 from `take` at the end. */
static ssize_t give(struct member *m, const char *data, size_t size) {
#ifdef TLS
    if (m->tls) {
        int done = SSL_write(m->tls, data, size);
        if (done > 0) m->blocked = (size_t)done < size;
        else errno = why_not(m, done);
        return done > 0 ? done : -1;
    }
#endif
    ssize_t done = send(m->socket, data, size, MSG_NOSIGNAL | MSG_DONTWAIT);
    m->blocked = done < (ssize_t)size;
    return done;
}

static ssize_t take(struct member *m, char *to, size_t size) {
#ifdef TLS
    if (m->tls) {
        int done = SSL_read(m->tls, to, size);
        if (done <= 0) errno = why_not(m, done);
        return done > 0 ? done : errno == EAGAIN ? -1 : 0;
    }
#endif
    return recv(m->socket, to, size, MSG_DONTWAIT);
}

/* Whether there is more than epoll knows of: of TLS, only what is in a buffer already. */
static bool has_more(struct member *m, ssize_t got) {
#ifdef TLS
    if (m->tls) return SSL_has_pending(m->tls);
#endif
    (void)m;
    return got == CHUNK;
}

static void watch(struct member *m) {
    struct epoll_event e = { .events = EPOLLIN | (m->blocked ? EPOLLOUT : 0), .data.ptr = m };
    epoll_ctl(loop, EPOLL_CTL_MOD, m->socket, &e);
}

void tell(struct member *m, const char *data, size_t size) {
    if (m->lost) return;
    if (!m->queue.size) {
        ssize_t done = give(m, data, size);
        if (done == (ssize_t)size) return;
        if (done < 0 && errno != EAGAIN) { lose(m); return; }
        if (done > 0) data += done, size -= done;
        if (m->blocked) watch(m);
    }
    m->queue.at = realloc(m->queue.at, m->queue.size + size);
    memcpy(m->queue.at + m->queue.size, data, size);
    m->queue.size += size;
}

static void drain(struct member *m) {
    bool before = m->blocked;
    ssize_t done = give(m, m->queue.at, m->queue.size);
    if (done < 0 && errno != EAGAIN) { lose(m); return; }
    if (done > 0) memmove(m->queue.at, m->queue.at + done, m->queue.size -= done);
    if (m->blocked != before) watch(m);
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
        for (char *from = end; (next = memchr(from, '\n', end + got - from)); line = from = next + 1) {
            received_line(m, line, next - line);
            if (m->lost) return;
        }
        end += got;
        if (!keep(m, line, end - line)) { lose(m); return; }
    } while (has_more(m, got));
}

bool turn(int milliseconds) {
    struct epoll_event events[256];
    int count = epoll_wait(loop, events, 256, milliseconds);
    for (int i = 0; i < count; i++) {
        struct member *m = events[i].data.ptr;
        if (events[i].events & ~EPOLLOUT) listen_to(m);
        if (m->queue.size && !m->lost) drain(m);  /* the end of a handshake lets it out, too */
        else if (m->blocked && !m->lost) m->blocked = false, watch(m);
    }
    return count > 0;
}

/* Connections. */

void open_connection(struct member *m, in_addr_t address) {
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    struct sockaddr_in from = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(address) };
    int one = 1;
    m->lost = m->in = m->blocked = false;
    m->rest.size = m->queue.size = 0;
    m->socket = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (m->socket < 0) err(1, "%s", m->name);
    setsockopt(m->socket, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
    setsockopt(m->socket, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (bind(m->socket, (void *)&from, sizeof from) || connect(m->socket, (void *)&to, sizeof to)) err(1, "%s", m->name);
    struct epoll_event e = { .events = EPOLLIN, .data.ptr = m };
    epoll_ctl(loop, EPOLL_CTL_ADD, m->socket, &e);
#ifdef TLS
    if (!encrypted) return;
    int on = 1;
    ioctl(m->socket, FIONBIO, &on);
    m->tls = SSL_new(context);
    SSL_set_fd(m->tls, m->socket);
    SSL_set_connect_state(m->tls);
#endif
}

void close_connection(struct member *m) {
#ifdef TLS
    SSL_free(m->tls);
    m->tls = NULL;
#endif
    close(m->socket);
}

void begin_loop(void) {
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    signal(SIGPIPE, SIG_IGN);
    loop = epoll_create1(EPOLL_CLOEXEC);
#ifdef TLS
    context = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_read_ahead(context, 1);  /* one call reads many records, as one recv reads many lines */
    SSL_CTX_set_default_read_buffer_len(context, RECORDS);
#else
    if (encrypted) errx(1, "it was built without TLS");
#endif
}

/* Processes. */

long memory_of(int pid) {
    char path[64], line[256];
    long kib = 0;
    sprintf(path, "/proc/%d/status", pid);
    FILE *status = pid ? fopen(path, "r") : NULL;
    while (status && fgets(line, sizeof line, status)) sscanf(line, "VmRSS: %ld", &kib);
    if (status) fclose(status);
    return kib;
}

double cpu_of(int pid) {
    clockid_t clock;
    struct timespec t;
    if (!pid || clock_getcpuclockid(pid, &clock) || clock_gettime(clock, &t)) return 0;
    return t.tv_sec + t.tv_nsec * 1e-9;
}

double user_cpu_of(int pid) {
    char path[64], line[512];
    unsigned long ticks = 0;
    sprintf(path, "/proc/%d/stat", pid);
    FILE *stat = pid ? fopen(path, "r") : NULL;
    if (stat && fgets(line, sizeof line, stat))
        sscanf(strrchr(line, ')') + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu", &ticks);
    if (stat) fclose(stat);
    return (double)ticks / sysconf(_SC_CLK_TCK);
}

double family_cpu(int pid) {
    char path[64], line[512];
    double sum = cpu_of(pid);
    unsigned long user = 0, system = 0;  /* of children that have ended */
    sprintf(path, "/proc/%d/stat", pid);
    FILE *file = pid ? fopen(path, "r") : NULL;
    if (file && fgets(line, sizeof line, file))
        sscanf(strrchr(line, ')') + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %lu %lu", &user, &system);
    if (file) fclose(file);
    sum += (double)(user + system) / sysconf(_SC_CLK_TCK);
    sprintf(path, "/proc/%d/task/%d/children", pid, pid);
    file = pid ? fopen(path, "r") : NULL;
    for (int child; file && fscanf(file, "%d", &child) == 1;) sum += cpu_of(child);
    if (file) fclose(file);
    return sum;
}

double own_cpu(void) {
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    return used.ru_utime.tv_sec + used.ru_stime.tv_sec + (used.ru_utime.tv_usec + used.ru_stime.tv_usec) * 1e-6;
}
