// RFC 8259, by descent. Bytes from 0x80 on are taken as they are in strings: what is wanted has none.

#include "json-members.h"

#include <cstring>

namespace {

constexpr int kMaxDepth = 16;

class Finder {
 public:
  Finder(const unsigned char* text, size_t length, JsonMember* wanted, size_t count)
      : text_(text), length_(length), wanted_(wanted), count_(count) {}

  bool Run() {
    SkipBlanks();
    if (!Object(1)) return false;
    SkipBlanks();
    return at_ == length_;
  }

 private:
  bool Value(int depth, JsonMember* found) {
    SkipBlanks();
    if (at_ == length_) return false;
    size_t start = at_;
    JsonKind kind = JsonKind::kOther;
    bool has_escape = false;
    switch (text_[at_]) {
      case '{':
        if (!Object(depth)) return false;
        break;
      case '[':
        if (!Array(depth)) return false;
        break;
      case '"':
        if (!String(&has_escape)) return false;
        kind = JsonKind::kString;
        break;
      case 't':
        if (!Word("true")) return false;
        break;
      case 'f':
        if (!Word("false")) return false;
        break;
      case 'n':
        if (!Word("null")) return false;
        kind = JsonKind::kNull;
        break;
      default:
        if (!Number()) return false;
        kind = JsonKind::kNumber;
    }
    if (found != nullptr) {
      size_t quote = kind == JsonKind::kString ? 1 : 0;
      *found = {found->name, kind, start + quote, at_ - start - 2 * quote, has_escape};
    }
    return true;
  }

  bool Object(int depth) {
    if (depth > kMaxDepth || !Byte('{')) return false;
    SkipBlanks();
    if (Byte('}')) return true;
    do {
      SkipBlanks();
      size_t start = at_;
      bool has_escape = false;
      if (!String(&has_escape)) return false;
      JsonMember* found = nullptr;
      if (depth == 1) {
        if (has_escape) return false;
        found = WantedBy(start + 1, at_ - start - 2);
        if (found != nullptr && found->kind != JsonKind::kAbsent) return false;
      }
      SkipBlanks();
      if (!Byte(':') || !Value(depth + 1, found)) return false;
      SkipBlanks();
    } while (Byte(','));
    return Byte('}');
  }

  bool Array(int depth) {
    if (depth > kMaxDepth || !Byte('[')) return false;
    SkipBlanks();
    if (Byte(']')) return true;
    do {
      if (!Value(depth + 1, nullptr)) return false;
      SkipBlanks();
    } while (Byte(','));
    return Byte(']');
  }

  bool String(bool* has_escape) {
    if (!Byte('"')) return false;
    while (at_ < length_) {
      unsigned char byte = text_[at_++];
      if (byte == '"') return true;
      if (byte < 0x20) return false;
      if (byte != '\\') continue;
      *has_escape = true;
      if (at_ == length_) return false;
      byte = text_[at_++];
      if (byte == 'u') {
        for (int i = 0; i < 4; i++) {
          if (at_ == length_ || !IsHex(text_[at_++])) return false;
        }
      } else if (byte == '\0' || strchr("\"\\/bfnrt", byte) == nullptr) {
        return false;
      }
    }
    return false;
  }

  bool Number() {
    Byte('-');
    if (!Byte('0') && !Digits()) return false;
    if (Byte('.') && !Digits()) return false;
    if (Byte('e') || Byte('E')) {
      if (!Byte('+')) Byte('-');
      return Digits();
    }
    return true;
  }

  bool Digits() {
    size_t start = at_;
    while (at_ < length_ && text_[at_] >= '0' && text_[at_] <= '9') at_++;
    return at_ > start;
  }

  bool Word(const char* word) {
    size_t length = strlen(word);
    if (length_ - at_ < length || memcmp(text_ + at_, word, length) != 0) return false;
    at_ += length;
    return true;
  }

  bool Byte(unsigned char byte) {
    if (at_ == length_ || text_[at_] != byte) return false;
    at_++;
    return true;
  }

  void SkipBlanks() {
    while (at_ < length_ && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n' || text_[at_] == '\r')) at_++;
  }

  static bool IsHex(unsigned char byte) {
    return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'f') || (byte >= 'A' && byte <= 'F');
  }

  JsonMember* WantedBy(size_t start, size_t length) {
    for (size_t i = 0; i < count_; i++) {
      if (strlen(wanted_[i].name) == length && memcmp(wanted_[i].name, text_ + start, length) == 0) return &wanted_[i];
    }
    return nullptr;
  }

  const unsigned char* text_;
  size_t length_;
  JsonMember* wanted_;
  size_t count_;
  size_t at_ = 0;
};

}  // namespace

bool FindJsonMembers(const unsigned char* text, size_t length, JsonMember* wanted, size_t count) {
  return Finder(text, length, wanted, count).Run();
}
