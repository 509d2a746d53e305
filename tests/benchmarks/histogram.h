/* Times, in a histogram of microseconds: 128 steps for each doubling, so that a percentile is right within a hundredth. */
#ifndef HISTOGRAM_H
#define HISTOGRAM_H

#define STEPS 128

struct histogram { long count, of[STEPS * 60]; };

static inline void note(struct histogram *h, double seconds) {
    unsigned long us = seconds > 0 ? seconds * 1e6 : 0;
    int doublings = us < 2 * STEPS ? 0 : 63 - __builtin_clzl(us) - 7;
    h->of[doublings * STEPS + (us >> doublings)]++;
    h->count++;
}

/* In milliseconds. */
static inline double percentile(const struct histogram *h, double share) {
    long wanted = h->count * share, seen = 0;
    int i = 0;
    while (i < STEPS * 60 - 1 && (seen += h->of[i]) <= wanted) i++;
    int doublings = i < 2 * STEPS ? 0 : i / STEPS - 1;
    return ((unsigned long)(i - doublings * STEPS) << doublings) / 1e3;
}

#endif
