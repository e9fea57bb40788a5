// apply_patch as a tool of its own: freeform, or as a function with the patch in its one argument.

import { parseArguments } from "../arguments.ts";
import { type CommandOutputForm, commandOutput } from "../command-output.ts";
import type { Tool } from "../tool.ts";
import { freeformDescription, functionDescription } from "./description.ts";
import { patchGrammar } from "./grammar.ts";
import { runPatch } from "./run-patch.ts";

const name = "apply_patch";

const schemas = {
  freeform: {
    type: "custom",
    name,
    description: freeformDescription,
    format: { type: "grammar", syntax: "lark", definition: patchGrammar },
  },
  function: {
    type: "function",
    name,
    description: functionDescription,
    strict: false,
    parameters: {
      type: "object",
      properties: { input: { type: "string", description: "The whole patch" } },
      required: ["input"],
      additionalProperties: false,
    },
  },
} as const;

/**
 * @param form - how it is offered; a call in the other form is answered too
 * @param output - how its result is written
 */
export function applyPatchTool(form: keyof typeof schemas, output: CommandOutputForm): Tool {
  return {
    names: [name],
    schema: schemas[form],
    mayRunInParallel: false,
    async run({ callId, input, kind }, context) {
      const patch = kind === "custom" ? input : parseArguments(input).text("input");
      const result = await runPatch({ callId, patch, cwd: context.config.cwd }, context);
      return { output: commandOutput(result, output) };
    },
  };
}
