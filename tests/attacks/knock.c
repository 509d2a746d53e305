/*
 * Knocks at a door: opens connections of one kind at a steady pace, in one epoll loop.
 *
 *     knock -p PORT -k silent|close|half|hello|tls [-r rate] [-t seconds] [-n count] [-o open] [-a addresses] [-f first]
 *
 *     -k  silent  says nothing, and holds the connection until the server closes it
 *         close   closes at once: with a FIN, and every second one with a RST
 *         half    says half a hello, and holds
 *         hello   comes in by a name of its own, and goes as soon as it hears that it is in
 *         tls     says how TLS begins, then nonsense, and holds
 *     -r  so many a second; what can't be opened in time is not made up for
 *     -t  for so long; -n  so many, and a second more for those that are open then; -o  at most so many at any time
 *     -a  from so many addresses in turn, 127.0.0.f and on
 *
 * Prints one line of JSON: connections that were opened, those the server closed, those that failed, the seconds it took. Ends early
 * on SIGTERM.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <netinet/in.h>
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

#define LAST 1.0                /* seconds that the last ones may take */
#define SAVED 0.05              /* seconds of the pace that can be made up for */

enum kind { SILENT, CLOSE, HALF, HELLO, TLS };
static const char *kinds[] = { "silent", "close", "half", "hello", "tls", NULL };

static enum kind kind;
static int port, addresses = 1, first = 2, loop;
static long most = -1, most_open = 18000, opened, closed, failed, open_now;
static double rate = 1000, seconds = 10;
static volatile sig_atomic_t over;

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec * 1e-9;
}

static void stop(int number) {
    (void)number;
    over = 1;
}

/* With a RST: nothing of it is left to wait in the kernel. */
static void reset(int socket) {
    struct linger none = { 1, 0 };
    setsockopt(socket, SOL_SOCKET, SO_LINGER, &none, sizeof none);
    close(socket);
    open_now--;
}

static void say(int socket, long number) {
    char hello[128];
    static const char half[] = "{\"type\":\"hello\",\"na", tls[] = "\x16\x03\x01\x02\x00nonsense";
    int length = 0;
    if (kind == HALF)
        length = (int)send(socket, half, sizeof half - 1, MSG_NOSIGNAL);
    else if (kind == TLS)
        length = (int)send(socket, tls, sizeof tls - 1, MSG_NOSIGNAL);
    else if (kind == HELLO) {
        length = snprintf(hello, sizeof hello, "{\"type\":\"hello\",\"name\":\"k%ld\",\"rooms\":{\"knocks\":null}}\n", number);
        length = (int)send(socket, hello, length, MSG_NOSIGNAL);
    }
    if (length < 0)
        failed++;
}

static void knock(void) {
    int one = 1, s = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (s < 0)
        err(1, "socket");
    struct sockaddr_in from = { .sin_family = AF_INET }, to = { .sin_family = AF_INET, .sin_port = htons(port) };
    from.sin_addr.s_addr = htonl(INADDR_LOOPBACK - 1 + first + opened % addresses);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(s, SOL_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
    open_now++;
    opened++;
    if (bind(s, (struct sockaddr *)&from, sizeof from) || (connect(s, (struct sockaddr *)&to, sizeof to) && errno != EINPROGRESS)) {
        failed++;
        reset(s);
        return;
    }
    struct epoll_event event = { .events = EPOLLOUT | EPOLLET, .data.u64 = (unsigned)s | (unsigned long long)opened << 32 };
    epoll_ctl(loop, EPOLL_CTL_ADD, s, &event);
}

/* The connection stands now. */
static void stands(int s, unsigned long long mark) {
    if (kind == CLOSE) {
        if (mark >> 32 & 1) {
            close(s);
            open_now--;
        } else
            reset(s);
        return;
    }
    say(s, (long)(mark >> 32));
    struct epoll_event event = { .events = EPOLLIN | EPOLLRDHUP, .data.u64 = mark };
    epoll_ctl(loop, EPOLL_CTL_MOD, s, &event);
}

static void hear(const struct epoll_event *event) {
    char heard[4096];
    int s = (int)(event->data.u64 & 0xffffffff);
    if (event->events & EPOLLOUT && !(event->events & EPOLLERR)) {
        stands(s, event->data.u64);
        return;
    }
    ssize_t length = event->events & EPOLLIN ? recv(s, heard, sizeof heard - 1, 0) : 0;
    if (length > 0 && !(event->events & EPOLLRDHUP)) {
        heard[length] = 0;
        if (kind != HELLO || !strstr(heard, "\"catchup\""))
            return;
    } else if (event->events & EPOLLERR && !(event->events & EPOLLRDHUP))
        failed++;
    else
        closed++;
    reset(s);
}

static void arguments(int count, char **given) {
    for (int option; (option = getopt(count, given, "p:k:r:t:n:o:a:f:")) != -1;)
        switch (option) {
        case 'p': port = atoi(optarg); break;
        case 'k':
            for (kind = 0; kinds[kind] && strcmp(kinds[kind], optarg); kind++);
            if (!kinds[kind])
                errx(1, "no such kind: %s", optarg);
            break;
        case 'r': rate = atof(optarg); break;
        case 't': seconds = atof(optarg); break;
        case 'n': most = atol(optarg); break;
        case 'o': most_open = atol(optarg); break;
        case 'a': addresses = atoi(optarg); break;
        case 'f': first = atoi(optarg); break;
        default: exit(1);
        }
    if (!port)
        errx(1, "where is the door? -p PORT");
}

int main(int count, char **given) {
    arguments(count, given);
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    if (most_open > (long)files.rlim_cur - 16)
        most_open = (long)files.rlim_cur - 16;
    signal(SIGTERM, stop);
    loop = epoll_create1(EPOLL_CLOEXEC);
    double begin = now(), last = begin, all = 0, tokens = 0;
    while (!over && now() - begin < seconds && (!all || (open_now && now() - all < LAST))) {
        struct epoll_event events[256];
        int ready = epoll_wait(loop, events, 256, 1);
        for (int i = 0; i < ready; i++)
            hear(&events[i]);
        double at = now();
        tokens += (at - last) * rate;
        last = at;
        if (tokens > rate * SAVED)
            tokens = rate * SAVED;
        for (; tokens >= 1 && open_now < most_open && (most < 0 || opened < most); tokens--)
            knock();
        if (!all && opened == most)
            all = at;
    }
    printf("{\"opened\": %ld, \"closed\": %ld, \"failed\": %ld, \"open\": %ld, \"seconds\": %.3f}\n", opened, closed, failed, open_now,
           now() - begin);
    return 0;
}
