// See client.h.

#include "client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"

enum { SENT_NS_DIGITS = 19, FILLER_BYTES = 256 * 1024 };

struct sightings seen;

static struct client *clients;
static size_t client_count;
static int epoll_fd = -1;
static char filler[FILLER_BYTES];  // what request bodies are made of

static void samples_add(struct samples *samples, uint64_t value) {
  if (samples->count == samples->room) {
    samples->room = samples->room == 0 ? 4096 : samples->room * 2;
    samples->values = realloc(samples->values, samples->room * sizeof *samples->values);
    if (samples->values == NULL) fail("out of memory");
  }
  samples->values[samples->count++] = value;
}

void samples_clear(struct sightings *sightings) {
  sightings->event_delay.count = 0;
  sightings->first_byte.count = 0;
  sightings->first_event.count = 0;
  sightings->answer.count = 0;
}

static int ascending(const void *a, const void *b) {
  uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;
  return (left > right) - (left < right);
}

void samples_print(const char *name, struct samples *samples) {
  qsort(samples->values, samples->count, sizeof *samples->values, ascending);
  printf("\"%s\":{\"p50\":%llu,\"p99\":%llu,\"max\":%llu}", name,
         (unsigned long long)samples->values[samples->count / 2],
         (unsigned long long)samples->values[samples->count * 99 / 100],
         (unsigned long long)samples->values[samples->count - 1]);
}

void client_close(struct client *client) {
  if (client->fd < 0) return;
  if (client->is_waiting) {
    struct linger reset = {.l_onoff = 1, .l_linger = 0};
    setsockopt(client->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  }
  close(client->fd);
  client->fd = -1;
}

void client_abort(struct client *client) {
  client->is_waiting = true;
  client_close(client);
}

void clients_close_all(void) {
  for (size_t i = 0; i < client_count; i++) client_close(&clients[i]);
  free(clients);
  clients = NULL;
  client_count = 0;
}

struct client *clients_make(size_t count, const struct request_options *options) {
  clients_close_all();
  if (epoll_fd < 0) {
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    memset(filler, ' ', sizeof filler);
  }
  clients = calloc(count, sizeof *clients);
  if (clients == NULL) fail("out of memory");
  client_count = count;
  for (size_t i = 0; i < count; i++) {
    clients[i].fd = -1;
    clients[i].options = options;
  }
  return clients;
}

void client_set_mode(struct client *client, const char *mode) {
  char authorization[128] = "";
  const char *key = client->options->key;
  if (key != NULL) snprintf(authorization, sizeof authorization, "Authorization: Bearer %s\r\n", key);
  client->head_length = (size_t)snprintf(
      client->head, sizeof client->head,
      "POST /v1/responses HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n%sContent-Type: application/json\r\n"
      "Accept: text/event-stream\r\nUser-Agent: bench\r\nX-Bench: %s\r\nContent-Length: %llu\r\n\r\n",
      client->options->port, authorization, mode, (unsigned long long)client->options->body_bytes);
  const char *delay = strstr(mode, "delay-us=");
  client->first_event_delay_ns = delay == NULL ? 0 : strtoull(delay + 9, NULL, 10) * NS_PER_US;
}

bool client_open(struct client *client) {
  client->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (client->fd < 0) fail("socket: %s", strerror(errno));
  setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
  struct sockaddr_in address = {
      .sin_family = AF_INET,
      .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
      .sin_port = htons((uint16_t)client->options->port),
  };
  // Blocks for no longer than the kernel takes: on loopback nobody has to accept for it.
  if (connect(client->fd, (struct sockaddr *)&address, sizeof address) != 0) {
    if (errno != ECONNREFUSED) fail("connect: %s", strerror(errno));
    close(client->fd);
    client->fd = -1;
    return false;
  }
  fcntl(client->fd, F_SETFL, O_NONBLOCK);
  struct epoll_event event = {.events = EPOLLIN | EPOLLOUT, .data.ptr = client};
  if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, client->fd, &event) != 0) fail("epoll_ctl: %s", strerror(errno));
  return true;
}

// Head and body in one call, as clients send them; what does not fit goes when there is room.
static void send_request(struct client *client) {
  uint64_t total = client->head_length + client->options->body_bytes;
  while (client->sent < total) {
    struct iovec parts[2];
    size_t count = 0;
    uint64_t body_sent = 0;
    if (client->sent < client->head_length) {
      parts[count++] = (struct iovec){client->head + client->sent, client->head_length - client->sent};
    } else {
      body_sent = client->sent - client->head_length;
    }
    uint64_t left = client->options->body_bytes - body_sent;
    if (left > 0) parts[count++] = (struct iovec){filler, left < FILLER_BYTES ? (size_t)left : FILLER_BYTES};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = count};
    ssize_t sent = sendmsg(client->fd, &message, MSG_NOSIGNAL);
    if (sent < 0 && errno == EAGAIN) break;
    if (sent < 0) fail("the connection broke while a request was sent: %s", strerror(errno));
    client->sent += (uint64_t)sent;
  }
  bool was_sending = client->is_sending;
  client->is_sending = client->sent < total;
  if (client->is_sending == was_sending) return;
  struct epoll_event event = {.events = client->is_sending ? EPOLLIN | EPOLLOUT : EPOLLIN, .data.ptr = client};
  epoll_ctl(epoll_fd, EPOLL_CTL_MOD, client->fd, &event);
}

void client_begin_request(struct client *client) {
  reader_reset(&client->reader, true);
  client->sent = 0;
  client->events = 0;
  client->has_answered = false;
  client->is_waiting = true;
  client->began_ns = now_ns();
  // A connection that is not there yet is watched for writing already.
  if (client->fd >= 0) send_request(client);
  else client->is_sending = true;
}

static void find_events(void *context, const char *data, size_t length) {
  static const char mark[] = "\"sent_ns\":\"";
  struct client *client = context;
  for (size_t i = 0; i < length; i++) {
    char byte = data[i];
    if (client->matched < sizeof mark - 1) {
      client->matched = byte == mark[client->matched] ? client->matched + 1 : byte == mark[0];
      client->digits = 0;
      client->sent_ns = 0;
      continue;
    }
    client->sent_ns = client->sent_ns * 10 + (uint64_t)(byte - '0');
    if (++client->digits < SENT_NS_DIGITS) continue;
    client->matched = 0;
    samples_add(&seen.event_delay, client->arrived_ns - client->sent_ns);
    if (++client->events > 1) continue;
    samples_add(&seen.first_event, client->arrived_ns - client->began_ns - client->first_event_delay_ns);
  }
}

static bool read_answer(struct client *client) {
  static char buffer[256 * 1024];
  ssize_t got = recv(client->fd, buffer, sizeof buffer, 0);
  if (got < 0 && errno == EAGAIN) return false;
  if (got < 0) fail("the connection broke while an answer was read: %s", strerror(errno));
  client->arrived_ns = now_ns();
  if (got == 0) {
    if (client->reader.state != READ_UNTIL_CLOSE) fail("the connection ended before its answer");
    client->reader.state = READ_DONE;
  } else {
    if (!client->has_answered) samples_add(&seen.first_byte, client->arrived_ns - client->began_ns);
    client->has_answered = true;
    reader_feed(&client->reader, buffer, (size_t)got, find_events, client);
  }
  if (client->reader.state == READ_FAILED) fail("an answer is not HTTP");
  if (client->reader.state != READ_HEAD && reader_status(&client->reader) != 200) {
    fail("an answer has status %d", reader_status(&client->reader));
  }
  if (client->reader.state != READ_DONE) return false;
  client->is_waiting = false;
  samples_add(&seen.answer, client->arrived_ns - client->began_ns);
  return true;
}

bool client_turn(struct client *client, uint32_t ready) {
  if (client->is_sending && (ready & EPOLLOUT)) send_request(client);
  return (ready & ~(uint32_t)EPOLLOUT) != 0 && read_answer(client);
}

int clients_poll(struct epoll_event *events, int room) {
  int count = epoll_wait(epoll_fd, events, room, 0);
  return count < 0 ? 0 : count;
}
