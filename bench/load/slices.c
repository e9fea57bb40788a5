// See slices.h.

#include "slices.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"

static const uint64_t slice_ns = 100 * NS_PER_MS;

// How many times as long as what is wanted a measurement may take.
enum { MAX_STRETCH = 3 };

static struct {
  bool exists;
  pthread_t thread;
  clockid_t clock;
  int core;
  atomic_bool is_spinning;
  pthread_mutex_t mutex;
  pthread_cond_t wake;
} spinner = {.mutex = PTHREAD_MUTEX_INITIALIZER, .wake = PTHREAD_COND_INITIALIZER};

// The slice that is going on.
static struct {
  uint64_t begin_ns, deadline_ns;
  uint64_t tolerance_ns;
  uint64_t load_ns, spinner_ns, proxy_ns, count;
  size_t event_delays, first_bytes, first_events, answers;
  bool was_quiet;
  uint64_t (*cpu_ns)(void);
} now;

static void *spin(void *unused) {
  (void)unused;
  struct sched_param parameters = {0};
  pthread_setschedparam(pthread_self(), SCHED_IDLE, &parameters);
  cpu_set_t cores;
  CPU_ZERO(&cores);
  CPU_SET(spinner.core, &cores);
  pthread_setaffinity_np(pthread_self(), sizeof cores, &cores);
  while (true) {
    pthread_mutex_lock(&spinner.mutex);
    while (!spinner.is_spinning) pthread_cond_wait(&spinner.wake, &spinner.mutex);
    pthread_mutex_unlock(&spinner.mutex);
    while (atomic_load_explicit(&spinner.is_spinning, memory_order_relaxed)) {
#ifdef __x86_64__
      __builtin_ia32_pause();
#endif
    }
  }
  return NULL;
}

void slices_prepare(int proxy_core) {
  spinner.core = proxy_core;
  spinner.exists = proxy_core >= 0 && pthread_create(&spinner.thread, NULL, spin, NULL) == 0 &&
                   pthread_getcpuclockid(spinner.thread, &spinner.clock) == 0;
}

static void set_spinning(bool is_spinning) {
  pthread_mutex_lock(&spinner.mutex);
  spinner.is_spinning = is_spinning;
  pthread_cond_signal(&spinner.wake);
  pthread_mutex_unlock(&spinner.mutex);
}

static void begin_slice(uint64_t count) {
  now.begin_ns = now_ns();
  now.load_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID);
  now.spinner_ns = spinner.exists ? clock_ns(spinner.clock) : 0;
  now.proxy_ns = now.cpu_ns();
  now.count = count;
  now.event_delays = seen.event_delay.count;
  now.first_bytes = seen.first_byte.count;
  now.first_events = seen.first_event.count;
  now.answers = seen.answer.count;
}

void slices_begin(struct slices *slices, uint64_t wanted_ms, uint64_t tolerance_ns, uint64_t (*cpu_ns)(void)) {
  *slices = (struct slices){.wanted_ns = wanted_ms * NS_PER_MS};
  now.tolerance_ns = tolerance_ns;
  now.cpu_ns = cpu_ns;
  now.was_quiet = true;
  now.deadline_ns = now_ns() + MAX_STRETCH * slices->wanted_ns;
  if (spinner.exists) set_spinning(true);
  begin_slice(0);
}

static bool is_quiet(uint64_t length_ns, uint64_t proxy_ns) {
  uint64_t load_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID) - now.load_ns;
  if (load_ns + now.tolerance_ns < length_ns) return false;
  if (!spinner.exists) return true;
  return clock_ns(spinner.clock) - now.spinner_ns + proxy_ns + now.tolerance_ns >= length_ns;
}

bool slices_turn(struct slices *slices, uint64_t count) {
  uint64_t length_ns = now_ns() - now.begin_ns;
  if (length_ns < slice_ns) return false;
  uint64_t proxy_ns = now.cpu_ns() - now.proxy_ns;
  bool quiet = is_quiet(length_ns, proxy_ns);
  slices->all++;
  // What was held up in the slice before may arrive in this one.
  if (quiet && now.was_quiet) {
    slices->kept++;
    slices->kept_ns += length_ns;
    slices->kept_cpu_ns += proxy_ns;
    slices->kept_count += count - now.count;
  } else {
    seen.event_delay.count = now.event_delays;
    seen.first_byte.count = now.first_bytes;
    seen.first_event.count = now.first_events;
    seen.answer.count = now.answers;
  }
  now.was_quiet = quiet;
  begin_slice(count);
  return slices->kept_ns >= slices->wanted_ns || now.begin_ns >= now.deadline_ns;
}

void slices_stop(void) {
  if (spinner.exists) set_spinning(false);
}

void slices_require(const struct slices *slices) {
  if (slices->kept_ns >= slices->wanted_ns / 4) return;
  fail("the machine was busy: %d of %d slices were undisturbed", slices->kept, slices->all);
}
