// The clients of the benchmark: connections that send a request and read its answer, and what they see.

#ifndef BENCH_CLIENT_H
#define BENCH_CLIENT_H

#include <sys/epoll.h>

#include "http-reader.h"

// What a command says of the requests to make.
struct request_options {
  int port;
  uint64_t body_bytes;
  const char *key;  // sent where no proxy adds it, otherwise NULL
};

struct client {
  int fd;  // -1 where it is closed
  bool is_sending;
  bool has_answered;     // a byte of the answer has come
  bool is_waiting;       // for the rest of the answer
  uint64_t sent;         // bytes of the request
  uint64_t began_ns;     // when the request was sent
  uint64_t arrived_ns;   // when the bytes that are being read came
  uint64_t first_event_delay_ns;  // how long the upstream waits with it
  uint64_t events;
  // the moment in an event, wherever reads have cut it
  size_t matched;
  int digits;
  uint64_t sent_ns;
  const struct request_options *options;
  char head[512];
  size_t head_length;
  struct reader reader;
};

// What all clients of one measure have seen, in nanoseconds.
struct samples {
  uint64_t *values;
  size_t count, room;
};
struct sightings {
  struct samples event_delay;  // from the sending of an event to its arrival
  struct samples first_byte;   // from the sending of the request
  struct samples first_event;  // likewise, less what the upstream waited with it
  struct samples answer;       // from the sending of the request to the end of the answer
};
extern struct sightings seen;

void samples_clear(struct sightings *sightings);

// Sorts them and prints `"name":{"p50":…,"p99":…,"max":…}`. There must be some.
void samples_print(const char *name, struct samples *samples);

// Ends the measure: the message is its result.
_Noreturn void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

// All clients of the measure; closes those that are left of the one before.
struct client *clients_make(size_t count, const struct request_options *options);

// By a reset where an answer is still open: it is given up, and no TIME_WAIT is left behind.
void clients_close_all(void);
void client_close(struct client *client);
void client_abort(struct client *client);  // by a reset in any case

void client_set_mode(struct client *client, const char *mode);

// False where nobody listens.
bool client_open(struct client *client);

void client_begin_request(struct client *client);

// To be called for what clients_poll has given; true when an answer was completed by it.
bool client_turn(struct client *client, uint32_t ready);

// Gives the clients on which something happened, without blocking.
int clients_poll(struct epoll_event *events, int room);

#endif
