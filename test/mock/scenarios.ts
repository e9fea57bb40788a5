// Scripts for the scripted upstream: how a model answers, calls tools, and the ways in which answers go
// wrong. One file a subject in the folder of this name; tests import from here.

export * from "./scenarios/answers.ts";
export * from "./scenarios/broken.ts";
export * from "./scenarios/calls.ts";
export * from "./scenarios/compaction.ts";
export {
  completed,
  created,
  itemEvents,
  messageEvents,
  reasoningEvents,
  type Tokens,
} from "./scenarios/events.ts";
export * from "./scenarios/images.ts";
export * from "./scenarios/limits.ts";
