// The environment as the user has it. The launcher keeps what would steer Node (LD_*, NODE_*, …) out of
// this process by renaming it; here the names are given back, for children and for nothing else.

/** Names and values, as in process.env but never written to. */
export type Environment = Readonly<Record<string, string | undefined>>;

// Set by native/launcher/codex-environment.c.
const hiddenPrefix = "CODEX_LAUNCHER_HID_";

/**
 * Give hidden variables their names back.
 *
 * @param current - the environment that this process was started with
 * @returns a new object; where both a name and its hidden twin exist, the hidden one is the user's
 */
export function revealHidden(current: Environment): Environment {
  const revealed: Record<string, string | undefined> = {};
  for (const [name, value] of Object.entries(current)) {
    if (!name.startsWith(hiddenPrefix)) revealed[name] = value;
  }
  for (const [name, value] of Object.entries(current)) {
    if (name.startsWith(hiddenPrefix)) revealed[name.slice(hiddenPrefix.length)] = value;
  }
  return revealed;
}
