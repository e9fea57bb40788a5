// Zeroing memory when the process dies of a signal.
#ifndef FATAL_SIGNALS_H
#define FATAL_SIGNALS_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

void wipe_on_fatal_signals(void *memory, size_t bytes);

#ifdef __cplusplus
}
#endif

#endif
