/*
 * The members that a load plays, in one epoll loop: their connections, with TLS or without, and the lines that they get.
 */
#ifndef MEMBER_H
#define MEMBER_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#ifdef TLS
#include <openssl/ssl.h>
#endif

struct bytes { char *at; size_t size; };

struct member {
    int socket, room;
    bool direct;                /* whether it speaks the JSON wire, where the others read event streams */
    int posts;                  /* where an event stream's lines go, once there are any; 0: nowhere yet */
    bool in, lost;
    long number;                /* which no other connection has */
    char name[24];
    long said;
    long last;                  /* the id of the last message that it got */
    struct bytes rest;          /* of a line that has not ended */
    struct bytes queue;         /* what was not taken yet */
    bool blocked;               /* whether the kernel took less than it was given */
#ifdef TLS
    SSL *tls;
#endif
};

extern int port;
extern bool encrypted;          /* whether all of them speak TLS */
extern double arrived;          /* when what is being read came */
extern size_t received;         /* bytes of lines */

double now(void);

/* Open a connection from this address of the loopback; what is told meanwhile follows the handshake. */
void open_connection(struct member *, in_addr_t from);
void close_connection(struct member *);
void tell(struct member *, const char *data, size_t size);

/* One turn of the loop. Returns whether anything happened. */
bool turn(int milliseconds);

/* Begin: before anything else. */
void begin_loop(void);

/* The server's process: KiB that it occupies, seconds of CPU that it has used, those outside the kernel; 0: not known. */
long memory_of(int pid);
double cpu_of(int pid);
double user_cpu_of(int pid);
double own_cpu(void);

/* Seconds of CPU that a process, its children, and those of them that have ended, have used. */
double family_cpu(int pid);

/* What a load does with a line (without its LF), and with a lost connection, which is closed already. */
void received_line(struct member *, const char *line, size_t size);
void lost_connection(struct member *);

#endif
