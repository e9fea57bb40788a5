// The options that `env` and `exec` share.

import type { Command } from "commander";
import { CommandError } from "./errors.ts";
import { defaultServerInfo } from "./running-proxy.ts";

/** Add --server-info and --token-env. */
export function addClientOptions(command: Command): Command {
  return command
    .option("--server-info <FILE>", "the file that the proxy was started with", defaultServerInfo)
    .option(
      "--token-env <NAME>",
      "where the proxy asks for a client token: the variable that holds it",
      readTokenVariable,
    );
}

// A token given in place of a name is not repeated, and would not be the name of a variable that is set.
function readTokenVariable(name: string): string {
  const isName = /^[A-Za-z_][A-Za-z0-9_]*$/.test(name);
  if (!isName || (process.env[name] ?? "") === "") {
    throw new CommandError("CMD_USAGE", "--token-env takes the name of a variable that is set and not empty");
  }
  return name;
}
