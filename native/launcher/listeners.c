// Which sockets the proxy serves: those of the options, or in their place those that the service
// manager has passed. Each is put at its fixed descriptor and announced to Node by an argument.

#include <stdio.h>
#include <string.h>

#include "launcher.h"

static const char *argument_of(const char *name, const char *value) {
  char *text = NULL;
  if (asprintf(&text, "%s=%s", name, value) < 0) fail(EXIT_LAUNCHER, NULL, "out of memory");
  return text;
}

static void refuse_both(bool is_given, bool is_wished, const char *option) {
  if (!is_given || !is_wished) return;
  fail(EXIT_USAGE, "leave it out, or start it without the socket unit",
       "the service manager has passed a socket, so that %s would do nothing", option);
}

int open_listeners(struct options *options, const struct given_sockets *given,
                   struct socket_file files[SOCKET_FILES], const char *arguments[]) {
  int count = 0;
  struct unix_wish *client = &options->socket, *admin = &options->admin_socket;
  bool is_given = given->tcp >= 0 || given->client >= 0;
  refuse_both(is_given, options->has_port, "--port");
  refuse_both(is_given, client->path != NULL, "--socket");
  refuse_both(given->admin >= 0, admin->path != NULL, "--admin-socket");
  if (options->check) {  // takes and makes nothing that a proxy may be using
    listen_on_loopback(0);
    arguments[count++] = "--listen-fd=3";
    return count;
  }

  bool wishes_tcp = !is_given && (client->path == NULL || options->has_port);
  if (wishes_tcp) listen_on_loopback(options->port);
  if (given->tcp >= 0) place_descriptor(given->tcp, LISTEN_FD);
  if (wishes_tcp || given->tcp >= 0) arguments[count++] = "--listen-fd=3";

  if (given->client >= 0) place_descriptor(given->client, SOCKET_FD);
  if (client->path != NULL) listen_on_unix(client, SOCKET_FD, files);
  const char *client_name = given->client >= 0 ? given->client_name : client->path;
  if (client_name != NULL) {
    arguments[count++] = "--socket-fd=6";
    arguments[count++] = argument_of("--socket-name", client_name);
  }

  if (given->admin >= 0) place_descriptor(given->admin, ADMIN_FD);
  if (admin->path != NULL) listen_on_unix(admin, ADMIN_FD, files);
  const char *admin_name = given->admin >= 0 ? given->admin_name : admin->path;
  if (admin_name != NULL) {
    arguments[count++] = "--admin-fd=7";
    arguments[count++] = argument_of("--admin-name", admin_name);
  }
  return count;
}

int reach_service_manager(const char *arguments[]) {
  if (!connect_to_service_manager()) return 0;
  arguments[0] = "--notify-fd=11";
  long long usec = watchdog_interval_usec();
  if (usec == 0) return 1;
  char text[32];
  snprintf(text, sizeof text, "%lld", usec);
  arguments[1] = argument_of("--watchdog-usec", text);
  return 2;
}
