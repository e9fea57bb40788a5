// A review as a thread of its own: the model and the instructions of reviews, and a listener who hears the
// review for people in the place of the model's JSON.

import type { Config } from "../config/config.ts";
import { reviewInstructions } from "../instructions/task-prompts.ts";
import type { ThreadEvent, ThreadItem, ThreadListener } from "../thread/thread-events.ts";
import { parseReview, reviewText } from "./review-answer.ts";

/** The configuration of a review: `review_model`, and instructions that are none of the user's file. */
export function reviewConfig(config: Config): Config {
  return { ...config, model: config.reviewModel, experimentalInstructions: reviewInstructions() };
}

type Message = Extract<ThreadItem, { readonly type: "agent_message" }>;

/**
 * What the model says is held back until something else follows: of its messages the last one is the answer,
 * and is told as a review.
 */
export function reviewListener(listener: ThreadListener): ThreadListener {
  let held: Message | undefined;
  const open = new Set<string>();
  const tellHeld = () => {
    if (held !== undefined) listener({ type: "item.completed", item: held });
    held = undefined;
  };
  return (event: ThreadEvent) => {
    switch (event.type) {
      case "item.started":
        if (event.item.type === "agent_message") {
          open.add(event.item.id);
          return;
        }
        tellHeld();
        break;
      case "item.delta":
      case "item.dropped":
        if (open.has(event.itemId)) return;
        break;
      case "item.completed":
        if (event.item.type === "agent_message") {
          tellHeld();
          held = event.item;
          return;
        }
        tellHeld();
        break;
      case "turn.completed": {
        const text = reviewText(parseReview(event.lastAgentMessage ?? ""));
        listener({ type: "item.completed", item: { id: held?.id ?? "review", type: "agent_message", text } });
        held = undefined;
        listener({ ...event, lastAgentMessage: text });
        return;
      }
      case "turn.failed":
      case "turn.interrupted":
        tellHeld();
        break;
      default:
    }
    listener(event);
  };
}
