// Upstream and clients of the benchmark in one thread that never sleeps while it measures. So no proxy
// pays for waking it up, which on a virtual machine costs more than the work that is measured; and both
// together need a fraction of the time that the fastest proxy needs.
//
//   load PROXY_CORE KEY [CERTIFICATE PRIVATE_KEY]
//
// prints {"plain":PORT,"tls":PORT}, then takes commands on stdin, a line each, and answers each with a
// line of JSON. PROXY_CORE is where the proxies run, -1 where that is the core of this program.
//
//   rate    --connections C --ms T         requests one after the other on C connections
//   streams --streams S --gap-us G --ms T  S streams at once, an event each every G
//   first   --delay-us D --ms T            one request after the other, the first event D after it
//   hold    --streams S                    open S streams and keep them until the next command
//   body                                   one request
//   start                                  try until a first request is answered
//   release                                close what `hold` has opened
//
//   --port N  --body-bytes B               where to, and with how large a body
//   --key K                                send it: where no proxy adds it
//   --pids A,B,…                           whose CPU time to read
//   --fresh 1                    rate: a new connection for each request
//   --refused-per-second R --refused-uid U   streams: that many connections of a user who is refused
//   --noisy 1                              count what was disturbed too, see slices.h
//
// Times are nanoseconds. CPU time is the kernel's clock of a whole process, threads that have ended
// included: what utime and stime in /proc/PID/stat are made of, in nanoseconds instead of 10 ms ticks.

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client.h"
#include "clock.h"
#include "refused.h"
#include "slices.h"
#include "upstream.h"

enum {
  MAX_BATCH = 256,
  MAX_PIDS = 64,
  MAX_OPENING = 64,  // connections that wait for their first byte: more would overflow listen queues
};
static const uint64_t warm_up_ns = 300 * NS_PER_MS;
static const uint64_t first_warm_up_ns = 1000 * NS_PER_MS;  // one client alone warms up slowly

// How much of a slice of 100 ms others may have had. While a proxy never sleeps, the kernel brings its CPU
// time up to date with the clock tick alone, every 4 ms.
static const uint64_t tolerance_ns = 2 * NS_PER_MS, busy_tolerance_ns = 7 * NS_PER_MS;
static const uint64_t stall_ns = 25ULL * NS_PER_S;

static struct {
  struct request_options request;
  uint64_t connections, streams, ms, gap_us, delay_us, noisy, fresh, refused_per_second, refused_uid;
  pid_t pids[MAX_PIDS];
  int pid_count;
} options;

static jmp_buf command_loop;

void fail(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  printf("{\"error\":\"");
  vprintf(format, arguments);
  printf("\"}\n");
  va_end(arguments);
  longjmp(command_loop, 1);
}

static uint64_t cpu_ns(void) {
  uint64_t sum = 0;
  for (int i = 0; i < options.pid_count; i++) {
    clockid_t clock;
    if (clock_getcpuclockid(options.pids[i], &clock) == 0) sum += clock_ns(clock);
  }
  return sum;
}

// One turn of everything; fails when nothing has happened for long.
static int turn(struct epoll_event *events) {
  static uint64_t last_ns;
  upstream_turn();
  int count = clients_poll(events, MAX_BATCH);
  uint64_t now = now_ns();
  if (count > 0 || now - last_ns > 2 * stall_ns) last_ns = now;
  if (now - last_ns > stall_ns) fail("nothing arrived for 25 seconds");
  return count;
}

static void begin_slices(struct slices *slices, uint64_t tolerance) {
  slices_begin(slices, options.ms, options.noisy ? UINT64_MAX / 4 : tolerance, cpu_ns);
}

// Begins the answer; the samples come after it.
static void print_slices(const struct slices *slices) {
  slices_require(slices);
  if (slices->kept_count == 0) fail("nothing was measured");
  printf("{\"count\":%llu,\"ns\":%llu,\"cpu\":%llu,\"kept\":%d,\"slices\":%d,", (unsigned long long)slices->kept_count,
         (unsigned long long)slices->kept_ns, (unsigned long long)slices->kept_cpu_ns, slices->kept, slices->all);
}

static void measure_rate(void) {
  struct client *clients = clients_make(options.connections, &options.request);
  for (uint64_t i = 0; i < options.connections; i++) {
    client_set_mode(&clients[i], "json");
    client_begin_request(&clients[i]);
    if (!client_open(&clients[i])) fail("nobody listens");
  }
  struct slices slices;
  uint64_t warm_ns = now_ns() + warm_up_ns, requests = 0, open = options.connections;
  size_t measured = 0;
  bool is_warm = false, is_over = false;
  while (open > 0) {
    struct epoll_event events[MAX_BATCH];
    int count = turn(events);
    for (int i = 0; i < count; i++) {
      struct client *client = events[i].data.ptr;
      if (!client_turn(client, events[i].events)) continue;
      requests++;
      if (!is_over) {
        if (options.fresh) client_abort(client);
        client_begin_request(client);
        if (client->fd < 0 && !client_open(client)) fail("nobody listens");
        continue;
      }
      client_close(client);
      open--;
    }
    if (is_warm && !is_over) {
      is_over = slices_turn(&slices, requests);
      measured = seen.answer.count;
    }
    if (!is_warm && now_ns() >= warm_ns) {
      is_warm = true;
      requests = 0;
      samples_clear(&seen);
      begin_slices(&slices, busy_tolerance_ns);
    }
  }
  seen.answer.count = measured;  // the others came when it was over
  print_slices(&slices);
  samples_print("latency", &seen.answer);
  printf("}\n");
}

// Opens more, but not too many at a time.
static void open_streams(struct client *clients, uint64_t *opened, uint64_t served) {
  while (*opened < options.streams && *opened - served < MAX_OPENING) {
    if (!client_open(&clients[(*opened)++])) fail("nobody listens");
  }
}

// Measured from the moment when every stream flows, so that opening them is left out. Where some do not
// get their turn, it begins without them after a while. At the end they are given up.
static void measure_streams(void) {
  struct client *clients = clients_make(options.streams, &options.request);
  for (uint64_t i = 0; i < options.streams; i++) {
    char mode[128];
    snprintf(mode, sizeof mode, "stream events=1000000000 gap-us=%llu phase-us=%llu", (unsigned long long)options.gap_us,
             (unsigned long long)(options.gap_us * i / options.streams));
    client_set_mode(&clients[i], mode);
    client_begin_request(&clients[i]);
  }
  const uint64_t patience_ns = 3ULL * NS_PER_S;
  uint64_t opened = 0, connected = 0, flowing = 0, arrived = 0, began_ns = now_ns();
  bool is_measuring = false, is_over = false;
  struct slices slices;
  while (!is_over) {
    open_streams(clients, &opened, connected);
    struct epoll_event events[MAX_BATCH];
    int count = turn(events);
    for (int i = 0; i < count; i++) {
      struct client *client = events[i].data.ptr;
      bool was_sending = client->is_sending;
      uint64_t before = client->events;
      if (client_turn(client, events[i].events)) fail("a stream ended by itself");
      if (was_sending && !client->is_sending) connected++;
      arrived += client->events - before;
      if (before == 0 && client->events > 0) flowing++;
    }
    if (is_measuring) is_over = slices_turn(&slices, arrived);
    if (!is_measuring && (flowing == options.streams || now_ns() - began_ns >= patience_ns)) {
      is_measuring = true;
      samples_clear(&seen);
      arrived = 0;
      begin_slices(&slices, tolerance_ns);
      refused_begin(options.request.port, options.refused_per_second, (unsigned)options.refused_uid);
    }
    refused_turn();
  }
  print_slices(&slices);
  printf("\"refused\":%llu,", (unsigned long long)refused_count());
  refused_end();
  printf("\"flowing\":%llu,", (unsigned long long)flowing);
  samples_print("delay", &seen.event_delay);
  printf("}\n");
}

static void wait_for_answer(struct client *client) {
  struct epoll_event events[MAX_BATCH];
  for (;;) {
    int count = turn(events);
    for (int i = 0; i < count; i++) {
      if (client_turn(client, events[i].events)) return;
    }
  }
}

static void measure_first(void) {
  struct client *client = clients_make(1, &options.request);
  char mode[128];
  snprintf(mode, sizeof mode, "stream events=2 gap-us=1000 delay-us=%llu", (unsigned long long)options.delay_us);
  client_set_mode(client, mode);
  struct slices slices;
  uint64_t warm_ns = now_ns() + first_warm_up_ns, requests = 0;
  bool is_warm = false, is_over = false;
  while (!is_over) {
    if (!is_warm && now_ns() >= warm_ns) {
      is_warm = true;
      requests = 0;
      samples_clear(&seen);
      begin_slices(&slices, tolerance_ns);
    }
    client_begin_request(client);
    if (client->fd < 0 && !client_open(client)) fail("nobody listens");
    wait_for_answer(client);
    requests++;
    if (is_warm) is_over = slices_turn(&slices, requests);
  }
  client_close(client);
  print_slices(&slices);
  samples_print("firstByte", &seen.first_byte);
  printf(",");
  samples_print("firstEvent", &seen.first_event);
  printf("}\n");
}

// A stream is open when it has reached the upstream: not every proxy passes a first event on at once.
static void hold_streams(void) {
  const uint64_t patience_ns = 20ULL * NS_PER_S;
  struct client *clients = clients_make(options.streams, &options.request);
  for (uint64_t i = 0; i < options.streams; i++) {
    client_set_mode(&clients[i], "stream events=2 gap-us=3600000000 delay-us=0");
    client_begin_request(&clients[i]);
  }
  int before = upstream_streams();
  uint64_t opened = 0, reached = 0, began_ns = now_ns();
  while (reached < options.streams) {
    open_streams(clients, &opened, reached);
    struct epoll_event events[MAX_BATCH];
    int count = turn(events);
    for (int i = 0; i < count; i++) {
      struct client *client = events[i].data.ptr;
      if (client_turn(client, events[i].events)) fail("a stream ended while it was held");
    }
    int streams = upstream_streams();
    reached = streams > before ? (uint64_t)(streams - before) : 0;
    if (now_ns() - began_ns > patience_ns) fail("after 20 seconds %llu streams are open", (unsigned long long)reached);
  }
  printf("{\"streams\":%llu}\n", (unsigned long long)reached);
}

static void send_body(void) {
  struct client *client = clients_make(1, &options.request);
  client_set_mode(client, "json");
  uint64_t cpu = cpu_ns();
  client_begin_request(client);
  if (!client_open(client)) fail("nobody listens");
  wait_for_answer(client);
  client_close(client);
  printf("{\"ns\":%llu,\"cpu\":%llu}\n", (unsigned long long)(client->arrived_ns - client->began_ns),
         (unsigned long long)(cpu_ns() - cpu));
}

// Who listens early may serve late, so what counts is the answer.
static void wait_for_start(void) {
  struct client *client = clients_make(1, &options.request);
  client_set_mode(client, "json");
  uint64_t began = now_ns();
  client_begin_request(client);
  while (!client_open(client)) {
    if (now_ns() - began > stall_ns) fail("nobody listens");
    usleep(200);
  }
  wait_for_answer(client);
  client_close(client);
  printf("{\"answeredAt\":%llu}\n", (unsigned long long)client->arrived_ns);
}

static void release(void) { printf("{}\n"); }

static void parse_pids(const char *text) {
  while (*text != '\0' && options.pid_count < MAX_PIDS) {
    char *end;
    options.pids[options.pid_count++] = (pid_t)strtol(text, &end, 10);
    text = *end == ',' ? end + 1 : end;
  }
}

static void parse_options(char **rest) {
  const struct {
    const char *name;
    uint64_t *value;
  } numbers[] = {
      {"--connections", &options.connections}, {"--streams", &options.streams},
      {"--ms", &options.ms},                   {"--gap-us", &options.gap_us},
      {"--delay-us", &options.delay_us},       {"--body-bytes", &options.request.body_bytes},
      {"--noisy", &options.noisy},             {"--fresh", &options.fresh},
      {"--refused-per-second", &options.refused_per_second},
      {"--refused-uid", &options.refused_uid},
  };
  memset(&options, 0, sizeof options);
  for (;;) {
    const char *name = strtok_r(NULL, " \n", rest), *value = strtok_r(NULL, " \n", rest);
    if (name == NULL) return;
    if (value == NULL) fail("%s needs a value", name);
    bool is_known = true;
    if (strcmp(name, "--port") == 0) options.request.port = atoi(value);
    else if (strcmp(name, "--key") == 0) options.request.key = value;
    else if (strcmp(name, "--pids") == 0) parse_pids(value);
    else is_known = false;
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
      if (strcmp(name, numbers[i].name) != 0) continue;
      *numbers[i].value = strtoull(value, NULL, 10);
      is_known = true;
    }
    if (!is_known) fail("unknown option %s", name);
  }
}

static void run(char *line) {
  static const struct {
    const char *name;
    void (*measure)(void);
  } commands[] = {
      {"rate", measure_rate}, {"streams", measure_streams}, {"first", measure_first}, {"hold", hold_streams},
      {"body", send_body},    {"start", wait_for_start},    {"release", release},
  };
  char *rest;
  const char *name = strtok_r(line, " \n", &rest);
  if (name == NULL) return;
  clients_close_all();
  samples_clear(&seen);
  parse_options(&rest);
  for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
    if (strcmp(name, commands[i].name) != 0) continue;
    commands[i].measure();
    return;
  }
  fail("unknown command %s", name);
}

// Between commands the upstream goes on, asleep while there is nothing to do.
static void wait_for_command(void) {
  for (;;) {
    upstream_turn();
    struct pollfd sources[] = {{.fd = STDIN_FILENO, .events = POLLIN}, {.fd = upstream_fd(), .events = POLLIN}};
    uint64_t next = upstream_next_ns(), now = now_ns();
    int timeout_ms = next == 0 ? -1 : next <= now ? 0 : (int)((next - now) / NS_PER_MS);
    if (poll(sources, 2, timeout_ms) > 0 && sources[0].revents != 0) return;
  }
}

int main(int argc, char **argv) {
  if (argc != 3 && argc != 5) {
    fprintf(stderr, "usage: load PROXY_CORE KEY [CERTIFICATE PRIVATE_KEY]\n");
    return 2;
  }
  signal(SIGPIPE, SIG_IGN);
  setvbuf(stdin, NULL, _IONBF, 0);  // what poll does not see must not wait in a buffer
  slices_prepare(atoi(argv[1]));
  upstream_prepare(argv[2]);
  int plain_port = upstream_listen();
  int tls_port = argc == 5 ? upstream_listen_tls(argv[3], argv[4]) : -1;
  printf("{\"plain\":%d,\"tls\":%d}\n", plain_port, tls_port);
  fflush(stdout);

  static char line[4096];
  for (;;) {
    wait_for_command();
    if (fgets(line, sizeof line, stdin) == NULL) return 0;
    bool keeps_open = strncmp(line, "hold", 4) == 0;
    if (setjmp(command_loop) == 0) run(line);
    slices_stop();
    refused_end();
    if (!keeps_open) clients_close_all();
    fflush(stdout);
  }
}
