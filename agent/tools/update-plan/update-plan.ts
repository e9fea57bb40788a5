// update_plan: the model writes down what it is about to do and how far it is. Nothing happens but that
// whoever watches sees the plan.

import type { PlanStep } from "../../thread/thread-events.ts";
import { parseArguments } from "../arguments.ts";
import type { Tool } from "../tool.ts";

const statuses = ["pending", "in_progress", "completed"] as const;

const description = `Write down the plan of the task, or where it stands by now. Each call replaces the whole plan.

\`plan\` has one entry for each step, in order: \`step\`, a few words, and \`status\`. Keep one step in_progress while you work, and never more than one. Say in \`explanation\` why the plan has changed, if it has.`;

/** The plan of a turn. */
export const updatePlanTool: Tool = {
  names: ["update_plan"],
  schema: {
    type: "function",
    name: "update_plan",
    description,
    strict: false,
    parameters: {
      type: "object",
      properties: {
        explanation: { type: "string", description: "Why the plan is another one now" },
        plan: {
          type: "array",
          description: "All steps, in order",
          items: {
            type: "object",
            properties: {
              step: { type: "string", description: "What is done in it, in a few words" },
              status: { type: "string", description: "pending, in_progress or completed" },
            },
            required: ["step", "status"],
            additionalProperties: false,
          },
        },
      },
      required: ["plan"],
      additionalProperties: false,
    },
  },
  mayRunInParallel: false,
  async run(call, { items }) {
    const args = parseArguments(call.input).allow("explanation", "plan");
    const explanation = args.optionalText("explanation");
    const steps = args.objects("plan").map((entry): PlanStep => {
      entry.allow("step", "status");
      return { step: entry.text("step"), status: entry.word("status", statuses) };
    });
    items.report({ type: "plan", ...(explanation !== undefined && { explanation }), steps });
    return { output: "Plan updated" };
  },
};
