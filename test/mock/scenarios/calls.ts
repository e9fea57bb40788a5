// Answers that call tools: each form of call that a model makes, alone, several in one answer, and with
// words before them. The n-th call of a session gets an id of its own from the caller or from its place.

import type { ResponseEvent } from "../response-events.ts";
import type { Step } from "../scripted-upstream.ts";
import { completed, created, itemEvents, messageEvents, reasoningEvents, type Tokens } from "./events.ts";

/** An item of an answer that calls a tool. */
export type CallItem = ResponseEvent;

export interface ShellArguments {
  readonly workdir?: string;
  readonly timeout_ms?: number;
  readonly with_escalated_permissions?: boolean;
  readonly justification?: string;
}

export function functionCall(name: string, args: unknown, callId = "call_1"): CallItem {
  const text = typeof args === "string" ? args : JSON.stringify(args);
  return { type: "function_call", id: `fc_${callId}`, name, arguments: text, call_id: callId };
}

export function customCall(name: string, input: string, callId = "call_1"): CallItem {
  return { type: "custom_tool_call", id: `ctc_${callId}`, status: "completed", call_id: callId, name, input };
}

/** @param command - an argument list; a text is run by `bash -lc` */
export function shellCall(
  command: string | readonly string[],
  callId?: string,
  more: ShellArguments = {},
): CallItem {
  const words = typeof command === "string" ? ["bash", "-lc", command] : command;
  return functionCall("shell", { command: words, ...more }, callId);
}

/** The form of `codex-mini-latest`: an item of its own. */
export function localShellCall(command: readonly string[], callId = "call_1", timeoutMs?: number): CallItem {
  const action = {
    type: "exec",
    command,
    ...(timeoutMs !== undefined && { timeout_ms: timeoutMs }),
    env: {},
  };
  return { type: "local_shell_call", id: `lsh_${callId}`, call_id: callId, status: "completed", action };
}

/** The freeform `apply_patch`. */
export function patchCall(patch: string, callId?: string): CallItem {
  return customCall("apply_patch", patch, callId);
}

export interface PlannedStep {
  readonly step: string;
  readonly status: "pending" | "in_progress" | "completed";
}

export function planCall(plan: readonly PlannedStep[], callId?: string, explanation?: string): CallItem {
  return functionCall("update_plan", { ...(explanation !== undefined && { explanation }), plan }, callId);
}

export function imageCall(path: string, callId?: string): CallItem {
  return functionCall("view_image", { path }, callId);
}

export function execCommandCall(
  cmd: string,
  callId?: string,
  more: Readonly<Record<string, unknown>> = {},
): CallItem {
  return functionCall("exec_command", { cmd, ...more }, callId);
}

export function writeStdinCall(
  sessionId: number,
  chars: string,
  callId?: string,
  more: Readonly<Record<string, unknown>> = {},
): CallItem {
  return functionCall("write_stdin", { session_id: sessionId, chars, ...more }, callId);
}

/** A search that the service has made by itself; nothing is to be answered. */
export function searchItem(query: string): CallItem {
  return { type: "web_search_call", id: "ws_1", status: "completed", action: { type: "search", query } };
}

/** An answer of nothing but these calls. */
export function calls(...items: readonly CallItem[]): Step {
  return { events: [created, ...items.flatMap(itemEvents), completed()] };
}

/** The same, and what it says that it has cost. */
export function callsAtCost(tokens: Tokens, ...items: readonly CallItem[]): Step {
  return { events: [created, ...items.flatMap(itemEvents), completed(tokens)] };
}

/** Reasoning, a message, then calls. */
export function saysAndCalls(text: string, ...items: readonly CallItem[]): Step {
  return {
    events: [
      created,
      ...reasoningEvents(),
      ...messageEvents(text),
      ...items.flatMap(itemEvents),
      completed(),
    ],
  };
}
