// Streams that go wrong: those that break off, are reset or fall silent, at any of their events, and bytes
// that are no events.

import type { ResponseEvent } from "../response-events.ts";
import { encodeEvent } from "../response-events.ts";
import type { Step } from "../scripted-upstream.ts";
import { completed, created, messageEvents, reasoningEvents } from "./events.ts";

/** Breaks off in the middle of reasoning. */
export const breaksOff: Step = { events: [created, ...reasoningEvents().slice(0, 2)] };
export const isReset: Step = { events: [created, ...reasoningEvents()], ending: "reset" };
export const fallsSilent: Step = { events: [created], ending: "silence" };

export type Ending = "end" | "reset" | "silence";

/** The first `count` events of an answer, and then no more. */
export function breaksAfter(step: Step, count: number, ending: Ending = "end"): Step {
  return { events: eventsOf(step).slice(0, count), ending };
}

/** An answer broken at each place before its last event: before the first event, behind the first, … */
export function everyBreakOf(step: Step, ending: Ending = "end"): readonly Step[] {
  return eventsOf(step).map((_, count) => breaksAfter(step, count, ending));
}

/** Breaks off in the middle of the event of that index. */
export function breaksWithin(step: Step, index: number): Step {
  const events = eventsOf(step);
  const last = encodeEvent(events[index] as ResponseEvent);
  return { bytes: [...events.slice(0, index).map(encodeEvent), last.slice(0, last.length >> 1)] };
}

function eventsOf(step: Step): readonly ResponseEvent[] {
  if (!("events" in step)) throw new TypeError("only a stream of events can be broken");
  return step.events;
}

export const incomplete: Step = {
  events: [
    created,
    { type: "response.incomplete", response: { incomplete_details: { reason: "max_output_tokens" } } },
  ],
};

/** A good answer between lines that say nothing: comments, blank lines, bad JSON, kinds that nobody knows. */
export function saysAmongNoise(text: string): Step {
  const [added, delta, done] = messageEvents(text).map(encodeEvent) as [string, string, string];
  return {
    bytes: [
      ": a comment\n\n\n",
      encodeEvent(created),
      "data: {not json\n\n",
      added,
      'event: response.new_kind\ndata: {"type":"response.new_kind","item":{"type":"message"}}\n\n',
      delta,
      "data: 17\n\ndata: null\n\ndata: []\n\n",
      done.replaceAll("\n", "\r\n"),
      "retry: 10\nid: 7\n\n",
      encodeEvent(completed()),
    ],
  };
}

/** A good answer, a byte at a time: inside of characters, names and line ends. */
export function saysByteByByte(text: string): Step {
  const whole = [created, ...messageEvents(text), completed()].map(encodeEvent).join("");
  return { bytes: [...Buffer.from(whole)].map((byte) => Uint8Array.of(byte)) };
}
