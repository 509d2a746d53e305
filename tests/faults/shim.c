/*
 * A disk that can fail, between SQLite and the kernel (LD_PRELOAD).
 *
 * FAULTS_LEDGER names the ledger; what is done to it and its WAL is looked at here, all else passes. FAULTS_CONTROL is a file
 * of four integers, mapped by both sides: milliseconds that a sync takes, the errno of a sync, the errno of a write,
 * whether the disk is full.
 * Sockets that are accepted get a small buffer, so that a slow reader is soon felt.
 *
 * What is written and not synced yet stands in a journal beside the file (PATH.unsynced), old bytes and new: from it
 * `tests.faults.disk` makes what a power cut would have left.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define FILES 1024
#define SMALL 65536

struct control { volatile int32_t delay, sync_error, write_error, full; };
struct record { int64_t offset, size_before, old, new; };  /* a cut has an offset of -1 - its size, old bytes, and none new */

static struct control none, *control = &none;
static const char *ledger;
static char kinds[FILES];      /* of open descriptors: 0 not ours, 1 the ledger, 2 its WAL */
static int journals[3] = { -1, -1, -1 };
static char lost[3];           /* whether a sync has failed: what it should have kept is lost, whatever a later one says */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static ssize_t (*real_pwrite)(int, const void *, size_t, off_t);
static ssize_t (*real_write)(int, const void *, size_t);
static int (*real_ftruncate)(int, off_t);
static int (*real_fsync)(int), (*real_fdatasync)(int), (*real_close)(int), (*real_unlink)(const char *);
static int (*real_open)(const char *, int, ...);

__attribute__((constructor)) static void begin(void) {
    real_pwrite = dlsym(RTLD_NEXT, "pwrite64");
    real_write = dlsym(RTLD_NEXT, "write");
    real_ftruncate = dlsym(RTLD_NEXT, "ftruncate64");
    real_fsync = dlsym(RTLD_NEXT, "fsync");
    real_fdatasync = dlsym(RTLD_NEXT, "fdatasync");
    real_close = dlsym(RTLD_NEXT, "close");
    real_unlink = dlsym(RTLD_NEXT, "unlink");
    real_open = dlsym(RTLD_NEXT, "open64");
    ledger = getenv("FAULTS_LEDGER");
    const char *path = getenv("FAULTS_CONTROL");
    int file = path ? real_open(path, O_RDWR) : -1;
    if (file >= 0) {
        void *map = mmap(NULL, sizeof none, PROT_READ, MAP_SHARED, file, 0);
        if (map != MAP_FAILED) control = map;
        real_close(file);
    }
}

static int kind(const char *path) {
    size_t length = ledger ? strlen(ledger) : 0;
    if (!length || strncmp(path, ledger, length)) return 0;
    return !path[length] ? 1 : !strcmp(path + length, "-wal") ? 2 : 0;
}

static int kind_of(int file) { return file >= 0 && file < FILES ? kinds[file] : 0; }

/* The journal. */

static void name_journal(int kind, char *path) {
    snprintf(path, PATH_MAX, "%s%s.unsynced", ledger, kind == 2 ? "-wal" : "");
}

static int journal(int kind) {
    if (journals[kind] < 0) {
        char path[PATH_MAX];
        name_journal(kind, path);
        journals[kind] = real_open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    }
    return journals[kind];
}

static int64_t size_of(int file) {
    struct stat found;
    return fstat(file, &found) ? 0 : found.st_size;
}

/* Note what a write of `count` bytes (NULL: a cut of the file at `offset`) is about to do. */
static void note(int file, int kind, const void *data, size_t count, off_t offset) {
    int64_t size = size_of(file), end = data ? offset + (int64_t)count : size;
    int64_t old = (end < size ? end : size) - offset;
    struct record record = { data ? offset : -1 - offset, size, old > 0 ? old : 0, data ? (int64_t)count : 0 };
    char *before = malloc(record.old + 1);
    if (before && pread(file, before, record.old, offset) == record.old) {
        struct iovec parts[3] = { { &record, sizeof record }, { before, record.old }, { (void *)data, record.new } };
        if (writev(journal(kind), parts, 3) < 0) abort();
    }
    free(before);
}

/* What SQLite calls. */

static int refused(int file, int64_t end) {
    errno = control->write_error ? control->write_error : control->full && end > size_of(file) ? ENOSPC : 0;
    return errno;
}

ssize_t pwrite64(int file, const void *data, size_t count, off_t offset) {
    int ours = kind_of(file);
    if (!ours) return real_pwrite(file, data, count, offset);
    if (refused(file, offset + (int64_t)count)) return -1;
    pthread_mutex_lock(&lock);
    note(file, ours, data, count, offset);
    ssize_t written = real_pwrite(file, data, count, offset);
    pthread_mutex_unlock(&lock);
    return written;
}
ssize_t pwrite(int file, const void *data, size_t count, off_t offset) { return pwrite64(file, data, count, offset); }

ssize_t write(int file, const void *data, size_t count) {
    return kind_of(file) ? pwrite64(file, data, count, lseek(file, 0, SEEK_CUR)) : real_write(file, data, count);
}

int ftruncate64(int file, off_t size) {
    int ours = kind_of(file);
    if (!ours) return real_ftruncate(file, size);
    if (refused(file, size)) return -1;
    pthread_mutex_lock(&lock);
    note(file, ours, NULL, 0, size);
    int done = real_ftruncate(file, size);
    pthread_mutex_unlock(&lock);
    return done;
}
int ftruncate(int file, off_t size) { return ftruncate64(file, size); }

static int sync_with(int (*real)(int), int file) {
    int ours = kind_of(file);
    if (!ours) return real(file);
    if (control->delay) usleep(control->delay * 1000);
    if (control->sync_error) {
        lost[ours] = 1;
        errno = control->sync_error;
        return -1;
    }
    pthread_mutex_lock(&lock);
    int done = real(file);
    if (!done && !lost[ours] && real_ftruncate(journal(ours), 0)) abort();
    pthread_mutex_unlock(&lock);
    return done;
}
int fsync(int file) { return sync_with(real_fsync, file); }
int fdatasync(int file) { return sync_with(real_fdatasync, file); }

int open64(const char *path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    int file = real_open(path, flags, va_arg(rest, int));
    va_end(rest);
    if (file >= 0 && file < FILES) kinds[file] = kind(path);
    return file;
}
int open(const char *path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    int mode = va_arg(rest, int);
    va_end(rest);
    return open64(path, flags, mode);
}

int close(int file) {
    if (file >= 0 && file < FILES) kinds[file] = 0;
    return real_close(file);
}

int unlink(const char *path) {
    int ours = kind(path);
    if (ours && journals[ours] >= 0 && real_ftruncate(journals[ours], 0)) abort();
    return real_unlink(path);
}

int accept4(int file, struct sockaddr *address, socklen_t *length, int flags) {
    static int (*real)(int, struct sockaddr *, socklen_t *, int);
    if (!real) real = dlsym(RTLD_NEXT, "accept4");
    int accepted = real(file, address, length, flags), size = SMALL;
    if (accepted >= 0) setsockopt(accepted, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    return accepted;
}
