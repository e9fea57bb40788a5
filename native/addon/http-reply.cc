// Stricter than RFC 9112 asks of a client: a bare LF, a folded line, a blank before a colon, two
// lengths, a length beside a coding and any coding but chunked are malformed.

#include "http-reply.h"

#include <cstring>
#include <strings.h>

namespace {

constexpr HttpReply kIncomplete = {HttpReplyState::kIncomplete};
constexpr HttpReply kMalformed = {HttpReplyState::kMalformed};

// Longer than any buffer here; a size of more digits is nobody's.
constexpr size_t kMaxSizeDigits = 7;

struct Line {
  bool is_whole = false;
  size_t start = 0;
  size_t length = 0;  // without CRLF
  size_t next = 0;
};

class Reader {
 public:
  Reader(unsigned char* bytes, size_t length, bool at_end) : bytes_(bytes), length_(length), at_end_(at_end) {}

  HttpReply Run() {
    for (;;) {
      HttpReply head = Head();
      if (head.state != HttpReplyState::kWhole) return Settle(head);
      if (head.status == 101) return kMalformed;  // nobody asked for it
      if (head.status >= 200) return Settle(Body(head));
    }
  }

 private:
  // What is incomplete at the end of the connection never becomes whole.
  HttpReply Settle(HttpReply reply) const {
    return reply.state == HttpReplyState::kIncomplete && at_end_ ? kMalformed : reply;
  }

  HttpReply Head() {
    has_length_ = is_chunked_ = false;
    Line line = NextLine();
    if (is_broken_) return kMalformed;
    if (!line.is_whole) return kIncomplete;
    HttpReply reply = {HttpReplyState::kWhole};
    const unsigned char* text = bytes_ + line.start;
    if (line.length < 12 || memcmp(text, "HTTP/1.", 7) != 0 || (text[7] != '0' && text[7] != '1') || text[8] != ' ' ||
        (line.length > 12 && text[12] != ' ')) {
      return kMalformed;
    }
    for (int i = 9; i < 12; i++) {
      if (text[i] < '0' || text[i] > '9') return kMalformed;
      reply.status = 10 * reply.status + (text[i] - '0');
    }
    if (reply.status < 100) return kMalformed;
    for (;;) {
      line = NextLine();
      if (is_broken_) return kMalformed;
      if (!line.is_whole) return kIncomplete;
      if (line.length == 0) break;
      if (!Header(line)) return kMalformed;
    }
    if (has_length_ && is_chunked_) return kMalformed;
    return reply;
  }

  bool Header(Line line) {
    const unsigned char* text = bytes_ + line.start;
    const void* colon = memchr(text, ':', line.length);
    if (colon == nullptr) return false;
    size_t name_length = static_cast<size_t>(static_cast<const unsigned char*>(colon) - text);
    if (name_length == 0) return false;
    for (size_t i = 0; i < name_length; i++) {
      if (text[i] <= ' ' || text[i] >= 0x7f) return false;
    }
    const unsigned char* value = text + name_length + 1;
    size_t value_length = line.length - name_length - 1;
    while (value_length > 0 && (*value == ' ' || *value == '\t')) value++, value_length--;
    while (value_length > 0 && (value[value_length - 1] == ' ' || value[value_length - 1] == '\t')) value_length--;

    if (Equals(text, name_length, "content-length")) {
      if (has_length_) return false;
      has_length_ = true;
      return Size(value, value_length, 10, &content_length_);
    }
    if (Equals(text, name_length, "transfer-encoding")) {
      if (is_chunked_) return false;
      is_chunked_ = true;
      return Equals(value, value_length, "chunked");
    }
    return true;
  }

  HttpReply Body(HttpReply reply) {
    reply.body_start = at_;
    if (is_chunked_) return Chunks(reply);
    size_t there = length_ - at_;
    if (!has_length_) {
      reply.body_length = there;
      return at_end_ ? reply : kIncomplete;
    }
    reply.body_length = content_length_;
    if (there > content_length_) return kMalformed;  // more than was announced, on a connection for one reply
    return there == content_length_ ? reply : kIncomplete;
  }

  HttpReply Chunks(HttpReply reply) {
    size_t first = at_;
    HttpReply result = WalkChunks(reply, false);
    if (result.state != HttpReplyState::kWhole) return result;
    at_ = first;
    return WalkChunks(reply, true);
  }

  HttpReply WalkChunks(HttpReply reply, bool joins) {
    for (;;) {
      Line line = NextLine();
      if (is_broken_) return kMalformed;
      if (!line.is_whole) return kIncomplete;
      const unsigned char* text = bytes_ + line.start;
      const void* semicolon = memchr(text, ';', line.length);
      size_t digits = semicolon == nullptr
                          ? line.length
                          : static_cast<size_t>(static_cast<const unsigned char*>(semicolon) - text);
      size_t size;
      if (!Size(text, digits, 16, &size)) return kMalformed;
      if (size == 0) break;
      if (length_ - at_ < size + 2) return kIncomplete;
      if (bytes_[at_ + size] != '\r' || bytes_[at_ + size + 1] != '\n') return kMalformed;
      if (joins) memmove(bytes_ + reply.body_start + reply.body_length, bytes_ + at_, size);
      reply.body_length += size;
      at_ += size + 2;
    }
    for (;;) {  // trailers mean nothing here
      Line line = NextLine();
      if (is_broken_) return kMalformed;
      if (!line.is_whole) return kIncomplete;
      if (line.length == 0) break;
    }
    return at_ == length_ ? reply : kMalformed;
  }

  Line NextLine() {
    if (at_ == length_) return {};
    const void* found = memchr(bytes_ + at_, '\n', length_ - at_);
    if (found == nullptr) return {};
    size_t end = static_cast<size_t>(static_cast<const unsigned char*>(found) - bytes_);
    if (end == at_ || bytes_[end - 1] != '\r') {
      is_broken_ = true;
      return {};
    }
    Line line = {true, at_, end - 1 - at_, end + 1};
    at_ = line.next;
    return line;
  }

  static bool Equals(const unsigned char* text, size_t length, const char* word) {
    return strlen(word) == length && strncasecmp(reinterpret_cast<const char*>(text), word, length) == 0;
  }

  static bool Size(const unsigned char* text, size_t length, size_t base, size_t* size) {
    if (length == 0 || length > kMaxSizeDigits) return false;
    *size = 0;
    for (size_t i = 0; i < length; i++) {
      unsigned char lower = text[i] >= 'A' && text[i] <= 'F' ? text[i] + ('a' - 'A') : text[i];
      size_t digit = lower >= '0' && lower <= '9' ? lower - '0' : lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : 16;
      if (digit >= base) return false;
      *size = *size * base + digit;
    }
    return true;
  }

  unsigned char* bytes_;
  size_t length_;
  bool at_end_;
  size_t at_ = 0;
  bool is_broken_ = false;
  bool has_length_ = false;
  bool is_chunked_ = false;
  size_t content_length_ = 0;
};

}  // namespace

HttpReply ReadHttpReply(unsigned char* bytes, size_t length, bool at_end) { return Reader(bytes, length, at_end).Run(); }
