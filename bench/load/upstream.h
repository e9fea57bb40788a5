// The upstream of the benchmark. What it answers stands in the request's header `x-bench`:
//
//   json                                   a small JSON answer once the body was read
//   stream events=N gap-us=G delay-us=D    N events, the first D after the request, then G apart
//   stream events=N gap-us=G phase-us=P    likewise, each at a moment that is P modulo G: streams arrive
//                                          evenly spread, whatever a proxy did to their starts
//
// Every event carries the moment of its sending. A request without the key is answered with 401, so a
// proxy that does not inject it is noticed.

#ifndef BENCH_UPSTREAM_H
#define BENCH_UPSTREAM_H

#include <stdint.h>

void upstream_prepare(const char *key);

// Both return the port. Files are PEM; -1 where this was built without TLS.
int upstream_listen(void);
int upstream_listen_tls(const char *certificate, const char *private_key);

// Serve what is there and send the events that are due. Never blocks.
void upstream_turn(void);

// Readable when upstream_turn has something to serve.
int upstream_fd(void);

// How many streams it is sending.
int upstream_streams(void);

// When the next event is due, 0 for never.
uint64_t upstream_next_ns(void);

#endif
