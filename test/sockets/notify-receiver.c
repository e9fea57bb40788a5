// Receives datagrams on a unix socket, a path or @NAME, and prints each as a line: the sender's pid and
// uid by the kernel's word, then the text with its line ends written \n. "0 0 " when it listens.

#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

int main(int argc, char **argv) {
  if (argc != 2) return 2;
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  size_t length = strlen(argv[1]);
  if (length >= sizeof address.sun_path) return 2;
  memcpy(address.sun_path, argv[1], length);
  if (argv[1][0] == '@') address.sun_path[0] = '\0';
  int fd = socket(AF_UNIX, SOCK_DGRAM, 0), on = 1;
  setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof on);
  if (bind(fd, (struct sockaddr *)&address, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length)) != 0) {
    perror("bind");
    return 1;
  }
  if (argv[1][0] == '/') chmod(argv[1], 0777);
  setvbuf(stdout, NULL, _IOLBF, 0);
  puts("0 0 ");
  for (;;) {
    char text[4096], control[CMSG_SPACE(sizeof(struct ucred))];
    struct iovec part = {.iov_base = text, .iov_len = sizeof text - 1};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    ssize_t got = recvmsg(fd, &message, 0);
    if (got < 0) return 1;
    text[got] = '\0';
    struct ucred sender = {0};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    if (header != NULL && header->cmsg_type == SCM_CREDENTIALS) memcpy(&sender, CMSG_DATA(header), sizeof sender);
    printf("%d %d ", sender.pid, sender.uid);
    for (const char *c = text; *c != '\0'; c++) *c == '\n' ? fputs("\\n", stdout) : putchar(*c);
    putchar('\n');
  }
}
