// Tells the parts of a measurement in which something else ran on its cores from those in which nothing
// did. It goes in slices of 100 ms, and only undisturbed ones count: a proxy that has lost its core for a
// while finds ten events at once and needs less time for each, so disturbance does not only add.
//
// On the load's own core, which never sleeps, the time that the load did not get went to others. On the
// proxy's core a thread spins that gets only what nobody else wants (SCHED_IDLE): what neither it nor the
// proxy got went to others. It also keeps that core from sleeping, which takes a virtual machine longer
// than the work that is measured.

#ifndef BENCH_SLICES_H
#define BENCH_SLICES_H

#include <stdbool.h>
#include <stdint.h>

#include "client.h"

struct slices {
  uint64_t wanted_ns, kept_ns;  // time in slices that count
  uint64_t kept_cpu_ns;         // of the proxy, in them
  uint64_t kept_count;          // of what is counted, in them
  int kept, all;
};

// Once, before anything else. `proxy_core` -1: there is no core of its own, nothing can be told of it.
void slices_prepare(int proxy_core);

// `tolerance_ns`: how much of a slice others may have had. `cpu_ns`: reads the proxy's CPU time.
void slices_begin(struct slices *slices, uint64_t wanted_ms, uint64_t tolerance_ns, uint64_t (*cpu_ns)(void));

// To be called often, with what has been counted so far. Takes samples of `seen` back that do not count.
// True when there is enough, or no hope for it.
bool slices_turn(struct slices *slices, uint64_t count);

// Lets the proxy's core sleep again.
void slices_stop(void);

// Fails where too little of the time counts.
void slices_require(const struct slices *slices);

#endif
