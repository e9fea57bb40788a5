// Prints what the launcher makes of a process identity, 0 dead, 1 alive, 2 unknown: PID TICKS BOOT NAMESPACE.

#include "../../../native/launcher/process-identity.c"

int main(int argc, char **argv) {
  if (argc != 5) return 2;
  struct process_identity identity = {.pid = atoi(argv[1]), .start_ticks = strtoull(argv[2], NULL, 10)};
  snprintf(identity.boot_id, sizeof identity.boot_id, "%s", argv[3]);
  snprintf(identity.pid_namespace, sizeof identity.pid_namespace, "%s", argv[4]);
  printf("%d", liveness_of(&identity));
  return 0;
}
