// Prints the port that the launcher allows connections to for the URL in its argument.

#define NODE_PATH "/usr/bin/node"
#include "../../../native/launcher/landlock.c"

int main(int argc, char **argv) {
  if (argc != 2) return 2;
  printf("%d", port_of(argv[1]));
  return 0;
}
