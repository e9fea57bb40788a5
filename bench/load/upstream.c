// See upstream.h.

#include "upstream.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "http-reader.h"

#ifdef WITH_TLS
#include <openssl/err.h>
#include <openssl/ssl.h>
#else
typedef void SSL;
#endif

enum { NOT_IN_HEAP = -1, MAX_BATCH = 256 };

struct connection {
  int fd;
  SSL *ssl;  // NULL for a plain connection
  // the stream that is being sent
  uint64_t next_send_ns;
  uint64_t gap_ns;
  uint64_t events_left;
  int heap_index;
  // bytes that the socket did not take
  char *pending;
  size_t pending_length;
  struct reader reader;
};

struct listener {
  int fd;
  bool is_tls;
};

static int epoll_fd = -1;
static struct listener plain_listener, tls_listener;
static char *expected_authorization;

static void die(const char *what) {
  fprintf(stderr, "upstream: %s: %s\n", what, strerror(errno));
  exit(1);
}

// The streams by the time of their next event: a binary heap.

static struct connection **heap;
static int heap_size, heap_room;

static void heap_put(int index, struct connection *connection) {
  heap[index] = connection;
  connection->heap_index = index;
}

static void heap_sift(int index) {
  struct connection *moved = heap[index];
  while (index > 0 && heap[(index - 1) / 2]->next_send_ns > moved->next_send_ns) {
    heap_put(index, heap[(index - 1) / 2]);
    index = (index - 1) / 2;
  }
  for (;;) {
    int child = 2 * index + 1;
    if (child >= heap_size) break;
    if (child + 1 < heap_size && heap[child + 1]->next_send_ns < heap[child]->next_send_ns) child++;
    if (heap[child]->next_send_ns >= moved->next_send_ns) break;
    heap_put(index, heap[child]);
    index = child;
  }
  heap_put(index, moved);
}

static void heap_add(struct connection *connection) {
  if (heap_size == heap_room) {
    heap_room = heap_room == 0 ? 1024 : heap_room * 2;
    heap = realloc(heap, (size_t)heap_room * sizeof *heap);
    if (heap == NULL) die("out of memory");
  }
  heap_put(heap_size++, connection);
  heap_sift(heap_size - 1);
}

static void heap_remove(struct connection *connection) {
  int index = connection->heap_index;
  connection->heap_index = NOT_IN_HEAP;
  struct connection *last = heap[--heap_size];
  if (last == connection) return;
  heap_put(index, last);
  heap_sift(index);
}

uint64_t upstream_next_ns(void) { return heap_size == 0 ? 0 : heap[0]->next_send_ns; }

int upstream_streams(void) { return heap_size; }

static void drop(struct connection *connection) {
  if (connection->heap_index != NOT_IN_HEAP) heap_remove(connection);
#ifdef WITH_TLS
  SSL_free(connection->ssl);
#endif
  close(connection->fd);
  free(connection->pending);
  free(connection);
}

#ifdef WITH_TLS
// As a system call would say it.
static ssize_t tls_result(struct connection *connection, int result) {
  if (result > 0) return result;
  int reason = SSL_get_error(connection->ssl, result);
  ERR_clear_error();
  if (reason == SSL_ERROR_ZERO_RETURN) return 0;
  errno = reason == SSL_ERROR_WANT_READ || reason == SSL_ERROR_WANT_WRITE ? EAGAIN : EIO;
  return -1;
}
#endif

static ssize_t receive(struct connection *connection, char *buffer, size_t size) {
#ifdef WITH_TLS
  if (connection->ssl != NULL) return tls_result(connection, SSL_read(connection->ssl, buffer, (int)size));
#endif
  return recv(connection->fd, buffer, size, 0);
}

static ssize_t transmit(struct connection *connection, const char *data, size_t length) {
#ifdef WITH_TLS
  if (connection->ssl != NULL) return tls_result(connection, SSL_write(connection->ssl, data, (int)length));
#endif
  return send(connection->fd, data, length, MSG_NOSIGNAL);
}

static void watch(struct connection *connection, uint32_t events) {
  struct epoll_event event = {.events = events, .data.ptr = connection};
  epoll_ctl(epoll_fd, EPOLL_CTL_MOD, connection->fd, &event);
}

// Like the next, false where the connection is broken.
static bool flush_pending(struct connection *connection) {
  while (connection->pending_length > 0) {
    ssize_t sent = transmit(connection, connection->pending, connection->pending_length);
    if (sent < 0) return errno == EAGAIN;
    connection->pending_length -= (size_t)sent;
    memmove(connection->pending, connection->pending + sent, connection->pending_length);
  }
  watch(connection, EPOLLIN);
  return true;
}

static bool put(struct connection *connection, const char *data, size_t length) {
  if (connection->pending_length == 0) {
    ssize_t sent = transmit(connection, data, length);
    if (sent < 0 && errno != EAGAIN) return false;
    if (sent > 0) {
      data += sent;
      length -= (size_t)sent;
    }
    if (length == 0) return true;
    watch(connection, EPOLLIN | EPOLLOUT);
  }
  char *grown = realloc(connection->pending, connection->pending_length + length);
  if (grown == NULL) die("out of memory");
  memcpy(grown + connection->pending_length, data, length);
  connection->pending = grown;
  connection->pending_length += length;
  return true;
}

static bool send_event(struct connection *connection) {
  // As long as a text delta of the Responses API.
  static const char rest[] =
      "\"item_id\":\"msg_68af2c9b21d081938e4ffb7a3b2c7bd30f6a1e22\",\"output_index\":0,"
      "\"content_index\":0,\"delta\":\" word\",\"logprobs\":[],\"obfuscation\":\"9mTqR2\"";
  char event[512], chunk[600];
  int length = snprintf(event, sizeof event,
                        "event: response.output_text.delta\n"
                        "data: {\"type\":\"response.output_text.delta\",\"sent_ns\":\"%019llu\",%s}\n\n",
                        (unsigned long long)now_ns(), rest);
  bool is_last = --connection->events_left == 0;
  int total = snprintf(chunk, sizeof chunk, "%x\r\n%s\r\n%s", (unsigned)length, event, is_last ? "0\r\n\r\n" : "");
  return put(connection, chunk, (size_t)total);
}

static void send_due_events(void) {
  if (heap_size == 0) return;
  uint64_t now = now_ns();
  while (heap_size > 0 && heap[0]->next_send_ns <= now) {
    struct connection *connection = heap[0];
    if (!send_event(connection)) {
      drop(connection);
      continue;
    }
    if (connection->events_left == 0) {
      heap_remove(connection);
      continue;
    }
    connection->next_send_ns += connection->gap_ns;
    heap_sift(0);
  }
}

static uint64_t field(const char *mode, const char *name, uint64_t otherwise) {
  const char *at = strstr(mode, name);
  return at == NULL ? otherwise : strtoull(at + strlen(name), NULL, 10);
}

static bool begin_stream(struct connection *connection, const char *mode) {
  static const char head[] =
      "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nTransfer-Encoding: chunked\r\n\r\n";
  uint64_t now = now_ns();
  connection->events_left = field(mode, "events=", 1);
  connection->gap_ns = field(mode, "gap-us=", 1000) * NS_PER_US;
  if (strstr(mode, "phase-us=") != NULL) {
    uint64_t phase = field(mode, "phase-us=", 0) * NS_PER_US;
    connection->next_send_ns = now / connection->gap_ns * connection->gap_ns + phase;
    if (connection->next_send_ns <= now) connection->next_send_ns += connection->gap_ns;
  } else {
    connection->next_send_ns = now + field(mode, "delay-us=", 0) * NS_PER_US;
  }
  heap_add(connection);
  return put(connection, head, sizeof head - 1);
}

#define JSON_BODY                                                                                            \
  "{\"id\":\"resp_68af2c9b21d081938e4ffb7a3b2c7bd3\",\"object\":\"response\",\"status\":\"completed\"," \
  "\"model\":\"gpt-5\",\"output\":[{\"type\":\"message\",\"role\":\"assistant\",\"content\":[{\"type\":" \
  "\"output_text\",\"text\":\"ok\"}]}]}"

static bool answer(struct connection *connection) {
  static const char json[] =
      "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 199\r\n\r\n" JSON_BODY;
  _Static_assert(sizeof JSON_BODY - 1 == 199, "the Content-Length above");
  static const char no_key[] = "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n";
  const struct reader *reader = &connection->reader;

  size_t length;
  const char *value = reader_header(reader, "authorization", &length);
  bool has_key = value != NULL && length == strlen(expected_authorization) &&
                 memcmp(value, expected_authorization, length) == 0;
  if (!has_key) return put(connection, no_key, sizeof no_key - 1);

  value = reader_header(reader, "x-bench", &length);
  char mode[256] = "json";
  if (value != NULL && length < sizeof mode) {
    memcpy(mode, value, length);
    mode[length] = '\0';
  }
  if (strncmp(mode, "stream", 6) == 0) return begin_stream(connection, mode);
  return put(connection, json, sizeof json - 1);
}

static bool take(struct connection *connection, const char *data, size_t length) {
  struct reader *reader = &connection->reader;
  while (length > 0) {
    size_t taken = reader_feed(reader, data, length, NULL, NULL);
    data += taken;
    length -= taken;
    if (reader->state == READ_FAILED) return false;
    if (reader->state == READ_DONE) {
      if (!answer(connection)) return false;
      reader_reset(reader, false);
    }
  }
  return true;
}

static bool serve(struct connection *connection) {
  static char buffer[256 * 1024];
  do {
    ssize_t got = receive(connection, buffer, sizeof buffer);
    if (got == 0) return false;
    if (got < 0) return errno == EAGAIN;
    if (!take(connection, buffer, (size_t)got)) return false;
    // OpenSSL may hold more than it gave; a plain socket stays readable until it is empty.
  } while (connection->ssl != NULL);
  return true;
}

#ifdef WITH_TLS
static SSL_CTX *tls_context;

static SSL *begin_tls(int fd) {
  SSL *ssl = SSL_new(tls_context);
  if (ssl == NULL || SSL_set_fd(ssl, fd) != 1) die("out of memory");
  SSL_set_accept_state(ssl);
  return ssl;
}
#else
static SSL *begin_tls(int fd) {
  (void)fd;
  return NULL;
}
#endif

static void accept_all(const struct listener *listener) {
  for (;;) {
    int fd = accept4(listener->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
      if (errno != EAGAIN && errno != ECONNABORTED) die("accept");
      return;
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    struct connection *connection = calloc(1, sizeof *connection);
    if (connection == NULL) die("out of memory");
    connection->fd = fd;
    connection->heap_index = NOT_IN_HEAP;
    reader_reset(&connection->reader, false);
    if (listener->is_tls) connection->ssl = begin_tls(fd);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};
    epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event);
  }
}

static int listen_on_free_port(struct listener *listener) {
  listener->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof address;
  if (listener->fd < 0 || bind(listener->fd, (struct sockaddr *)&address, size) != 0 ||
      listen(listener->fd, 4096) != 0) {
    die("cannot listen");
  }
  struct epoll_event accepting = {.events = EPOLLIN, .data.ptr = listener};
  epoll_ctl(epoll_fd, EPOLL_CTL_ADD, listener->fd, &accepting);
  getsockname(listener->fd, (struct sockaddr *)&address, &size);
  return ntohs(address.sin_port);
}

void upstream_prepare(const char *key) {
  if (asprintf(&expected_authorization, "Bearer %s", key) < 0) die("out of memory");
  epoll_fd = epoll_create1(EPOLL_CLOEXEC);
  if (epoll_fd < 0) die("epoll_create1");
}

int upstream_listen(void) { return listen_on_free_port(&plain_listener); }

int upstream_listen_tls(const char *certificate, const char *private_key) {
#ifdef WITH_TLS
  tls_context = SSL_CTX_new(TLS_server_method());
  SSL_CTX_set_mode(tls_context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  if (SSL_CTX_use_certificate_chain_file(tls_context, certificate) != 1 ||
      SSL_CTX_use_PrivateKey_file(tls_context, private_key, SSL_FILETYPE_PEM) != 1) {
    ERR_print_errors_fp(stderr);
    exit(1);
  }
  tls_listener.is_tls = true;
  return listen_on_free_port(&tls_listener);
#else
  (void)certificate, (void)private_key, (void)tls_listener;
  return -1;
#endif
}

int upstream_fd(void) { return epoll_fd; }

void upstream_turn(void) {
  struct epoll_event events[MAX_BATCH];
  int count = epoll_wait(epoll_fd, events, MAX_BATCH, 0);
  for (int i = 0; i < count; i++) {
    void *source = events[i].data.ptr;
    if (source == &plain_listener || source == &tls_listener) {
      accept_all(source);
      continue;
    }
    struct connection *connection = source;
    bool is_alive = true;
    if (events[i].events & EPOLLOUT) is_alive = flush_pending(connection);
    if (is_alive && (events[i].events & ~(uint32_t)EPOLLOUT)) is_alive = serve(connection);
    if (!is_alive) drop(connection);
  }
  // Not within the batch: it may drop connections that stand in it.
  send_due_events();
}
