// The executor of a thread: every command in the user's environment as the policy for it says, with the tools
// of this package in its PATH, behind the sandbox, bounded in what it may keep of our time and memory.

import { join } from "node:path";
import type { ShellEnvironmentPolicy } from "../config/config.ts";
import type { Environment } from "../environment.ts";
import { sandboxedCommand } from "../sandbox/command.ts";
import { makeExposedHome } from "../sandbox/exposed-home.ts";
import { makeToolLinks, type ToolLinks } from "../sandbox/tool-links.ts";
import { shellEnvironment } from "../shell-environment.ts";
import type { CommandRequest, Executor, TerminalSession } from "./executor.ts";
import { inProfileShell } from "./profile-shell.ts";
import { runCommand } from "./run-command.ts";
import { behindRunner } from "./runner.ts";
import { openTerminal } from "./terminal.ts";

export interface ExecutorParts {
  /** the user's, as the launcher was given it */
  readonly environment: Environment;
  /** the launcher's own executable; without it nothing runs in a sandbox */
  readonly launcher: string | undefined;
  readonly codexHome: string;
  readonly shellEnvironmentPolicy: ShellEnvironmentPolicy;
  /** told once when the tools of this package cannot be put into PATH */
  warn(message: string): void;
}

export interface OwnedExecutor extends Executor {
  /** Remove what it has made. What still runs is killed. */
  close(): void;
}

type Preparation = Pick<CommandRequest, "command" | "isOwnProgram" | "policy" | "workspace">;

const terminalSize = { rows: 24, columns: 80 };

/** Who looks at these terminals turns no pages and sees no colours. */
const quietTerminal = { PAGER: "cat", GIT_PAGER: "cat", GH_PAGER: "cat", NO_COLOR: "1", TERM: "dumb" };

function quietBut(set: ShellEnvironmentPolicy["set"]): Environment {
  return Object.fromEntries(Object.entries(quietTerminal).filter(([name]) => !Object.hasOwn(set, name)));
}

/** Make an executor. Nothing is made on disk before the first command. */
export function createExecutor(parts: ExecutorParts): OwnedExecutor {
  const { codexHome, launcher, shellEnvironmentPolicy } = parts;
  let made: { readonly links: ToolLinks | undefined; readonly environment: Environment } | undefined;

  const sessions = new Set<TerminalSession>();

  function surroundings() {
    if (made !== undefined) return made;
    const links = makeToolLinks(codexHome, launcher, parts.environment, parts.warn);
    const environment = shellEnvironment(links?.environment ?? parts.environment, shellEnvironmentPolicy);
    made = { links, environment };
    return made;
  }

  function prepare({ command, isOwnProgram, policy, workspace }: Preparation) {
    const { links, environment } = surroundings();
    const [program = "", ...args] = command;
    const own = isOwnProgram && links !== undefined ? [join(links.folder, program), ...args] : undefined;
    const configured = () =>
      shellEnvironmentPolicy.useProfile ? inProfileShell(command, environment) : command;
    makeExposedHome(codexHome, policy, workspace, environment);
    return sandboxedCommand({
      command: own ?? configured(),
      cwd: workspace,
      policy,
      environment,
      launcher,
      // What is found there decides what the next command may do.
      alsoReadOnly: [codexHome, ...(links === undefined ? [] : [links.folder])],
    });
  }

  return {
    run: async (request) => {
      request.signal.throwIfAborted();
      return runCommand(behindRunner(prepare(request), launcher), request);
    },
    open: async (request) => {
      request.signal.throwIfAborted();
      const prepared = prepare(request);
      const environment = { ...prepared.environment, ...quietBut(shellEnvironmentPolicy.set) };
      const runnable = behindRunner({ ...prepared, environment }, launcher, terminalSize);
      const session: TerminalSession = await openTerminal(runnable, request, () => sessions.delete(session));
      if (session.exitCode === undefined) sessions.add(session);
      return session;
    },
    close() {
      for (const session of sessions) session.kill();
      made?.links?.remove();
      made = undefined;
    },
  };
}
