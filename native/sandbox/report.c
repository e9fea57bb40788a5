// What this machine can enforce, as JSON, for whoever shows it to a person.

#include <stdio.h>

#include "sandbox.h"

static const char *truth(bool value) { return value ? "true" : "false"; }

void print_report(void) {
  struct layout nothing = {0};
  bool own_pids = false;
  bool namespaces = can_make_namespaces(&own_pids);
  const char *program = find_bubblewrap(&nothing);
  bool bubblewrap = program != NULL && bubblewrap_works(program);
  int abi = landlock_abi();
  bool seccomp = has_seccomp();
  printf("{\"landlockAbi\":%d,\"seccomp\":%s,\"bubblewrap\":%s,\"userNamespaces\":%s,\"pidNamespaces\":%s,"
         "\"protectsSubpaths\":%s,\"confinesWrites\":%s}\n",
         abi, truth(seccomp), truth(bubblewrap), truth(namespaces), truth(namespaces && own_pids),
         truth(namespaces || bubblewrap), truth(abi > 0 && seccomp));
}
