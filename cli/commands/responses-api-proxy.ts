// `codex responses-api-proxy` is recognised by the launcher, which prepares the process that is to hold
// the key. Whoever gets here started Node himself, or hid the name behind options.

import type { Command } from "commander";
import { AgentError } from "../../agent/errors.ts";

/** Refuse whatever is asked: no key is read here. */
export function configure(command: Command): void {
  command
    .argument("[ARGS...]")
    .passThroughOptions()
    .action(() => {
      throw new AgentError("the proxy can only be started by the launcher of this package", {
        code: "CLI_PROXY_WITHOUT_LAUNCHER",
        hint: "codex-responses-api-proxy, or codex responses-api-proxy with this subcommand first",
      });
    });
}
