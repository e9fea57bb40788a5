// Connects to a port of 127.0.0.1 by Multipath TCP and waits to be ended. Exits 2 where there is none.

#include <arpa/inet.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MULTIPATH_TCP = 262 };

int main(int argc, char **argv) {
  int fd = socket(AF_INET, SOCK_STREAM, MULTIPATH_TCP);
  if (fd < 0 || argc != 2) return 2;
  struct sockaddr_in address = {
      .sin_family = AF_INET,
      .sin_port = htons((unsigned short)atoi(argv[1])),
      .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
  };
  if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0) return 1;
  pause();
  return 0;
}
