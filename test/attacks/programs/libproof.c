// A library that leaves a proof when a program loads it, in the file that ATTACK_PROOF names.

#include <stdio.h>
#include <stdlib.h>

// rtld-audit(7): a library that answers 0 is not used, but has run by then.
unsigned int la_version(unsigned int version);
unsigned int la_version(unsigned int version) { return version; }

__attribute__((constructor)) static void leave_proof(void) {
  const char *path = getenv("ATTACK_PROOF");
  FILE *proof = path == NULL ? NULL : fopen(path, "a");
  if (proof == NULL) return;
  fputs("loaded\n", proof);
  fclose(proof);
}
