// Connections of a user who is refused: each sends a request, and is answered with 403 or closed.

#include "refused.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client.h"
#include "clock.h"

enum { MAX_OPEN = 48 };  // fewer than the proxy lets wait

static int open_sockets[MAX_OPEN];
static int open_count;
static int port;
static uint64_t gap_ns, next_ns, refused;
static unsigned uid;

static const char request[] =
    "POST /v1/responses HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    "Content-Length: 2\r\n\r\n{}";

void refused_begin(int to_port, uint64_t per_second, unsigned as_uid) {
  refused_end();
  port = to_port;
  uid = as_uid;
  refused = 0;
  gap_ns = per_second == 0 ? 0 : NS_PER_S / per_second;
  next_ns = now_ns();
}

// The uid of a socket is that of its maker's file system accesses.
static int make_socket(void) {
  setfsuid(uid);
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  setfsuid(geteuid());
  return fd;
}

static void open_one(void) {
  int fd = make_socket();
  struct sockaddr_in address = {
      .sin_family = AF_INET,
      .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
      .sin_port = htons((uint16_t)port),
  };
  if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
    fail("a refused client cannot connect: %s", strerror(errno));
  }
  fcntl(fd, F_SETFL, O_NONBLOCK);
  // By a reset at its end: no port is left waiting.
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &(struct linger){.l_onoff = 1}, sizeof(struct linger));
  if (send(fd, request, sizeof request - 1, MSG_NOSIGNAL) < 0) fail("a refused client cannot send");
  open_sockets[open_count++] = fd;
}

void refused_turn(void) {
  if (gap_ns == 0) return;
  for (int i = 0; i < open_count; i++) {
    char answer[2048];
    ssize_t got = recv(open_sockets[i], answer, sizeof answer, 0);
    if (got < 0 && errno == EAGAIN) continue;
    // Some are told, most are closed without a word.
    if (got > 0 && (got < 12 || memcmp(answer + 9, "403", 3) != 0)) fail("a refused client was let in");
    refused++;
    close(open_sockets[i]);
    open_sockets[i--] = open_sockets[--open_count];
  }
  // What could not be opened in time is left out: it is counted by its answers.
  if (now_ns() < next_ns) return;
  next_ns += gap_ns;
  if (open_count < MAX_OPEN) open_one();
}

uint64_t refused_count(void) { return refused; }

void refused_end(void) {
  while (open_count > 0) close(open_sockets[--open_count]);
  gap_ns = 0;
}
