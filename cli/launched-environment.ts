// What the launcher left in the environment for this process alone, taken out of it again: no child is to
// see it, however it is started.

import { type Environment, revealHidden } from "../agent/environment.ts";

// native/codex-variables.h
const launcherVariable = "CODEX_LAUNCHER";
const ignoredSignalsVariable = `${launcherVariable}_IGNORED_SIGNALS`;

function isLaunchers(name: string): boolean {
  return name === launcherVariable || name.startsWith(`${launcherVariable}_`);
}

/**
 * Take over an environment that the launcher has made.
 *
 * @param current - process.env; the launcher's own names are deleted from it
 * @returns the environment as the user has it; the path of the launcher, undefined where there was none;
 * numbers of signals that the user has the program ignore, as nohup(1) does
 */
export function takeEnvironment(current: NodeJS.ProcessEnv): {
  readonly environment: Environment;
  readonly launcher: string | undefined;
  readonly ignoredSignals: readonly number[];
} {
  const launcher = current[launcherVariable];
  const ignoredSignals = (current[ignoredSignalsVariable] ?? "").split(",").filter(Boolean).map(Number);
  const revealed = Object.entries(revealHidden(current)).filter(([name]) => !isLaunchers(name));
  for (const name of Object.keys(current)) {
    if (isLaunchers(name)) delete current[name];
  }
  return { environment: Object.fromEntries(revealed), launcher, ignoredSignals };
}
