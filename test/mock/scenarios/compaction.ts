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
  return (request, _, earlier) => {
    if (asksForSummary(request)) return says(summary, { input: 500, output: 100 });
    const turn = earlier.filter((one) => !asksForSummary(one)).length;
    return turns[Math.min(turn, turns.length - 1)] as Step;
  };
}
