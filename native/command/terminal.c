// A terminal of the command's own: it controls the command's session, so that Ctrl-C, job control and
// /dev/tty are as a person has them.

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "command.h"

bool open_terminal(struct terminal *terminal, unsigned short rows, unsigned short columns) {
  int master = posix_openpt(O_RDWR | O_NOCTTY);
  if (master < 0) return false;
  fcntl(master, F_SETFD, FD_CLOEXEC);
  fcntl(master, F_SETFL, O_RDWR | O_NONBLOCK);
  const char *name = NULL;
  bool is_open = grantpt(master) == 0 && unlockpt(master) == 0 && (name = ptsname(master)) != NULL &&
                 strlen(name) < sizeof terminal->name;
  int slave = is_open ? open(name, O_RDWR | O_NOCTTY | O_CLOEXEC) : -1;
  if (slave < 0) {
    close(master);
    return false;
  }
  struct winsize size = {.ws_row = rows, .ws_col = columns};
  ioctl(master, TIOCSWINSZ, &size);
  terminal->master = master;
  terminal->slave = slave;
  snprintf(terminal->name, sizeof terminal->name, "%s", name);
  return true;
}

bool take_terminal(const struct terminal *terminal) {
  int fd = open(terminal->name, O_RDWR);
  if (fd < 0 || ioctl(fd, TIOCSCTTY, 0) != 0) return false;
  for (int stream = 0; stream <= 2; stream++) {
    if (dup2(fd, stream) != stream) return false;
  }
  if (fd > 2) close(fd);
  return true;
}
