// What is said of a session before it begins: where it works, with which model, and what it may do.

import type { Config } from "../../agent/config/config.ts";
import { asksForReasoning } from "../../agent/model-client/request.ts";
import { describePolicy } from "../../agent/sandbox/describe.ts";
import { sandboxPolicy } from "../../agent/sandbox/policy.ts";

/** Names and values, in the order and with the words that scripts look for. */
export function sessionSummary(
  config: Config,
  threadId: string,
): readonly (readonly [name: string, value: string])[] {
  return [
    ["workdir", config.cwd],
    ["model", config.model],
    config.proxy === undefined ? ["provider", config.modelProvider.id] : ["proxy", config.proxy],
    ["approval", config.approvalPolicy],
    ["sandbox", describePolicy(sandboxPolicy(config))],
    ...(asksForReasoning(config)
      ? ([
          ["reasoning effort", config.modelReasoningEffort ?? "none"],
          ["reasoning summaries", config.modelReasoningSummary],
        ] as const)
      : []),
    ["session id", threadId],
  ];
}
