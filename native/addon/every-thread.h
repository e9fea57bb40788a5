// Running one step on every thread of the process.
#ifndef EVERY_THREAD_H
#define EVERY_THREAD_H

#ifdef __cplusplus
extern "C" {
#endif

// Runs `step` once on every other thread and on this one. `step` may make raw system calls and nothing
// else. Returns 0 where every thread has done it, -1 where one did not within a second.
int on_every_thread(void (*step)(void));

#ifdef __cplusplus
}
#endif

#endif
