// What the model knew at the end of a record. Pure.

import { compactedHistory, userText } from "../conversation/compacted-history.ts";
import { estimatedTokens } from "../conversation/token-estimate.ts";
import { objectOf } from "../json-object.ts";
import type { InputItem } from "../model-client/items.ts";
import type { TokenUsage } from "../model-client/usage.ts";
import type { SandboxPolicy } from "../sandbox/policy.ts";
import { fromRecord } from "./recorded-item.ts";
import type { RolloutEntry } from "./rollout-entry.ts";
import type { RecordedThread } from "./thread-store.ts";

type Replayed = Pick<
  RecordedThread,
  "history" | "totalUsage" | "lastUsage" | "contextTokens" | "lastContext"
>;

/** @returns the end of the thread, and which kinds of items could not be kept, how often */
export function replay(
  entries: readonly RolloutEntry[],
): Replayed & { readonly missed: ReadonlyMap<string, number> } {
  const missed = new Map<string, number>();
  const items = (recorded: readonly unknown[]): InputItem[] =>
    recorded.flatMap((value) => {
      const object = objectOf(value);
      if (typeof object?.type !== "string") return [];
      const item = fromRecord(object as unknown as InputItem);
      if (item !== undefined && "missed" in item && typeof item.missed === "string") {
        missed.set(item.missed, (missed.get(item.missed) ?? 0) + 1);
        return [];
      }
      return item === undefined ? [] : [item as InputItem];
    });
  let history: InputItem[] = [];
  let totalUsage: TokenUsage | undefined;
  let lastUsage: TokenUsage | undefined;
  let lastContext: RecordedThread["lastContext"];
  let countedTokens = 0;
  let uncounted: InputItem[] = [];
  const replaceHistory = (replacement: InputItem[]) => {
    history = replacement;
    countedTokens = 0;
    uncounted = [...replacement];
  };
  for (const { type, payload } of entries) {
    if (type === "response_item") {
      const added = items([payload]);
      history.push(...added);
      uncounted.push(...added);
    } else if (type === "turn_context") lastContext = contextOf(payload) ?? lastContext;
    else if (type === "compacted") {
      const { replacement_history: replacement, message } = payload;
      const summarized = () =>
        compactedHistory({ initial: beginningOf(history), history, summary: String(message) });
      replaceHistory(Array.isArray(replacement) ? items(replacement) : [...summarized()]);
    } else if (type === "event_msg") {
      const event: { readonly type?: unknown; readonly num_turns?: unknown; readonly info?: unknown } =
        payload;
      if (event.type === "thread_rolled_back") replaceHistory(withoutTurns(history, Number(event.num_turns)));
      const info = event.type === "token_count" ? objectOf(event.info) : undefined;
      const total = usageOf(info?.total_token_usage);
      lastUsage = usageOf(info?.last_token_usage) ?? lastUsage;
      // An entry that tells of limits alone repeats the count before it.
      if (total === undefined || total.totalTokens === totalUsage?.totalTokens) continue;
      totalUsage = total;
      countedTokens = lastUsage?.totalTokens ?? 0;
      uncounted = [];
    }
  }
  const contextTokens = countedTokens + (uncounted.length === 0 ? 0 : estimatedTokens(uncounted));
  return { history, totalUsage, lastUsage, contextTokens, lastContext, missed };
}

// Newer releases call the mode of a policy its type, and know policies for approvals that are no words.
function contextOf(payload: NonNullable<RecordedThread["lastContext"]>): RecordedThread["lastContext"] {
  const { type, mode = type, ...rest } = objectOf(payload.sandbox_policy) ?? {};
  const isUsable =
    typeof payload.cwd === "string" &&
    typeof payload.model === "string" &&
    typeof payload.approval_policy === "string" &&
    modes.includes(mode as SandboxPolicy["mode"]);
  return isUsable ? { ...payload, sandbox_policy: { mode, ...rest } as SandboxPolicy } : undefined;
}

const modes: readonly SandboxPolicy["mode"][] = ["read-only", "workspace-write", "danger-full-access"];

/** What stands before the first words of the user: instructions and environment. */
function beginningOf(history: readonly InputItem[]): readonly InputItem[] {
  const first = history.findIndex((item) => item.role !== "developer" && !isContext(item));
  return history.slice(0, first === -1 ? history.length : first);
}

function isContext(item: InputItem): boolean {
  return item.type === "message" && item.role === "user" && userText(item) === undefined;
}

function withoutTurns(history: readonly InputItem[], count: number): InputItem[] {
  let end = history.length;
  for (let left = count; left > 0 && end > 0; ) {
    end -= 1;
    if (userText(history[end] as InputItem) !== undefined) left -= 1;
  }
  return history.slice(0, end);
}

function usageOf(value: unknown): TokenUsage | undefined {
  const usage = objectOf(value);
  if (usage === undefined) return undefined;
  const count = (member: unknown) => (typeof member === "number" && member > 0 ? Math.trunc(member) : 0);
  return {
    inputTokens: count(usage.input_tokens),
    cachedInputTokens: count(usage.cached_input_tokens),
    outputTokens: count(usage.output_tokens),
    reasoningOutputTokens: count(usage.reasoning_output_tokens),
    totalTokens: count(usage.total_tokens),
  };
}
