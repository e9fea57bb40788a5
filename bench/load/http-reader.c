// See http-reader.h.

#include "http-reader.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

void reader_reset(struct reader *reader, bool is_response) {
  reader->state = READ_HEAD;
  reader->is_response = is_response;
  reader->remaining = 0;
  reader->line_length = 0;
  reader->head_length = 0;
}

const char *reader_header(const struct reader *reader, const char *name, size_t *length) {
  const char *end = reader->head + reader->head_length;
  size_t name_length = strlen(name);
  const char *line = memchr(reader->head, '\n', reader->head_length);
  while (line != NULL && ++line < end) {
    const char *line_end = memchr(line, '\n', (size_t)(end - line));
    if (line_end == NULL) return NULL;
    if ((size_t)(line_end - line) > name_length && line[name_length] == ':' &&
        strncasecmp(line, name, name_length) == 0) {
      const char *value = line + name_length + 1;
      while (value < line_end && *value == ' ') value++;
      while (line_end > value && (line_end[-1] == '\r' || line_end[-1] == ' ')) line_end--;
      *length = (size_t)(line_end - value);
      return value;
    }
    line = line_end;
  }
  return NULL;
}

int reader_status(const struct reader *reader) {
  bool is_status_line = reader->head_length > 12 && memcmp(reader->head, "HTTP/1.", 7) == 0;
  return is_status_line ? atoi(reader->head + 9) : 0;
}

static void begin_body(struct reader *reader) {
  size_t length;
  const char *value = reader_header(reader, "transfer-encoding", &length);
  if (value != NULL) {
    reader->state = READ_CHUNK_SIZE;
    return;
  }
  value = reader_header(reader, "content-length", &length);
  if (value != NULL) {
    reader->remaining = strtoull(value, NULL, 10);
    reader->state = reader->remaining > 0 ? READ_LENGTH : READ_DONE;
    return;
  }
  reader->state = reader->is_response ? READ_UNTIL_CLOSE : READ_DONE;
}

static size_t take_head(struct reader *reader, const char *data, size_t length) {
  size_t before = reader->head_length;
  size_t room = MAX_HEAD_BYTES - before;
  size_t copied = length < room ? length : room;
  memcpy(reader->head + before, data, copied);
  reader->head_length += copied;
  size_t from = before > 3 ? before - 3 : 0;  // the end may have been split
  const char *end = memmem(reader->head + from, reader->head_length - from, "\r\n\r\n", 4);
  if (end == NULL) {
    if (reader->head_length == MAX_HEAD_BYTES) reader->state = READ_FAILED;
    return copied;
  }
  reader->head_length = (size_t)(end + 4 - reader->head);
  begin_body(reader);
  return reader->head_length - before;
}

static int hex_digit(char byte) {
  if (byte >= '0' && byte <= '9') return byte - '0';
  if ((byte | 0x20) >= 'a' && (byte | 0x20) <= 'f') return (byte | 0x20) - 'a' + 10;
  return -1;
}

// One byte of a line of chunked framing. Extensions are not expected: no peer sends any.
static void take_line_byte(struct reader *reader, char byte) {
  if (byte == '\r') return;
  if (byte != '\n') {
    if (reader->state == READ_CHUNK_SIZE) {
      int digit = hex_digit(byte);
      if (digit < 0) reader->state = READ_FAILED;
      else reader->remaining = reader->remaining * 16 + (uint64_t)digit;
    }
    reader->line_length++;
    return;
  }
  size_t line_length = reader->line_length;
  reader->line_length = 0;
  if (reader->state == READ_CHUNK_SIZE) reader->state = reader->remaining > 0 ? READ_CHUNK : READ_TRAILERS;
  else if (reader->state == READ_CHUNK_END) reader->state = READ_CHUNK_SIZE;
  else if (line_length == 0) reader->state = READ_DONE;
}

size_t reader_feed(struct reader *reader, const char *data, size_t length, body_sink sink, void *context) {
  size_t at = 0;
  while (at < length && reader->state != READ_DONE && reader->state != READ_FAILED) {
    switch (reader->state) {
      case READ_HEAD:
        at += take_head(reader, data + at, length - at);
        break;
      case READ_LENGTH:
      case READ_CHUNK:
      case READ_UNTIL_CLOSE: {
        size_t piece = length - at;
        if (reader->state != READ_UNTIL_CLOSE) {
          if (piece > reader->remaining) piece = (size_t)reader->remaining;
          reader->remaining -= piece;
        }
        if (sink != NULL) sink(context, data + at, piece);
        at += piece;
        if (reader->remaining == 0 && reader->state == READ_LENGTH) reader->state = READ_DONE;
        if (reader->remaining == 0 && reader->state == READ_CHUNK) reader->state = READ_CHUNK_END;
        break;
      }
      default:
        take_line_byte(reader, data[at++]);
    }
  }
  return at;
}
