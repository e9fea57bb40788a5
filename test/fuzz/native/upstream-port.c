// The port of an upstream URL, which becomes the one port that may be connected to. Where the URL is
// of the plain form the port is the one that stands in it.
//
// Input: the URL.

#include "fuzz.h"

#define NODE_PATH "/usr/bin/node"
#include "../../../native/launcher/landlock.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  char *url = string_of(data, size);
  int port = port_of(url);
  int host_end = 0, digits_end = 0;
  unsigned stands = 0;
  sscanf(url, "https://%*[a-z.]%n:%5u%n", &host_end, &stands, &digits_end);
  if (host_end > 0 && (url[host_end] == '/' || url[host_end] == '\0')) REQUIRE(port == 443);
  bool is_plain = digits_end > 0 && strspn(url + host_end + 1, "0123456789") == (size_t)(digits_end - host_end - 1);
  if (is_plain && (url[digits_end] == '/' || url[digits_end] == '\0')) REQUIRE(port == (int)stands);
  free(url);
  return 0;
}
