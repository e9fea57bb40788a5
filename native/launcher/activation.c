// Takes the listening sockets that a service manager has passed, sd_listen_fds(3). Each is looked at:
// one that reaches beyond this machine would let the network use the key.

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "launcher.h"

enum { FIRST_GIVEN_FD = 3, MOST_GIVEN = 3 };

static const char unit_hint[] = "in the socket unit: ListenStream= with a path or a loopback address, and Accept=no";

static void refuse(int number, const char *hint, const char *reason) {
  fail(EXIT_RUNTIME, hint, "cannot take the socket passed as descriptor %d: %s", number, reason);
}

static int option_of(int fd, int option) {
  int value = -1;
  socklen_t length = sizeof value;
  return getsockopt(fd, SOL_SOCKET, option, &value, &length) == 0 ? value : -1;
}

static bool is_loopback(const struct sockaddr_storage *address) {
  if (address->ss_family == AF_INET) {
    return ntohl(((const struct sockaddr_in *)address)->sin_addr.s_addr) >> 24 == 127;
  }
  return IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)address)->sin6_addr);
}

static void read_name(int number, const struct sockaddr_storage *address, socklen_t length, char name[GIVEN_NAME]) {
  const struct sockaddr_un *path = (const struct sockaddr_un *)address;
  if (length <= offsetof(struct sockaddr_un, sun_path)) refuse(number, unit_hint, "it has no name");
  size_t bytes = length - offsetof(struct sockaddr_un, sun_path);
  bool is_abstract = path->sun_path[0] == '\0';
  snprintf(name, GIVEN_NAME, "%s%.*s", is_abstract ? "@" : "", (int)(is_abstract ? bytes - 1 : bytes),
           path->sun_path + (is_abstract ? 1 : 0));
  // Clients would be told another name, which anybody can take.
  if (is_abstract && strlen(name) != bytes) refuse(number, unit_hint, "its name has a NUL byte in it");
  for (const char *c = name; *c != '\0'; c++) {
    if ((unsigned char)*c < 0x20 || *c == 0x7f) refuse(number, unit_hint, "its name has a control character");
  }
}

static void take(int number, bool is_admin, struct given_sockets *given) {
  int type = option_of(number, SO_TYPE);
  if (type < 0) refuse(number, unit_hint, errno == EBADF ? "it is not open" : "it is no socket");
  if (type != SOCK_STREAM) refuse(number, unit_hint, "it is not a stream socket");
  if (option_of(number, SO_ACCEPTCONN) != 1) refuse(number, unit_hint, "it does not listen");
  struct sockaddr_storage address = {0};
  socklen_t length = sizeof address;
  if (getsockname(number, (struct sockaddr *)&address, &length) != 0) refuse(number, NULL, strerror(errno));

  int *place = NULL;
  if (address.ss_family == AF_UNIX) {
    place = is_admin ? &given->admin : &given->client;
    read_name(number, &address, length, is_admin ? given->admin_name : given->client_name);
  } else if (address.ss_family == AF_INET || address.ss_family == AF_INET6) {
    if (is_admin) refuse(number, "give it a path", "the admin socket must be a unix socket");
    if (!is_loopback(&address)) {
      refuse(number, unit_hint, "its address is not a loopback one, so that the network could use the key");
    }
#ifdef SO_PROTOCOL
    if (option_of(number, SO_PROTOCOL) != IPPROTO_TCP) refuse(number, unit_hint, "its protocol is not TCP");
#endif
    place = &given->tcp;
  } else {
    refuse(number, unit_hint, "it is neither TCP nor a unix socket");
    return;
  }
  if (*place >= 0) refuse(number, "pass one of each kind", "there is another of its kind before it");
  *place = keep_descriptor(number);
}

// How many were passed to this very process; 0 also where the variables are meant for another one.
static int count_given(void) {
  const char *pid = getenv("LISTEN_PID"), *fds = getenv("LISTEN_FDS");
  if (pid == NULL || fds == NULL) return 0;
  char own[32];
  snprintf(own, sizeof own, "%d", getpid());
  if (strcmp(pid, own) != 0) return 0;
  char *end;
  long count = strtol(fds, &end, 10);
  if (fds[0] < '0' || fds[0] > '9' || *end != '\0') {
    fail(EXIT_RUNTIME, "start it by its socket unit", "LISTEN_FDS is no number");
  }
  if (count > MOST_GIVEN) {
    fail(EXIT_RUNTIME, "pass one of each kind: TCP, unix, and a unix socket named admin",
         "more sockets were passed than can be served");
  }
  return (int)count;
}

void take_given_sockets(struct given_sockets *given) {
  *given = (struct given_sockets){.tcp = -1, .client = -1, .admin = -1};
  int count = count_given();
  const char *names = getenv("LISTEN_FDNAMES");
  bool has_names = names != NULL;
  for (int i = 0; i < count; i++) {
    size_t length = names == NULL ? 0 : strcspn(names, ":");
    bool is_admin = length == 5 && strncmp(names, "admin", 5) == 0;
    take(FIRST_GIVEN_FD + i, is_admin, given);
    if (names != NULL) names = names[length] == ':' ? names + length + 1 : NULL;
    bool is_last = i + 1 == count;
    if (has_names && is_last != (names == NULL)) {
      fail(EXIT_RUNTIME, "start it by its socket unit", "LISTEN_FDNAMES does not name each descriptor once");
    }
  }
}
