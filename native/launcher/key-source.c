// Puts the key's source in stdin's place, so that the proxy has one way to read it whatever the source
// is. The bytes stay in the kernel: the launcher opens, waits and counts, and never reads one of them.
// No value of these options is repeated in an error: it may be the key, put where it does not belong.

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "launcher.h"

#ifdef __linux__
#include <sys/prctl.h>
#endif

extern char **environ;

// As the wait for a key on stdin, keyTimeoutMs in hardening/secret.ts.
enum { COMMAND_TIMEOUT_S = 30 };

// The slot's size: more than any key, and less than a pipe holds, so that nobody must read meanwhile.
enum { MAX_COMMAND_OUTPUT = 8192 };

static void put_on_stdin(int fd) {
  if (dup2(fd, STDIN_FILENO) < 0) fail(EXIT_LAUNCHER, NULL, "cannot replace stdin: %s", strerror(errno));
  close(fd);
}

static bool is_listening(int fd) {
  int listens = 0;
  socklen_t size = sizeof listens;
  return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) == 0 && listens != 0;
}

static void take_descriptor(int fd) {
  static const char how[] = "open it for the proxy: codex-responses-api-proxy --key-fd 3 3< FILE";
  struct stat status;
  int flags = fcntl(fd, F_GETFL);
  if (flags < 0 || fstat(fd, &status) != 0) fail(EXIT_RUNTIME, how, "the descriptor of --key-fd is not open");
  bool is_path_only = false;
#ifdef O_PATH
  is_path_only = (flags & O_PATH) != 0;
#endif
  if (S_ISDIR(status.st_mode)) fail(EXIT_RUNTIME, how, "the descriptor of --key-fd is a directory");
  if (is_path_only || (flags & O_ACCMODE) == O_WRONLY) {
    fail(EXIT_RUNTIME, how, "the descriptor of --key-fd is not open for reading");
  }
  if (is_listening(fd)) fail(EXIT_RUNTIME, how, "the descriptor of --key-fd is a listening socket");
  put_on_stdin(fd);
}

// What systemd takes as a credential's name, systemd.exec(5): a file name, printable.
static bool is_credential_name(const char *name) {
  if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || strlen(name) > NAME_MAX) return false;
  for (const char *c = name; *c != '\0'; c++) {
    if (*c <= ' ' || *c > '~' || *c == '/' || *c == ':') return false;
  }
  return name[0] != '\0';
}

static void take_credential(const char *name) {
  static const char how[] = "in a systemd unit: LoadCredentialEncrypted=NAME:FILE, and --key-credential NAME";
  if (!is_credential_name(name)) {
    fail(EXIT_USAGE, "give the name of a credential, as in LoadCredential=NAME:…, not a path or a key",
         "invalid value for --key-credential");
  }
  const char *folder_path = NULL;
  static const char variable[] = "CREDENTIALS_DIRECTORY=";
  for (char **entry = environ; *entry != NULL; entry++) {
    if (strncmp(*entry, variable, sizeof variable - 1) == 0) folder_path = *entry + sizeof variable - 1;
  }
  if (folder_path == NULL || folder_path[0] == '\0') {
    fail(EXIT_RUNTIME, how, "--key-credential needs $CREDENTIALS_DIRECTORY, which is not set");
  }
  if (folder_path[0] != '/') fail(EXIT_RUNTIME, how, "$CREDENTIALS_DIRECTORY is not an absolute path");
  int folder = open(folder_path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (folder < 0) fail(EXIT_RUNTIME, how, "cannot open $CREDENTIALS_DIRECTORY: %s", strerror(errno));
  // Not blocking, for the case that it is a FIFO.
  int file = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
  int error = errno;
  close(folder);
  if (file < 0 && error == ELOOP) fail(EXIT_RUNTIME, how, "the credential of --key-credential is a symbolic link");
  if (file < 0 && error == ENOENT) {
    fail(EXIT_RUNTIME, how, "$CREDENTIALS_DIRECTORY holds no credential of the name that --key-credential gives");
  }
  if (file < 0) fail(EXIT_RUNTIME, how, "cannot open the credential of --key-credential: %s", strerror(error));
  struct stat status;
  if (fstat(file, &status) != 0 || !S_ISREG(status.st_mode)) {
    fail(EXIT_RUNTIME, how, "the credential of --key-credential is not a regular file");
  }
  put_on_stdin(file);
}

// Those that a service manager has passed are for the proxy. A command can leave a process behind, an
// agent for instance, which would hold them.
static void close_listening_sockets(void) {
  for (int fd = 3; fd < 8; fd++) {
    if (is_listening(fd)) close(fd);
  }
}

static void become_shell(const char *command, int output, const sigset_t *mask, const struct sigaction *child) {
#ifdef __linux__
  prctl(PR_SET_PDEATHSIG, SIGTERM);  // it is of no use without the launcher
#endif
  sigaction(SIGCHLD, child, NULL);
  sigprocmask(SIG_SETMASK, mask, NULL);
  if (dup2(output, STDOUT_FILENO) < 0) _exit(126);
  close_listening_sockets();
  execle("/bin/sh", "sh", "-c", command, (char *)NULL, environ);
  _exit(127);
}

static const char command_hint[] = "run it by itself: it has to print the key, alone on one line, and to exit with 0";

static void give_command_up(pid_t pid, const char *reason) {
  kill(pid, SIGTERM);
  fail(EXIT_RUNTIME, command_hint, "the command of --key-command %s", reason);
}

static long now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000L + now.tv_nsec / 1000000L;
}

// Whether more lies in the pipe than a key can have. One that is full is a command that waits in vain.
static bool has_too_much(int output, int capacity) {
  int filled = 0;
  if (ioctl(output, FIONREAD, &filled) != 0) return false;
  return filled > MAX_COMMAND_OUTPUT || filled >= capacity;
}

static int wait_for_command(pid_t pid, int output, int capacity) {
  long deadline = now_ms() + COMMAND_TIMEOUT_S * 1000L;
  const struct timespec nap = {.tv_nsec = 5 * 1000 * 1000};
  for (;;) {
    int status;
    pid_t ended = waitpid(pid, &status, WNOHANG);
    if (ended == pid) return status;
    if (ended < 0 && errno != EINTR) give_command_up(pid, "cannot be waited for");
    if (has_too_much(output, capacity)) give_command_up(pid, "prints more than a key");
    if (now_ms() > deadline) give_command_up(pid, "did not end within 30 seconds");
    nanosleep(&nap, NULL);
  }
}

static void take_output(const char *command) {
  int ends[2];
  if (pipe(ends) != 0) fail(EXIT_LAUNCHER, NULL, "cannot make a pipe: %s", strerror(errno));
  fcntl(ends[0], F_SETFD, FD_CLOEXEC);
  fcntl(ends[1], F_SETFD, FD_CLOEXEC);
  int capacity = MAX_COMMAND_OUTPUT * 2;
#ifdef F_SETPIPE_SZ
  // A user who has many pipes gets small ones, pipe(7).
  fcntl(ends[0], F_SETPIPE_SZ, capacity);
  capacity = fcntl(ends[0], F_GETPIPE_SZ);
#endif

  // A starter can ignore SIGCHLD for his children, who then cannot wait for theirs.
  struct sigaction heed = {.sa_handler = SIG_DFL}, before;
  sigaction(SIGCHLD, &heed, &before);
  sigset_t mask;
  sigprocmask(SIG_SETMASK, NULL, &mask);

  pid_t pid = fork();
  if (pid < 0) fail(EXIT_LAUNCHER, NULL, "cannot fork: %s", strerror(errno));
  if (pid == 0) become_shell(command, ends[1], &mask, &before);
  close(ends[1]);
  int status = wait_for_command(pid, ends[0], capacity);

  if (WIFSIGNALED(status)) {
    fail(EXIT_RUNTIME, command_hint, "the command of --key-command was ended by signal %d", WTERMSIG(status));
  }
  if (WEXITSTATUS(status) != 0) {
    fail(EXIT_RUNTIME, command_hint, "the command of --key-command exited with status %d", WEXITSTATUS(status));
  }
  int filled = 0;
  if (has_too_much(ends[0], capacity)) {
    fail(EXIT_RUNTIME, command_hint, "the command of --key-command printed more than a key");
  }
  if (ioctl(ends[0], FIONREAD, &filled) == 0 && filled == 0) {
    fail(EXIT_RUNTIME, command_hint, "the command of --key-command printed nothing");
  }
  put_on_stdin(ends[0]);
}

// Returns the argument that tells the proxy what to call the source, NULL for stdin as it came.
const char *take_key_source(const struct options *options) {
  if (options->key_fd >= 0) {
    take_descriptor(options->key_fd);
    return "--key-source=the descriptor";
  }
  if (options->key_credential != NULL) {
    take_credential(options->key_credential);
    return "--key-source=the credential";
  }
  if (options->key_command != NULL) {
    take_output(options->key_command);
    return "--key-source=the key command";
  }
  return NULL;
}
