// Conversations that grow too long: answers that cost much, and a model that summarizes when it is asked to.

import type { Script, ScriptedRequest, Step } from "../scripted-upstream.ts";
import { says } from "./answers.ts";

/** Whether a request asks for a summary: it is the one that offers no tools. */
export function asksForSummary({ body }: ScriptedRequest): boolean {
  return !Array.isArray(body.tools) || body.tools.length === 0;
}

/**
 * One script for turns, and `summary` for every request for one, however many there are and whenever they
 * come. The last step is repeated.
 */
export function summarizes(summary: string, turns: readonly Step[]): Script {
  let turn = 0;
  return (request) =>
    asksForSummary(request)
      ? says(summary, { input: 500, output: 100 })
      : (turns[Math.min(turn++, turns.length - 1)] as Step);
}
