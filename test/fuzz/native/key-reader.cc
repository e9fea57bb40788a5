// The key reader, fed by a read(2) and a poll(2) of the fuzzer's: whatever comes in whatever pieces,
// the result is what the rule says, and memory holds the key alone or nothing.
//
// Input: a byte of switches, a byte for the size of the pieces, then what stdin holds.

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <poll.h>
#include <string>
#include <termios.h>
#include <unistd.h>

#include "fuzz.h"

namespace fake {

enum Switches { kTerminal = 1, kInterrupted = 2, kHeldOpen = 4, kNeedsLineEnd = 8 };

std::string input;
size_t at;
size_t piece;
int switches;
unsigned calls;

ssize_t Read(int, void* to, size_t bytes) {
  if ((switches & kInterrupted) != 0 && calls++ % 3 == 0) {
    errno = calls % 2 == 0 ? EINTR : EAGAIN;
    return -1;
  }
  size_t got = std::min({bytes, piece, input.size() - at});
  memcpy(to, input.data() + at, got);
  at += got;
  return static_cast<ssize_t>(got);
}

int Poll() { return at == input.size() && (switches & kHeldOpen) != 0 ? 0 : 1; }

}  // namespace fake

#define read(fd, to, bytes) fake::Read(fd, to, bytes)
#define poll(entries, count, timeout) ((void)(entries), (void)(timeout), fake::Poll())
#define isatty(fd) ((void)(fd), (fake::switches & fake::kTerminal) != 0)
#define tcgetattr(fd, settings) ((void)(fd), -1)
#define write(fd, from, bytes) ((void)(from), static_cast<ssize_t>(bytes))
#include "../../../native/addon/key-reader.cc"
#undef read
#undef poll
#undef write

namespace {

constexpr size_t kCapacity = 2 * kMaxKeyBytes;  // slotBytes in hardening/secret.ts
constexpr const char* kEither = "either";

bool IsLineEnd(char byte) { return byte == '\r' || byte == '\n'; }

// The rule, said once more and without pieces: nullptr for a key that is taken.
const char* Expected(const std::string& input, bool is_held_open, bool is_terminal, bool needs_line_end) {
  size_t newline = input.find('\n');
  if (newline == std::string::npos || newline >= kCapacity) {
    if (input.size() >= kCapacity) return "TOO_LARGE";
    if (is_held_open) return "STALLED";
    if (needs_line_end && !input.empty()) return "CUT";
    newline = input.size();
  }
  std::string line = input.substr(0, newline);
  std::string behind = input.substr(newline);
  for (char byte : behind) {
    if (!IsLineEnd(byte)) return "MORE_THAN_ONE_LINE";
  }
  // How many line ends are read before it gives up depends on the pieces.
  if (behind.size() >= 2 * (kCapacity - newline)) return "MORE_THAN_ONE_LINE";
  if (behind.size() >= kCapacity - newline && !behind.empty()) return kEither;
  while (!line.empty() && line.back() == '\r') line.pop_back();
  if (line.empty()) return "MISSING";
  if (is_terminal && line.size() >= kMaxTypedBytes) return "TOO_LONG_TO_TYPE";
  if (line.size() > kMaxKeyBytes) return "TOO_LARGE";
  for (char byte : line) {
    if (!IsKeyByte(static_cast<unsigned char>(byte))) return "BAD_CHARACTER";
  }
  return nullptr;
}

}  // namespace

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  fake::switches = data[0];
  fake::piece = data[1] == 0 ? kCapacity : data[1];
  fake::input.assign(reinterpret_cast<const char*>(data) + 2, size - 2);
  fake::at = 0;
  fake::calls = 0;

  unsigned char* memory = static_cast<unsigned char*>(malloc(kCapacity));
  memset(memory, 0xa5, kCapacity);
  bool needs_line_end = (fake::switches & fake::kNeedsLineEnd) != 0;
  KeyRead result = ReadKeyFrom(0, memory, kCapacity, 1000, needs_line_end);

  const char* expected = Expected(fake::input, (fake::switches & fake::kHeldOpen) != 0,
                                  (fake::switches & fake::kTerminal) != 0, needs_line_end);
  if (expected == nullptr) REQUIRE(result.failure == nullptr);
  else if (expected != kEither) REQUIRE(result.failure != nullptr && strcmp(result.failure, expected) == 0);
  size_t kept = result.failure == nullptr ? result.length : 0;
  REQUIRE(kept <= kMaxKeyBytes && (result.failure != nullptr || kept > 0));
  REQUIRE(memcmp(memory, fake::input.data(), kept) == 0);
  for (size_t i = kept; i < kCapacity; i++) REQUIRE(memory[i] == 0);
  free(memory);
  return 0;
}
