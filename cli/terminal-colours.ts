// Whether whoever looks at a stream sees colours: the variables that programs share for it, as the original reads them.

import type { Environment } from "../agent/environment.ts";

/** @param stream - where the text goes; undefined `isTTY` is no terminal */
export function showsColours(stream: { readonly isTTY?: boolean }, environment: Environment): boolean {
  const { FORCE_COLOR, CLICOLOR_FORCE, NO_COLOR, TERM } = environment;
  const force = FORCE_COLOR ?? CLICOLOR_FORCE;
  if (force !== undefined && force !== "0" && force !== "false") return true;
  if (NO_COLOR !== undefined && NO_COLOR !== "" && NO_COLOR !== "0") return false;
  return stream.isTTY === true && TERM !== undefined && TERM !== "" && TERM !== "dumb";
}
