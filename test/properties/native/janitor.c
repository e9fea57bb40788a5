// Prints whether the janitor takes a file for the server info of a process: FOLDER NAME PID TICKS.

#include "../../../native/launcher/descriptors.c"
#include "../../../native/launcher/fail.c"
#include "../../../native/launcher/janitor.c"
#include "../../../native/launcher/process-identity.c"

void confine_janitor(int folder, const struct socket_file files[SOCKET_FILES]) { (void)folder, (void)files; }
void remove_socket_file(struct socket_file *made) { (void)made; }

int main(int argc, char **argv) {
  if (argc != 5) return 2;
  int folder = open(argv[1], O_PATH | O_DIRECTORY);
  printf("%d", is_written_by(folder, argv[2], atoi(argv[3]), strtoull(argv[4], NULL, 10)));
  return 0;
}
