// `codex exec --json`: one JSON object a line on stdout, as SDKs and scripts read it. Items are numbered in
// the order in which they first appear.

import type { ThreadEvent, ThreadItem } from "../../agent/thread/thread-events.ts";
import { hintLine } from "../notices.ts";
import { type ExecOutput, retryNotice, type TextSink } from "./exec-output.ts";

/** Write events as lines to `stdout`; a hint how to help, which no event has room for, to `stderr`. */
export function jsonOutput(stdout: TextSink, stderr: TextSink): ExecOutput {
  const numbers = new Map<string, number>();
  const line = (value: object) => stdout.write(`${JSON.stringify(value)}\n`);

  const itemOf = ({ id, ...item }: ThreadItem) => {
    const number = numbers.get(id) ?? numbers.size;
    numbers.set(id, number);
    return { id: `item_${number}`, ...item };
  };

  function show(event: ThreadEvent): void {
    switch (event.type) {
      case "thread.started":
        line({ type: event.type, thread_id: event.threadId });
        break;
      case "turn.started":
        line({ type: event.type });
        break;
      case "item.completed":
        line({ type: event.type, item: itemOf(event.item) });
        break;
      case "turn.retrying":
        line({ type: "error", message: retryNotice(event) });
        break;
      case "turn.completed": {
        const { inputTokens = 0, cachedInputTokens = 0, outputTokens = 0 } = event.totalUsage ?? {};
        line({
          type: event.type,
          usage: {
            input_tokens: inputTokens,
            cached_input_tokens: cachedInputTokens,
            output_tokens: outputTokens,
          },
        });
        break;
      }
      case "turn.failed": {
        const { message } = event.error;
        line({ type: "error", message });
        line({ type: event.type, error: { message } });
        stderr.write(hintLine(event.error));
        break;
      }
      // Messages and reasoning have no start and no parts here.
      case "item.started":
      case "item.delta":
      case "item.updated":
      case "item.dropped":
      case "reasoning.section":
      case "input.taken":
      case "usage.updated":
      case "turn.diff":
      case "rate-limits.updated":
      case "turn.interrupted":
    }
  }
  return { show };
}
