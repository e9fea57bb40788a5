// What the launcher left in the environment for this process alone, taken out of it again: no child is to
// see it, however it is started.

import { type Environment, revealHidden } from "../agent/environment.ts";

// native/codex-variables.h
const launcherVariable = "CODEX_LAUNCHER";

function isLaunchers(name: string): boolean {
  return name === launcherVariable || name.startsWith(`${launcherVariable}_`);
}

/**
 * Take over an environment that the launcher has made.
 *
 * @param current - process.env; the launcher's own names are deleted from it
 * @returns the environment as the user has it, and the path of the launcher, undefined where there was none
 */
export function takeEnvironment(current: NodeJS.ProcessEnv): {
  readonly environment: Environment;
  readonly launcher: string | undefined;
} {
  const launcher = current[launcherVariable];
  const revealed = Object.entries(revealHidden(current)).filter(([name]) => !isLaunchers(name));
  for (const name of Object.keys(current)) {
    if (isLaunchers(name)) delete current[name];
  }
  return { environment: Object.fromEntries(revealed), launcher };
}
