// Stands in for libFuzzer where only the inputs that are kept shall run: each argument is a file.

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int main(int argc, char **argv) {
  for (int i = 1; i < argc; i++) {
    FILE *file = fopen(argv[i], "rb");
    if (file == NULL) return perror(argv[i]), 2;
    fseek(file, 0, SEEK_END);
    size_t size = (size_t)ftell(file);
    rewind(file);
    uint8_t *data = malloc(size);  // of just its size, so that the sanitizer sees a read beyond it
    if (fread(data, 1, size, file) != size) return perror(argv[i]), 2;
    fclose(file);
    fprintf(stderr, "%s\n", argv[i]);  // the last one printed is the one that failed
    LLVMFuzzerTestOneInput(data, size);
    free(data);
  }
  return 0;
}
