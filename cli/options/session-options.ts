// The options of commands in which a model works: which one, where, and what it may do.

import { type Command, Option } from "commander";
import {
  type ApprovalPolicy,
  approvalPolicies,
  type SandboxMode,
  sandboxModes,
} from "../../agent/config/config.ts";
import type { FlagOverrides } from "../../agent/config/flags.ts";
import { AgentError } from "../../agent/errors.ts";
import { commaSeparated, repeatable, repeatableList, withAlias } from "../arguments/option-traits.ts";

/** Which of the options a command leaves out. */
export interface SessionOptionsChoice {
  /** `codex exec` never asks, and has neither -a nor --search */
  readonly isInteractive: boolean;
  /** where a prompt may stand behind --image, which takes one value then */
  readonly takesOneImage?: boolean;
}

/** Add the options of a session to a command. */
export function addSessionOptions(
  command: Command,
  { isInteractive, takesOneImage = false }: SessionOptionsChoice = { isInteractive: true },
): Command {
  command
    .addOption(
      takesOneImage
        ? repeatableList("-i, --image <FILE>", "Image(s) to send along with the prompt; repeatable")
        : commaSeparated("-i, --image <FILE...>", "Image(s) to send along with the first prompt"),
    )
    .addOption(new Option("-m, --model <MODEL>", "Model to work with"))
    .addOption(new Option("--oss", "Use a model that this machine serves: the provider `oss`"))
    .addOption(
      new Option("--local-provider <OSS_PROVIDER>", "Which program serves it: `oss_provider` for this call")
        .choices(["lmstudio", "ollama"])
        .hideHelp(),
    )
    .addOption(new Option("-p, --profile <CONFIG_PROFILE>", "Profile of config.toml to start from"))
    .addOption(
      new Option("-s, --sandbox <SANDBOX_MODE>", "What commands of the model may reach").choices(
        sandboxModes,
      ),
    );
  if (isInteractive) {
    command.addOption(
      new Option(
        "-a, --ask-for-approval <APPROVAL_POLICY>",
        "When to ask before a command of the model runs: for all but reads (untrusted), when one fails in " +
          "the sandbox (on-failure), when the model asks (on-request), or never",
      ).choices(approvalPolicies),
    );
  }
  command
    .addOption(new Option("--full-auto", "Work without questions in the sandbox workspace-write"))
    .addOption(
      withAlias(
        new Option(
          "--dangerously-bypass-approvals-and-sandbox",
          "Run every command of the model at once and without a sandbox. DANGEROUS: only where something " +
            "else contains it",
        ).conflicts(["askForApproval", "fullAuto"]),
        "--yolo",
      ),
    )
    .addOption(new Option("-C, --cd <DIR>", "Directory to work in"));
  if (isInteractive) command.addOption(new Option("--search", "Let the model search the web"));
  return command
    .addOption(repeatable("--add-dir <DIR>", "Further directory that commands may write to; repeatable"))
    .addOption(
      new Option(
        "--proxy <SERVER_INFO|URL|unix:PATH>",
        "Talk through a running codex-responses-api-proxy: no key is needed or looked for",
      ),
    );
}

interface SessionValues {
  readonly profile?: string;
  readonly model?: string;
  readonly sandbox?: SandboxMode;
  readonly askForApproval?: ApprovalPolicy;
  readonly cd?: string;
  readonly addDir?: readonly string[];
  readonly oss?: boolean;
  readonly localProvider?: string;
  readonly fullAuto?: boolean;
  readonly dangerouslyBypassApprovalsAndSandbox?: boolean;
  readonly search?: boolean;
  readonly proxy?: string;
}

// `--proxy "$UNSET"` in a script would otherwise go past the proxy, with a login of the user's own.
function proxyOf(command: Command): string | undefined {
  const own = command.opts<SessionValues>().proxy;
  if (own === "") {
    throw new AgentError("--proxy names no proxy", {
      code: "CLI_PROXY_EMPTY",
      exitStatus: 2,
      hint: "is a variable empty? To go without a proxy for once: -c 'proxy=\"\"'",
    });
  }
  return own ?? (command.parent === null ? undefined : proxyOf(command.parent));
}

/**
 * What the options of addSessionOptions say for a command. Those before a subcommand are the program's
 * own and do not reach it, as in the original; `--proxy` does.
 *
 * @throws {AgentError} CLI_PROXY_EMPTY
 */
export function sessionFlags(command: Command): FlagOverrides {
  const values = command.opts<SessionValues>();
  const flags: FlagOverrides = {
    ...(values.profile === undefined ? {} : { profile: values.profile }),
    ...(values.model === undefined ? {} : { model: values.model }),
    ...(values.sandbox === undefined ? {} : { sandboxMode: values.sandbox }),
    ...(values.askForApproval === undefined ? {} : { approvalPolicy: values.askForApproval }),
    ...(values.cd === undefined ? {} : { cd: values.cd }),
    ...(values.addDir === undefined ? {} : { addDirs: values.addDir }),
    ...(values.oss === undefined ? {} : { oss: values.oss }),
    ...(values.localProvider === undefined ? {} : { localProvider: values.localProvider }),
    ...(values.fullAuto === undefined ? {} : { fullAuto: values.fullAuto }),
    ...(values.dangerouslyBypassApprovalsAndSandbox === undefined
      ? {}
      : { bypass: values.dangerouslyBypassApprovalsAndSandbox }),
    ...(values.search === undefined ? {} : { search: values.search }),
  };
  const proxy = proxyOf(command);
  return proxy === undefined ? flags : { ...flags, proxy };
}

/** Files given with --image. */
export function imagesOf(command: Command): readonly string[] {
  return command.opts<{ readonly image?: readonly string[] }>().image ?? [];
}
