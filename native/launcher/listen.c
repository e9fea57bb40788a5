// Opens the listening socket, so that the proxy needs no bind(2) and can be denied it for good.

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "launcher.h"

static void give_up(int port) {
  int error = errno;
  const char *hint = error == EADDRINUSE ? "another process has this port; choose another or leave --port out"
                     : error == EACCES   ? "ports below 1024 are for root; choose a higher one or leave --port out"
                                         : NULL;
  fail(EXIT_RUNTIME, hint, "failed to bind 127.0.0.1:%d: %s", port, strerror(error));
}

void listen_on_loopback(int port) {
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  if (fd < 0) give_up(port);

  // As every server does: a restart must not wait for connections of the last run in TIME_WAIT.
  int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);

  struct sockaddr_in address = {
      .sin_family = AF_INET,
      .sin_port = htons((unsigned short)port),
      .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
  };
  if (bind(fd, (struct sockaddr *)&address, sizeof address) != 0) give_up(port);
  if (listen(fd, SOMAXCONN) != 0) give_up(port);

  if (fd == LISTEN_FD) return;
  if (dup2(fd, LISTEN_FD) < 0) give_up(port);
  close(fd);
}
