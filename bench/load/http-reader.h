// Reads HTTP/1.1 messages from bytes as they come, for both programs of the benchmark. It trusts its
// peer: what it reads was written by the proxies under measurement.

#ifndef BENCH_HTTP_READER_H
#define BENCH_HTTP_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MAX_HEAD_BYTES = 8192 };

enum reader_state {
  READ_HEAD,
  READ_LENGTH,       // a body of a known length
  READ_CHUNK_SIZE,   // the line before a chunk
  READ_CHUNK,        // a chunk's bytes
  READ_CHUNK_END,    // the line end after them
  READ_TRAILERS,     // lines after the last chunk
  READ_UNTIL_CLOSE,  // a body that ends with its connection
  READ_DONE,
  READ_FAILED,
};

struct reader {
  enum reader_state state;
  bool is_response;
  uint64_t remaining;  // bytes of the body, or of the chunk, that are still to come
  size_t line_length;  // of the line that is being read, line ends left out
  size_t head_length;
  char head[MAX_HEAD_BYTES];
};

// Gets the bytes of a body, without its framing.
typedef void (*body_sink)(void *context, const char *data, size_t length);

void reader_reset(struct reader *reader, bool is_response);

// Takes bytes up to the end of the message at most; returns how many. `sink` may be NULL.
size_t reader_feed(struct reader *reader, const char *data, size_t length, body_sink sink, void *context);

// A header of a head that was read, NULL where there is none. Not terminated: see `length`.
const char *reader_header(const struct reader *reader, const char *name, size_t *length);

// Status of a response whose head was read, 0 where it is none.
int reader_status(const struct reader *reader);

#endif
