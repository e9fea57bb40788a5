// `codex sandbox`: run a command of one's own as the commands of the agent are run. The command has the
// terminal, the signals and the exit status; nothing comes in between but the sandbox.

import { Argument, type Command, Option } from "commander";
import type { Config, SandboxMode } from "../../agent/config/config.ts";
import { loadConfig } from "../../agent/config/load.ts";
import { sandboxedCommand } from "../../agent/sandbox/command.ts";
import { refusalLines } from "../../agent/sandbox/denial.ts";
import { SandboxError } from "../../agent/sandbox/errors.ts";
import { makeExposedHome } from "../../agent/sandbox/exposed-home.ts";
import { runInForeground } from "../../agent/sandbox/foreground.ts";
import { sandboxPolicy } from "../../agent/sandbox/policy.ts";
import { makeToolLinks } from "../../agent/sandbox/tool-links.ts";
import { shellEnvironment } from "../../agent/shell-environment.ts";
import type { Session } from "../command.ts";
import { warnOn } from "../notices.ts";
import { collectOverrides, isStrictConfig } from "../options/config-options.ts";
import type { ProgramCommand } from "../program-command.ts";
import { workingDirectory } from "../working-directory.ts";

interface SandboxOptions {
  readonly fullAuto?: boolean;
  readonly logDenials?: boolean;
  readonly profile?: string;
  readonly cd?: string;
}

/** Add `linux` and `macos`, and the form without either, which takes the sandbox of this system. */
export function configure(command: ProgramCommand, session: Session): void {
  command
    .description(
      "Run a command in the sandbox in which commands of the model run\n\n" +
        "With `linux` or `macos` it may write nothing, or with --full-auto the working directory and temporary " +
        "folders, whatever sandbox_mode says. Without either, sandbox_mode of the configuration decides.",
    )
    .enablePositionalOptions();
  addForm(command, session, "sandbox_mode");
  addForm(command.command("macos") as ProgramCommand, session, "darwin")
    .alias("seatbelt")
    .description("Run a command under Seatbelt (macOS only)");
  addForm(command.command("linux") as ProgramCommand, session, "linux")
    .alias("landlock")
    .description("Run a command under Landlock and seccomp (Linux only)");
}

function addForm(
  command: ProgramCommand,
  session: Session,
  form: NodeJS.Platform | "sandbox_mode",
): ProgramCommand {
  return command
    .addArgument(new Argument("[COMMAND...]", "The command and its arguments"))
    .passThroughOptions()
    .addOption(
      new Option(
        "--full-auto",
        "Let the command write to the working directory, /tmp and $TMPDIR; no network",
      ),
    )
    .addOption(
      new Option("--log-denials", "List what the command said was refused, once it has ended, on stderr"),
    )
    .addOption(new Option("-p, --profile <CONFIG_PROFILE>", "Profile of config.toml to start from"))
    .addOption(new Option("-C, --cd <DIR>", "Directory to run the command in"))
    .action((words: string[]) => {
      if (form === "darwin" && process.platform !== "darwin") throw new SandboxError("SANDBOX_NOT_MACOS");
      if (form === "linux" && process.platform !== "linux") throw new SandboxError("SANDBOX_NOT_LINUX");
      if (words.length === 0) throw new SandboxError("SANDBOX_COMMAND");
      return run(words, command, session, form === "sandbox_mode");
    });
}

async function run(
  words: readonly string[],
  command: Command,
  session: Session,
  isModeConfigured: boolean,
): Promise<number> {
  const warn = warnOn(session.stderr);
  const config = await configOf(command, session, isModeConfigured, warn);
  const policy = sandboxPolicy(config, session.environment);
  makeExposedHome(config.codexHome, policy, config.cwd, session.environment);
  const links = makeToolLinks(config.codexHome, session.launcher, session.environment, warn);
  try {
    const prepared = sandboxedCommand({
      command: words,
      cwd: config.cwd,
      policy,
      environment: shellEnvironment(links?.environment ?? session.environment, config.shellEnvironmentPolicy),
      launcher: session.launcher,
      // What it finds there decides what the next command may do.
      alsoReadOnly: [config.codexHome, ...(links === undefined ? [] : [links.folder])],
    });
    if (!optionsOf(command).logDenials) {
      return (await runInForeground(prepared, config.cwd, process)).exitStatus;
    }
    let said = "";
    const { exitStatus } = await runInForeground(prepared, config.cwd, process, (text) => {
      said += text;
    });
    session.stderr.write(denialReport(said));
    return exitStatus;
  } finally {
    links?.remove();
  }
}

async function configOf(
  command: Command,
  session: Session,
  isModeConfigured: boolean,
  warn: (message: string) => void,
): Promise<Config> {
  const { fullAuto, profile, cd } = optionsOf(command);
  const load = (sandboxMode: SandboxMode) =>
    loadConfig({
      environment: session.environment,
      cwd: workingDirectory(),
      overrides: collectOverrides(command),
      flags: {
        sandboxMode,
        ...(profile !== undefined && { profile }),
        ...(cd !== undefined && { cd }),
      },
      isStrict: isStrictConfig(command),
      warn,
    });
  const { config, tree, profileTable } = await load(fullAuto ? "workspace-write" : "read-only");
  if (fullAuto || !isModeConfigured) return config;
  // Trust in a project does not count here: who wants a command to write says so.
  const configured = (profileTable?.sandbox_mode ?? tree.sandbox_mode) as SandboxMode | undefined;
  return configured === undefined ? config : { ...config, sandboxMode: configured };
}

// Options of `sandbox` itself count for its forms; those of the program do not, as in the original.
function optionsOf(command: Command): SandboxOptions {
  const outer = command.parent?.parent == null ? {} : command.parent.opts<SandboxOptions>();
  return { ...outer, ...command.opts<SandboxOptions>() };
}

// The kernel tells only the command what it refuses; what the command says of it is all that there is.
function denialReport(said: string): string {
  const lines = refusalLines(said);
  return `\n=== Sandbox denials ===\n${lines.length === 0 ? "None found." : lines.join("\n")}\n`;
}
