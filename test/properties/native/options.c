// Prints how the launcher reads its arguments, a NUL behind each part: the port, what it takes from the
// options for itself, then what it passes on. Exits 2 where it refuses.

#include "../../../native/launcher/dispatch.c"
#include "../../../native/launcher/fail.c"
#include "../../../native/launcher/options.c"

static void print(const char *text) {
  fputs(text == NULL ? "" : text, stdout);
  putchar('\0');
}

int main(int argc, char **argv) {
  struct options options;
  parse_options(argc, argv, 1, &options);
  printf("%d%c%d%c%d%c%d%c", options.port, 0, options.check, 0, options.requires_nothing, 0, options.answer_only, 0);
  print(options.server_info);
  print(options.upstream_ca);
  print(options.upstream_url);
  print(options.upstream_proxy);
  print(options.upstream_client_cert);
  print(options.upstream_client_key);
  print(options.dump_dir);
  for (int i = 0; i < options.canonical_count; i++) print(options.canonical[i]);
  return 0;
}
