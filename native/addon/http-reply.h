// Reading one whole HTTP/1.1 reply in the memory in which it arrived, apart from Node, so that it can
// be tested and fuzzed alone. For replies that hold a token: no copy of them is made anywhere.
#ifndef HTTP_REPLY_H
#define HTTP_REPLY_H

#include <cstddef>

enum class HttpReplyState { kIncomplete, kMalformed, kWhole };

struct HttpReply {
  HttpReplyState state;
  int status = 0;
  size_t body_start = 0;
  size_t body_length = 0;
};

// RFC 9112. Interim replies are passed over. The body has a Content-Length, is chunked, which is undone
// in place once it is whole, or ends with the connection.
HttpReply ReadHttpReply(unsigned char* bytes, size_t length, bool at_end);

#endif
