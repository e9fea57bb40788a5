// Runs the calls of one answer. Those that may run side by side do, all others run alone and in order; their
// outputs are in the order of the calls, and each call has one, whatever happens.

import { setMaxListeners } from "node:events";
import type { Clock } from "../clock.ts";
import { AgentError } from "../errors.ts";
import type { InputItem, OutputItem } from "../model-client/items.ts";
import { type Tool, type ToolCall, type ToolContext, ToolFailure, TurnAborted } from "../tools/tool.ts";
import { callIdOf, outputFor } from "./history.ts";

/** Each may be a process, or many. */
const mostAtOnce = 16;

/** A tool that goes on after it was told to stop is waited for no longer than that. */
const maxStopMs = 5_000;

export interface CallRequest {
  /** items of an answer; those that are no calls are passed over */
  readonly items: readonly OutputItem[];
  readonly tools: readonly Tool[];
  /** whether calls of one answer may run side by side at all */
  readonly mayRunInParallel: boolean;
  readonly context: ToolContext;
}

export interface CallOutcome {
  /** an output for each call, and behind them what the tools have added */
  readonly items: readonly InputItem[];
  /** a user who was asked has ended the turn */
  readonly isEnded: boolean;
}

/** @returns the calls among the items of an answer, each with its item */
export function callsOf(
  items: readonly OutputItem[],
): readonly { readonly item: OutputItem; readonly call: ToolCall }[] {
  return items.flatMap((item) => {
    const call = callOf(item);
    return call === undefined ? [] : [{ item, call }];
  });
}

/** Run all calls of an answer. Never rejects. */
export async function runCalls({
  items,
  tools,
  mayRunInParallel,
  context,
}: CallRequest): Promise<CallOutcome> {
  const byName = new Map(tools.flatMap((tool) => tool.names.map((name) => [name, tool] as const)));
  const ended = new AbortController();
  const signal = AbortSignal.any([context.signal, ended.signal]);
  setMaxListeners(0, signal); // as many as there are calls is no leak
  const calls = callsOf(items).map(({ item, call }) => {
    const tool = byName.get(call.name);
    return { item, call, tool, runsBeside: mayRunInParallel && tool?.mayRunInParallel === true };
  });

  const run = async ({ item, call, tool }: (typeof calls)[number]) => {
    const { output, followUps = [] } = await resultOf(call, tool, { ...context, signal }, ended);
    const answer = outputFor(item, output);
    return { outputs: answer === undefined ? [] : [answer], followUps };
  };
  const results: Awaited<ReturnType<typeof run>>[] = [];
  for (let next = 0; next < calls.length; ) {
    const isBeside = calls[next]?.runsBeside === true;
    const length = isBeside ? calls.slice(next).findIndex(({ runsBeside }) => !runsBeside) : 1;
    const group = calls.slice(next, length === -1 ? undefined : next + length);
    results.push(...(await sideBySide(group, run)));
    next += group.length;
  }
  return {
    items: [...results.flatMap(({ outputs }) => outputs), ...results.flatMap(({ followUps }) => followUps)],
    isEnded: ended.signal.aborted,
  };
}

/** @returns the results in the order of `calls` */
async function sideBySide<C, R>(calls: readonly C[], run: (call: C) => Promise<R>): Promise<readonly R[]> {
  const results: R[] = [];
  const waiting = calls.entries();
  const runThem = async () => {
    for (const [index, call] of waiting) results[index] = await run(call);
  };
  await Promise.all(Array.from({ length: mostAtOnce }, runThem));
  return results;
}

async function resultOf(
  call: ToolCall,
  tool: Tool | undefined,
  context: ToolContext,
  ended: AbortController,
): Promise<{ readonly output: string; readonly followUps?: readonly InputItem[] }> {
  const aborted = { output: "aborted" };
  if (context.signal.aborted) return aborted;
  if (tool === undefined) {
    return { output: `unsupported ${call.kind === "custom" ? "custom tool " : ""}call: ${call.name}` };
  }
  try {
    return await stoppedInTime(tool.run(call, context), context.signal, context.clock);
  } catch (error) {
    if (error instanceof TurnAborted) ended.abort(error);
    if (context.signal.aborted) return aborted;
    if (error instanceof ToolFailure || error instanceof AgentError) return { output: error.message };
    // One tool that fails in a way nobody has thought of is no reason to lose the turn.
    const message = `the tool ${tool.names[0]} failed for a reason that was not foreseen`;
    context.items.report({ type: "error", message });
    return { output: message };
  }
}

async function stoppedInTime<R>(running: Promise<R>, signal: AbortSignal, clock: Clock): Promise<R> {
  const over = new AbortController();
  let onAbort = () => {};
  const tooLate = new Promise<never>((_, reject) => {
    onAbort = () => {
      clock.sleep(maxStopMs, over.signal).then(
        () => reject(signal.reason),
        () => {},
      );
    };
    signal.addEventListener("abort", onAbort, { once: true });
  });
  try {
    return await Promise.race([running, tooLate]);
  } finally {
    signal.removeEventListener("abort", onAbort);
    over.abort();
  }
}

function callOf(item: OutputItem): ToolCall | undefined {
  const callId = callIdOf(item);
  if (callId === undefined) return undefined;
  if (item.type === "local_shell_call") {
    return { callId, kind: "local_shell", name: "local_shell", input: JSON.stringify(item.action ?? null) };
  }
  const { name } = item;
  if (typeof name !== "string") return undefined;
  if (item.type === "function_call") return { callId, kind: "function", name, input: textOf(item.arguments) };
  if (item.type === "custom_tool_call") return { callId, kind: "custom", name, input: textOf(item.input) };
  return undefined;
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value ?? null);
}
