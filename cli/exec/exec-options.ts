// What `codex exec` and `codex exec resume` can be told. Options before `resume` count for it too; what
// stands behind it wins.

import { type Command, Option } from "commander";
import type { FlagOverrides } from "../../agent/config/flags.ts";
import { withAlias } from "../arguments/option-traits.ts";
import { addSessionOptions, imagesOf, sessionFlags } from "../options/session-options.ts";

export type ColorChoice = "always" | "never" | "auto";

interface ExecValues {
  readonly skipGitRepoCheck?: boolean;
  readonly ephemeral?: boolean;
  readonly ignoreUserConfig?: boolean;
  readonly outputSchema?: string;
  readonly color?: ColorChoice;
  readonly json?: boolean;
  readonly outputLastMessage?: string;
}

/** Add the options of a session without a terminal. */
export function addExecOptions(command: Command, { isResume }: { readonly isResume: boolean }): Command {
  const color = new Option("--color <COLOR>", "Colours on stderr").choices(["always", "never", "auto"]);
  addSessionOptions(command, { isInteractive: false, takesOneImage: isResume })
    .addOption(new Option("--skip-git-repo-check", "Work outside of a git repository as well"))
    .addOption(new Option("--ephemeral", "Keep nothing of the session on disk"))
    .addOption(new Option("--ignore-user-config", "Do not read config.toml of CODEX_HOME"))
    .addOption(new Option("--output-schema <FILE>", "JSON schema that the last message follows"))
    .addOption(isResume ? color : color.default("auto"))
    .addOption(
      withAlias(new Option("--json", "Print events as JSON, one a line, to stdout"), "--experimental-json"),
    )
    .addOption(new Option("-o, --output-last-message <FILE>", "Write the last message to this file"));
  // Later versions have them and their SDKs pass them; there is nothing here that they would change.
  const later = ["--thread-source <SOURCE>", "--cyber-access-program <PROGRAM>", "--ignore-rules"];
  for (const flags of [...later, "--dangerously-bypass-hook-trust"]) {
    command.addOption(new Option(flags, "Taken for the sake of later versions' scripts").hideHelp());
  }
  return command;
}

/** All that was said of how to work and what to write. */
export interface ExecSettings {
  readonly flags: FlagOverrides;
  readonly images: readonly string[];
  readonly skipsGitCheck: boolean;
  readonly isEphemeral: boolean;
  readonly schemaFile: string | undefined;
  readonly color: ColorChoice;
  readonly isJson: boolean;
  readonly lastMessageFile: string | undefined;
}

/** @param commands - `exec`, and behind it `resume` where that was called */
export function execSettings(commands: readonly Command[]): ExecSettings {
  const values = commands.map((command) => command.opts<ExecValues>());
  const last = <Name extends keyof ExecValues>(name: Name): ExecValues[Name] | undefined =>
    values.findLast((one) => one[name] !== undefined)?.[name];
  const flags = commands.map((command) => sessionFlags(command));
  const addDirs = flags.flatMap((one) => one.addDirs ?? []);
  return {
    flags: {
      ...Object.assign({}, ...flags),
      ...(addDirs.length > 0 && { addDirs }),
      ...(last("ignoreUserConfig") === true && { ignoresUserConfig: true }),
      approvalPolicy: "never",
    },
    images: commands.flatMap(imagesOf),
    skipsGitCheck: last("skipGitRepoCheck") === true,
    isEphemeral: last("ephemeral") === true,
    schemaFile: last("outputSchema"),
    color: last("color") ?? "auto",
    isJson: last("json") === true,
    lastMessageFile: last("outputLastMessage"),
  };
}
