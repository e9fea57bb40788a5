// `codex exec --json`: one JSON object a line on stdout, as SDKs and scripts read it. Items are numbered in
// the order in which they first appear.

import type { ThreadEvent, ThreadItem } from "../../agent/thread/thread-events.ts";
import { hintLine } from "../notices.ts";
import { type ExecOutput, retryNotice, type TextSink } from "./exec-output.ts";
import { isShownFromStart, wireItem } from "./json-items.ts";

// JSON escapes those of ASCII but the last; C1 has a way to steer a terminal in one character.
function withoutControls(json: string): string {
  return json.replace(/[\x7f-\x9f]/g, (control) => `\\u00${control.charCodeAt(0).toString(16)}`);
}

/** Write events as lines to `stdout`; a hint how to help, which no event has room for, to `stderr`. */
export function jsonOutput(stdout: TextSink, stderr: TextSink): ExecOutput {
  const numbers = new Map<string, number>();
  const line = (value: object) => stdout.write(`${withoutControls(JSON.stringify(value))}\n`);

  function showItem(type: "item.started" | "item.updated" | "item.completed", item: ThreadItem): void {
    if (type !== "item.completed" && !isShownFromStart(item)) return;
    const fields = wireItem(item);
    if (fields === undefined) return;
    const number = numbers.get(item.id) ?? numbers.size;
    numbers.set(item.id, number);
    line({ type, item: { id: `item_${number}`, ...fields } });
  }

  function show(event: ThreadEvent): void {
    switch (event.type) {
      case "thread.started":
        line({ type: event.type, thread_id: event.threadId });
        break;
      case "turn.started":
        line({ type: event.type });
        break;
      case "item.started":
      case "item.updated":
      case "item.completed":
        showItem(event.type, event.item);
        break;
      case "turn.retrying":
        line({ type: "error", message: retryNotice(event) });
        break;
      case "turn.completed": {
        const { totalUsage: usage } = event;
        line({
          type: event.type,
          usage: {
            input_tokens: usage?.inputTokens ?? 0,
            cached_input_tokens: usage?.cachedInputTokens ?? 0,
            output_tokens: usage?.outputTokens ?? 0,
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
      // What an SDK has no words for.
      case "item.delta":
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
