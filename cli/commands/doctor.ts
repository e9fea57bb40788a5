// `codex doctor`: looks at everything that the program rests on and says what is wrong and how to put it
// right. Nothing is changed, nothing that PATH leads to is run, and no key or token is shown.

import { fileURLToPath } from "node:url";
import type { Command } from "commander";
import type { DoctorContext, TerminalFacts } from "../../agent/doctor/check.ts";
import type { Session } from "../command.ts";
import { configRequest, programFlags } from "../effective-config.ts";
import { sessionFlags } from "../options/session-options.ts";
import type { ProgramCommand } from "../program-command.ts";
import { showsColours } from "../terminal-colours.ts";
import { packageVersion } from "../version.ts";
import { workingDirectory } from "../working-directory.ts";

interface DoctorOptions {
  readonly json?: true;
  readonly summary?: true;
  readonly all?: true;
  /** false by --no-color */
  readonly color: boolean;
}

/** Add the options and the action. */
export function configure(command: ProgramCommand, session: Session): void {
  command
    .option("--json", "Print a report for programs, without keys and tokens")
    .option("--summary", "Only a line for each check")
    .option("--all", "The facts behind each check as well")
    .option("--proxy <SERVER_INFO|URL|unix:PATH>", "Look at this proxy instead of the configured one")
    .option("--no-color", "No colours")
    .option("--ascii", "Only ASCII characters; the report has no others of its own")
    .action((options: DoctorOptions, doctor: Command) => run(options, doctor, session));
}

async function run(options: DoctorOptions, doctor: Command, session: Session): Promise<number> {
  const { diagnose } = await import("../../agent/doctor/diagnose.ts");
  const { formatJson, formatReport } = await import("../../agent/doctor/report.ts");
  const { worstStatus } = await import("../../agent/doctor/check.ts");
  const context = contextOf(session);
  const flags = { ...programFlags(doctor), ...sessionFlags(doctor) };
  const checks = await diagnose(context, configRequest(doctor, session, flags));
  const { environment, stdout } = session;
  stdout.write(
    options.json
      ? formatJson(checks, context.version, context.now)
      : formatReport(checks, {
          hasDetails: options.all === true,
          isSummary: options.summary === true,
          isColoured: options.color && showsColours(stdout, environment),
        }),
  );
  return worstStatus(checks) === "fail" ? 1 : 0;
}

function contextOf({ environment, launcher, stdin, stdout, stderr }: Session): DoctorContext {
  return {
    environment,
    cwd: workingDirectory(),
    now: new Date(),
    version: packageVersion(),
    packageRoot: fileURLToPath(new URL("../../../", import.meta.url)).replace(/\/$/, ""),
    launcher,
    nodeVersion: process.versions.node,
    platform: process.platform,
    uid: process.geteuid?.(),
    terminal: terminalFacts(stdin.isTTY, stdout, stderr.isTTY),
  };
}

function terminalFacts(
  isStdinTerminal: boolean,
  stdout: NodeJS.WriteStream,
  isStderrTerminal: boolean,
): TerminalFacts {
  const isStdoutTerminal = stdout.isTTY === true;
  return {
    isStdinTerminal: isStdinTerminal === true,
    isStdoutTerminal,
    isStderrTerminal: isStderrTerminal === true,
    ...(isStdoutTerminal
      ? { columns: stdout.columns, rows: stdout.rows, colorDepth: stdout.getColorDepth() }
      : {}),
  };
}
