// The items of a conversation as the next request sends them. It is valid at any time: each call has one
// output behind it, and each output a call before it. Additions cost what they add, however long it is.

import type { InputItem } from "../model-client/items.ts";

const outputTypes: ReadonlyMap<string, string> = new Map([
  ["function_call", "function_call_output"],
  ["local_shell_call", "function_call_output"],
  ["custom_tool_call", "custom_tool_call_output"],
]);

/** What stands where a call was never answered. */
const abortedOutput = "aborted";

/** The history of one thread. */
export class History {
  #items: InputItem[];

  /** @param items - as they were recorded; what is not valid in them is repaired */
  constructor(items: readonly InputItem[] = []) {
    this.#items = normalized(items);
  }

  /** The items as they are now; a later addition may be seen in it. */
  get items(): readonly InputItem[] {
    return this.#items;
  }

  /** Add items that are valid by themselves: messages, and calls together with their outputs. */
  add(items: readonly InputItem[]): void {
    for (const item of items) this.#items.push(item);
  }

  replace(items: readonly InputItem[]): void {
    this.#items = normalized(items);
  }
}

/** The item that answers a call; undefined for an item that is no call, or that cannot be answered. */
export function outputFor(call: InputItem, output: string): InputItem | undefined {
  const type = outputTypes.get(call.type);
  const callId = callIdOf(call);
  return type === undefined || callId === undefined ? undefined : { type, call_id: callId, output };
}

/** The id by which a call is answered: a local shell's may be that of the item. */
export function callIdOf(item: InputItem): string | undefined {
  const { call_id: callId, id } = item;
  if (typeof callId === "string" && callId !== "") return callId;
  return item.type === "local_shell_call" && typeof id === "string" ? id : undefined;
}

/** Calls without an output get one, outputs without a call are left out, and so are calls without an id. */
export function normalized(items: readonly InputItem[]): InputItem[] {
  const lastOutput = new Map<string, number>();
  for (const [index, item] of items.entries()) {
    if (isOutput(item)) lastOutput.set(keyOf(item.type, item.call_id), index);
  }
  const open = new Set<string>();
  const valid: InputItem[] = [];
  for (const [index, item] of items.entries()) {
    if (isOutput(item)) {
      if (open.delete(keyOf(item.type, item.call_id))) valid.push(item);
      continue;
    }
    if (!outputTypes.has(item.type)) {
      valid.push(item);
      continue;
    }
    const output = outputFor(item, abortedOutput);
    if (output === undefined) continue;
    valid.push(item);
    const key = keyOf(output.type, output.call_id);
    if ((lastOutput.get(key) ?? -1) > index && !open.has(key)) open.add(key);
    else valid.push(output);
  }
  return valid;
}

function isOutput({ type }: InputItem): boolean {
  return type === "function_call_output" || type === "custom_tool_call_output";
}

function keyOf(outputType: string, callId: unknown): string {
  return `${outputType} ${String(callId)}`;
}
