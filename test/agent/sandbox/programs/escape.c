// One attempt to reach something outside: `escape ATTEMPT [ARGUMENT…]`. Exit 0: it got there. Exit 1: it was
// refused, with the reason on stdout. Anything else: the attempt itself is broken and proves nothing.

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <mqueue.h>
#include <netinet/in.h>
#include <pty.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

static int end(const char *attempt, long result) {
  if (result >= 0) return 0;
  printf("%s: %s\n", attempt, strerror(errno));
  return 1;
}

static int write_into(const char *path, int flags) {
  int fd = open(path, flags, 0644);
  return fd < 0 ? -1 : (int)write(fd, "escaped", 7);
}

static int reach_unix(const char *name, int is_abstract, int type) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  strcpy(address.sun_path + is_abstract, name);
  socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name) + 1);
  int fd = socket(AF_UNIX, type, 0);
  if (fd < 0) return -1;
  if (type == SOCK_STREAM) return connect(fd, (void *)&address, size);
  struct iovec part = {.iov_base = "x", .iov_len = 1};
  struct msghdr message = {.msg_name = &address, .msg_namelen = size, .msg_iov = &part, .msg_iovlen = 1};
  return (int)sendmsg(fd, &message, 0);
}

// Stays, for others to reach.
static int serve(const char *name, int is_abstract, int type) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  strcpy(address.sun_path + is_abstract, name);
  socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name) + 1);
  int fd = socket(AF_UNIX, type, 0);
  umask(0);
  if (bind(fd, (void *)&address, size) != 0) exit(2);
  if (type == SOCK_STREAM) listen(fd, 64);
  for (;;) {
    if (type == SOCK_STREAM) close(accept(fd, NULL, NULL));
    else recv(fd, (char[8]){0}, 8, 0);
  }
}

static int reach_internet(int type, int port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int fd = socket(AF_INET, type, 0);
  if (fd < 0) return -1;
  return type == SOCK_STREAM ? connect(fd, (void *)&address, sizeof address)
                             : (int)sendto(fd, "x", 1, 0, (void *)&address, sizeof address);
}

// Stays, with a terminal whose name is written to a file.
static int hold_terminal(const char *file) {
  int master, slave;
  char name[64];
  if (openpty(&master, &slave, name, NULL, NULL) != 0) exit(2);
  fchmod(slave, 0666);
  FILE *out = fopen(file, "w");
  fputs(name, out);
  fclose(out);
  for (;;) pause();
}

static int open_terminal_named_in(const char *file) {
  char name[64] = "";
  FILE *in = fopen(file, "r");
  if (in == NULL || fgets(name, sizeof name, in) == NULL) exit(2);
  return open(name, O_RDWR | O_NOCTTY);
}

static int make_set_uid(const char *path, int at_once) {
  int fd = open(path, O_CREAT | O_WRONLY, at_once ? 04755 : 0755);
  if (fd < 0) return -1;
  if (!at_once && fchmod(fd, 04755) != 0) return -1;
  struct stat status;
  if (fstat(fd, &status) != 0) exit(2);
  errno = EPERM;
  return (status.st_mode & S_ISUID) != 0 ? 0 : -1;
}

static int make_set_uid_by_openat2(const char *path) {
  struct {
    unsigned long long flags, mode, resolve;
  } how = {O_CREAT | O_WRONLY, 04755, 0};
  return (int)syscall(437, AT_FDCWD, path, &how, sizeof how);
}

static int limit_another(int pid) {
  struct rlimit none = {0, 0};
  return prlimit(pid, RLIMIT_CORE, &none, NULL);
}

// As a terminal's own session would, so that no privilege is needed.
static int inject_keystroke(void) {
  int master, slave;
  if (openpty(&master, &slave, NULL, NULL, NULL) != 0) return -1;  // no terminal, no keystroke
  pid_t child = fork();
  if (child == 0) {
    setsid();
    if (ioctl(slave, TIOCSCTTY, 0) != 0) _exit(2);
    _exit(ioctl(slave, TIOCSTI, "x") == 0 ? 0 : 1);
  }
  int status;
  waitpid(child, &status, 0);
  if (WEXITSTATUS(status) == 2) exit(2);
  errno = EPERM;
  return WEXITSTATUS(status) == 0 ? 0 : -1;
}

static int run_from_memory(const char *victim) {
  int fd = memfd_create("program", 0), self = open("/proc/self/exe", O_RDONLY);
  char block[65536];
  for (ssize_t n; (n = read(self, block, sizeof block)) > 0;) {
    if (write(fd, block, (size_t)n) != n) exit(2);
  }
  char *arguments[] = {"escape", "create", (char *)victim, NULL}, *none[] = {NULL};
  fexecve(fd, arguments, none);
  exit(2);
}

static long old_table(void) {
#if defined(__x86_64__)
  long result;
  __asm__ volatile("int $0x80" : "=a"(result) : "a"(20) : "memory", "r8", "r9", "r10", "r11");
  if (result < 0) errno = (int)-result;
  return result < 0 ? -1 : result;
#else
  exit(3);
#endif
}

static int by_handle(const char *path) {
  union {
    struct file_handle handle;
    char space[sizeof(struct file_handle) + MAX_HANDLE_SZ];
  } it = {.handle.handle_bytes = MAX_HANDLE_SZ};
  int mount_id, mount_fd = open(path, O_RDONLY);
  if (name_to_handle_at(AT_FDCWD, path, &it.handle, &mount_id, 0) != 0) exit(2);
  return open_by_handle_at(mount_fd, &it.handle, O_RDONLY);
}

static int in_background(const char *victim) {
  if (fork() == 0) {
    setsid();
    for (int fd = 0; fd <= 2; fd++) close(fd);
    usleep(300000);
    _exit(write_into(victim, O_WRONLY | O_CREAT) < 0);
  }
  return 0;
}

int main(int argc, char **argv) {
  if (argc < 2) return 2;
  const char *what = argv[1], *first = argc > 2 ? argv[2] : "", *second = argc > 3 ? argv[3] : "";
  char block[64] = "";
  int number = atoi(first);
#define ATTEMPT(name, expression) \
  if (strcmp(what, name) == 0) return end(name, (long)(expression))
  ATTEMPT("create", write_into(first, O_WRONLY | O_CREAT));
  ATTEMPT("overwrite", write_into(first, O_WRONLY));
  ATTEMPT("truncate", truncate(first, 0));
  ATTEMPT("open-truncating", open(first, O_RDONLY | O_TRUNC));
  ATTEMPT("rename", rename(first, second));
  ATTEMPT("link-and-write", link(first, second) != 0 ? -1 : write_into(second, O_WRONLY));
  ATTEMPT("symlink-and-write", symlink(first, second) != 0 ? -1 : write_into(second, O_WRONLY));
  ATTEMPT("unlink", unlink(first));
  ATTEMPT("mkdir", mkdir(first, 0755));
  ATTEMPT("chmod", chmod(first, 0777));
  ATTEMPT("utime", utimensat(AT_FDCWD, first, NULL, 0));
  ATTEMPT("xattr", setxattr(first, "user.escaped", "1", 1, 0));
  ATTEMPT("fifo", mkfifo(first, 0644));
  ATTEMPT("device", mknod(first, S_IFCHR | 0644, 0x103));
  ATTEMPT("open-for-writing", open(first, O_WRONLY));
  ATTEMPT("open-for-reading", open(first, O_RDONLY));
  ATTEMPT("readlink", readlink(first, block, sizeof block));
  ATTEMPT("at-descriptor", openat(number, second, O_WRONLY | O_CREAT, 0644));
  ATTEMPT("tcp", reach_internet(SOCK_STREAM, number));
  ATTEMPT("udp", reach_internet(SOCK_DGRAM, number));
  ATTEMPT("raw", socket(AF_INET, SOCK_RAW, 1));
  ATTEMPT("packet", socket(AF_PACKET, SOCK_RAW, 0));
  ATTEMPT("netlink", socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE));
  ATTEMPT("unix", reach_unix(first, 0, SOCK_STREAM));
  ATTEMPT("abstract", reach_unix(first, 1, SOCK_STREAM));
  ATTEMPT("datagram", reach_unix(first, 0, SOCK_DGRAM));
  ATTEMPT("datagram-by-raw-type", reach_unix(first, 0, SOCK_RAW));
  ATTEMPT("hold-terminal", hold_terminal(first));
  ATTEMPT("open-terminal", open_terminal_named_in(first));
  ATTEMPT("set-uid-file", make_set_uid(first, 1));
  ATTEMPT("set-uid-mode", make_set_uid(first, 0));
  ATTEMPT("set-uid-by-openat2", make_set_uid_by_openat2(first));
  ATTEMPT("limit-another", limit_another(number));
  ATTEMPT("make-queue", mq_open(first, O_CREAT | O_RDWR, 0666, NULL));
  ATTEMPT("remove-queue", mq_unlink(first));
  ATTEMPT("use-queue", mq_open(first, O_RDWR));
  ATTEMPT("receive", serve(first, 0, SOCK_DGRAM));
  ATTEMPT("listen-abstract", serve(first, 1, SOCK_STREAM));
  ATTEMPT("io_uring", syscall(425, 2, calloc(1, 256)));
  ATTEMPT("ptrace", ptrace(PTRACE_SEIZE, number, NULL, NULL));
  ATTEMPT("signal", kill(number, 0));
  struct iovec here = {.iov_base = block, .iov_len = 8};
  struct iovec there = {.iov_base = (void *)strtoul(second, NULL, 16), .iov_len = 8};
  ATTEMPT("read-memory", process_vm_readv(number, &here, 1, &there, 1, 0));
  ATTEMPT("take-descriptor", syscall(438, syscall(434, number, 0), 0, 0));
  ATTEMPT("mount", mount("none", first, "tmpfs", 0, NULL));
  ATTEMPT("remount", mount(NULL, first, NULL, MS_REMOUNT | MS_BIND, NULL));
  ATTEMPT("unmount", umount2(first, MNT_DETACH));
  ATTEMPT("unshare", unshare(CLONE_NEWUSER | CLONE_NEWNS));
  ATTEMPT("clone-namespace", syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, NULL, NULL, NULL, NULL));
  ATTEMPT("setns", setns(open("/proc/self/ns/mnt", O_RDONLY), CLONE_NEWNS));
  ATTEMPT("chroot", chroot(first));
  ATTEMPT("by-handle", by_handle(first));
  ATTEMPT("keyring", syscall(SYS_add_key, "user", "escaped", "x", 1, -4));
  ATTEMPT("userfaultfd", syscall(SYS_userfaultfd, 1));
  ATTEMPT("keystroke", inject_keystroke());
  ATTEMPT("from-memory", run_from_memory(first));
  ATTEMPT("old-table", old_table());
  ATTEMPT("in-background", in_background(first));
  ATTEMPT("make-segment", shmget(number, 4096, IPC_CREAT | 0666));
  ATTEMPT("remove-segment", shmctl(shmget(number, 0, 0), IPC_RMID, NULL));
  ATTEMPT("use-segment", shmat(shmget(number, 4096, 0666), NULL, 0) == (void *)-1 ? -1 : 0);
  errno = EPERM;
  ATTEMPT("be-root", geteuid() == 0 ? 0 : -1);
  return 2;
}
