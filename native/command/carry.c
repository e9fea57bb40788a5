// Bytes on their way from one descriptor to another, neither of which is waited for.

#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "command.h"

static bool is_empty(const struct load *load) { return load->start == load->end; }

bool is_delivered(const struct load *load) { return load->to < 0 || (load->from < 0 && is_empty(load)); }

bool is_waiting_for_reader(const struct load *load) { return load->to >= 0 && !is_empty(load); }

// One load at a time: who does not take what there is, gets no more.
void plan_load(const struct load *load, struct pollfd *from, struct pollfd *to) {
  *from = (struct pollfd){.fd = is_empty(load) && load->to >= 0 ? load->from : -1, .events = POLLIN};
  *to = (struct pollfd){.fd = is_empty(load) ? -1 : load->to, .events = POLLOUT};
}

static bool has_to_wait(ssize_t length) { return length < 0 && (errno == EAGAIN || errno == EINTR); }

void carry_load(struct load *load, const struct pollfd *from, const struct pollfd *to) {
  if (from->revents != 0) {
    ssize_t length = read(load->from, load->bytes, sizeof load->bytes);
    load->start = load->end = 0;
    // A terminal that nobody has open any more fails with EIO.
    if (length > 0) load->end = (size_t)length;
    else if (!has_to_wait(length)) load->from = -1;
  }
  if (to->revents != 0 && !is_empty(load)) {
    ssize_t length = write(load->to, load->bytes + load->start, load->end - load->start);
    if (length > 0) load->start += (size_t)length;
    else if (!has_to_wait(length)) load->to = -1;
  }
}
