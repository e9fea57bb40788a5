// The launcher's one way to give up: an error line, a hint line, an exit code.

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "launcher.h"

void fail(enum exit_code code, const char *hint, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  fputs("codex: error: ", stderr);
  vfprintf(stderr, format, arguments);
  fputc('\n', stderr);
  va_end(arguments);
  if (hint != NULL) fprintf(stderr, "codex: hint: %s\n", hint);
  exit(code);
}
