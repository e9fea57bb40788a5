// read(2) straight from the descriptor into secret memory: no stdio, no libuv, no JavaScript buffer
// in between, so the bytes exist in the pipe and in the slot and nowhere else.

#include "key-reader.h"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <ctime>
#include <poll.h>
#include <termios.h>
#include <unistd.h>

#include "../wipe.h"

namespace {

// N_TTY_BUF_SIZE of Linux less the newline.
constexpr size_t kMaxTypedBytes = 4095;

long NowMs() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000L + now.tv_nsec / 1000000L;
}

// What a signal handler needs to give the terminal back.
int silenced_fd;
termios terminal_before;

void RestoreAndDie(int signal_number) {
  tcsetattr(silenced_fd, TCSAFLUSH, &terminal_before);
  signal(signal_number, SIG_DFL);
  raise(signal_number);
}

// Keeps what is typed off the screen. For SIGINT and SIGTERM Node gives the terminal back itself.
class SilencedTerminal {
 public:
  explicit SilencedTerminal(int fd) : is_terminal_(isatty(fd) == 1), silenced_(false) {
    if (!is_terminal_ || tcgetattr(fd, &terminal_before) != 0) return;
    silenced_fd = fd;
    hangup_ = signal(SIGHUP, RestoreAndDie);
    quit_ = signal(SIGQUIT, RestoreAndDie);
    stop_ = signal(SIGTSTP, SIG_IGN);  // a shell that gets its prompt back must show what is typed
    termios quiet = terminal_before;
    quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    silenced_ = tcsetattr(fd, TCSAFLUSH, &quiet) == 0;
    Say(silenced_ ? "API key (what you type stays hidden): " : "API key: ");
  }
  ~SilencedTerminal() {
    if (!is_terminal_) return;
    if (silenced_) tcsetattr(silenced_fd, TCSAFLUSH, &terminal_before);
    signal(SIGHUP, hangup_);
    signal(SIGQUIT, quit_);
    signal(SIGTSTP, stop_);
    Say("\n");
  }
  bool is_terminal() const { return is_terminal_; }

 private:
  static void Say(const char* text) {
    ssize_t ignored = write(STDERR_FILENO, text, strlen(text));
    (void)ignored;
  }
  bool is_terminal_;
  bool silenced_;
  sighandler_t hangup_ = SIG_DFL, quit_ = SIG_DFL, stop_ = SIG_DFL;
};

enum class Readable { kYes, kNo, kError };

Readable WaitReadable(int fd, long timeout_ms) {
  pollfd entry = {fd, POLLIN, 0};
  long deadline = NowMs() + timeout_ms;
  for (;;) {
    long left = deadline - NowMs();
    int ready = poll(&entry, 1, left > 0 ? static_cast<int>(left) : 0);
    if (ready > 0) return Readable::kYes;
    if (ready == 0) return Readable::kNo;
    if (errno != EINTR) return Readable::kError;
  }
}

bool OnlyLineEnds(const unsigned char* bytes, size_t length) {
  for (size_t i = 0; i < length; i++) {
    if (bytes[i] != '\r' && bytes[i] != '\n') return false;
  }
  return true;
}

// Looks at what is already there behind the key's line, without waiting for more. Bounded by the
// capacity: a writer of endless newlines is refused too.
bool NothingBehind(int fd, unsigned char* scratch, size_t capacity) {
  while (capacity > 0 && WaitReadable(fd, 0) == Readable::kYes) {
    ssize_t got = read(fd, scratch, capacity);
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (got <= 0) return true;
    if (!OnlyLineEnds(scratch, static_cast<size_t>(got))) return false;
    capacity -= static_cast<size_t>(got);
  }
  return capacity > 0;
}

KeyRead Read(int fd, unsigned char* memory, size_t capacity, int timeout_ms, bool needs_line_end) {
  SilencedTerminal silenced(fd);
  long deadline = NowMs() + timeout_ms;
  size_t filled = 0;
  unsigned char* line_end = nullptr;

  while (line_end == nullptr) {
    if (filled == capacity) return {"TOO_LARGE", 0, 0};
    Readable readable = WaitReadable(fd, deadline - NowMs());
    if (readable == Readable::kNo) return {"STALLED", 0, 0};
    if (readable == Readable::kError) return {"UNREADABLE", 0, errno};

    ssize_t got = read(fd, memory + filled, capacity - filled);
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (got < 0) return {"UNREADABLE", 0, errno};
    if (got == 0) break;
    line_end = static_cast<unsigned char*>(memchr(memory + filled, '\n', static_cast<size_t>(got)));
    filled += static_cast<size_t>(got);
  }

  if (line_end == nullptr && needs_line_end && filled > 0) return {"CUT", 0, 0};
  size_t length = line_end == nullptr ? filled : static_cast<size_t>(line_end - memory);
  if (line_end != nullptr) {
    size_t behind = filled - length;
    if (!OnlyLineEnds(line_end, behind) || !NothingBehind(fd, line_end, capacity - length)) {
      return {"MORE_THAN_ONE_LINE", 0, 0};
    }
  }
  while (length > 0 && memory[length - 1] == '\r') length--;

  if (length == 0) return {"MISSING", 0, 0};
  // A terminal drops what is typed behind so many characters of a line, without a word.
  if (silenced.is_terminal() && length >= kMaxTypedBytes) return {"TOO_LONG_TO_TYPE", 0, 0};
  if (length > kMaxKeyBytes) return {"TOO_LARGE", 0, 0};
  for (size_t i = 0; i < length; i++) {
    if (!IsKeyByte(memory[i])) return {"BAD_CHARACTER", 0, 0};
  }
  wipe(memory + length, capacity - length);
  return {nullptr, length, 0};
}

}  // namespace

// RFC 6750 section 2.1, b64token; `=` is taken anywhere, as issuers differ.
bool IsKeyByte(unsigned char byte) {
  return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') ||
         (byte != '\0' && strchr("-._~+/=", byte) != nullptr);
}

KeyRead ReadKeyFrom(int fd, unsigned char* memory, size_t capacity, int timeout_ms, bool needs_line_end) {
  KeyRead result = Read(fd, memory, capacity, timeout_ms, needs_line_end);
  if (result.failure != nullptr) wipe(memory, capacity);
  return result;
}
