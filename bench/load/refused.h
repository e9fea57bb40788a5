// Connections of a user who is refused, at a steady rate, beside whatever is measured.

#ifndef BENCH_REFUSED_H
#define BENCH_REFUSED_H

#include <stdint.h>

// Begin anew: `per_second` connections to the port by this uid, which takes root. 0 for none.
void refused_begin(int port, uint64_t per_second, unsigned uid);

// To be called all the time.
void refused_turn(void);

// How many were answered with 403, or closed, since the beginning.
uint64_t refused_count(void);

void refused_end(void);

#endif
