// The helper's one way to give up: nothing of the command has run.

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "sandbox.h"

void refuse(enum sandbox_exit code, const char *hint, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  fputs("codex-linux-sandbox: error: ", stderr);
  vfprintf(stderr, format, arguments);
  fputc('\n', stderr);
  va_end(arguments);
  if (hint != NULL) fprintf(stderr, "codex-linux-sandbox: hint: %s\n", hint);
  fflush(stderr);
  _exit(code);
}
