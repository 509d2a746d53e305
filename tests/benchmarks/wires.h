/*
 * The wires that a load speaks: what a member says to log in, to answer a ping and to speak; and how it knows that it is in.
 */
#ifndef WIRES_H
#define WIRES_H

#include "member.h"

enum wire { BASELINE, THREADS, PLAIN, JSON, IRC, WEBSOCKET, EVENT_STREAM };

extern enum wire wire;

void choose_wire(const char *name);
bool has_rooms(void);
bool hears_itself(void);
bool is_json(void);             /* also in frames and in events */
bool has(const char *line, size_t size, const char *what);

extern const char *password;    /* of every name; NULL: nobody is registered */

/* Log in. A cursor (the inside of a JSON object), or NULL: then the newest messages are shown, as to a new member. */
void hello(struct member *, const char *cursor);

/* Say something that begins with "^" and a number in hex, by which its deliveries are known, on any wire. */
void say(struct member *, long number, size_t bytes);

/* The number that a line carries; -1: it carries none. */
long number_in(const char *line, size_t size);

/* A line that is no message: go on with the login. Returns whether it is done by this line. */
bool logs_in(struct member *, const char *line, size_t size);
void answer_ping(struct member *, const char *line, size_t size);

#endif
