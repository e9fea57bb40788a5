// A conversation with the model: its history, and one turn after the other. What happens is told to one
// listener. In this version a turn is one answer: no tools are offered.

import type { Clock } from "../clock.ts";
import type { Config } from "../config/config.ts";
import { AgentError } from "../errors.ts";
import { baseInstructions } from "../instructions/base-instructions.ts";
import { environmentContext } from "../instructions/environment-context.ts";
import {
  asInput,
  type ContentPart,
  type InputItem,
  messageText,
  type OutputItem,
  reasoningSummaries,
  reasoningTexts,
  userMessage,
} from "../model-client/items.ts";
import { askModel } from "../model-client/model-client.ts";
import type { ModelEvent } from "../model-client/model-events.ts";
import { addUsage, type TokenUsage } from "../model-client/usage.ts";
import type { ModelConnection } from "../model-connection.ts";
import type { ThreadItem, ThreadListener } from "./thread-events.ts";
import { timeOrderedUuid } from "./uuid.ts";

export interface TurnInput {
  readonly content: readonly ContentPart[];
  /** JSON schema of the answer */
  readonly outputSchema?: unknown;
  /** interrupts the turn */
  readonly signal: AbortSignal;
}

/** How a turn ended. */
export type TurnEnd = "completed" | "failed" | "interrupted";

export interface Thread {
  readonly id: string;
  /** the rollout file; undefined where nothing is kept */
  readonly file?: string;
  /** Resolves when the turn has ended; the listener has been told how. Never rejects. */
  runTurn(input: TurnInput): Promise<TurnEnd>;
  /** Ends what is still open. To be called when no turn runs. */
  close(): Promise<void>;
}

/** What a thread needs of the world. */
export interface ThreadParts {
  readonly config: Config;
  readonly connection: ModelConnection;
  readonly listener: ThreadListener;
  readonly clock: Clock;
}

/**
 * Begin a thread.
 *
 * @throws {AgentError} for instructions that cannot be had
 */
export function startThread({ config, connection: way, listener, clock }: ThreadParts): Thread {
  const id = timeOrderedUuid(clock.now());
  const instructions = baseInstructions(config, []);
  let history: readonly InputItem[] = [
    userMessage([{ type: "input_text", text: environmentContext(config) }]),
  ];
  let totalUsage: TokenUsage | undefined;
  let itemCount = 0;
  const nextItemId = () => `${id}:${itemCount++}`;
  listener({ type: "thread.started", threadId: id, isResumed: false });

  async function runTurn({ content, outputSchema, signal }: TurnInput): Promise<TurnEnd> {
    const turnId = timeOrderedUuid(clock.now());
    listener({ type: "turn.started", turnId });
    history = [...history, userMessage(content)];
    try {
      const connection = await way.open();
      signal.throwIfAborted();
      const prompt = {
        ...{ instructions, input: history, tools: [], mayCallToolsInParallel: false },
        ...(outputSchema !== undefined && { outputSchema }),
      };
      const answer = new AnswerItems(config, listener, nextItemId);
      for await (const event of askModel(
        connection,
        { settings: config, prompt, conversationId: id, signal },
        clock,
      )) {
        answer.take(event);
        if (event.kind === "completed" && event.usage !== undefined) {
          totalUsage = totalUsage === undefined ? event.usage : addUsage(totalUsage, event.usage);
        }
      }
      history = [...history, ...answer.items.map((item) => asInput(item, connection.isAzure))];
      listener({ type: "turn.completed", turnId, totalUsage, lastAgentMessage: answer.lastMessage });
      return "completed";
    } catch (error) {
      if (signal.aborted) {
        listener({ type: "turn.interrupted", turnId });
        return "interrupted";
      }
      listener({ type: "turn.failed", turnId, error: asAgentError(error), totalUsage });
      return "failed";
    }
  }
  return { id, runTurn, close: () => way.close() };
}

function asAgentError(error: unknown): AgentError {
  if (error instanceof AgentError) return error;
  return new AgentError("the turn failed for a reason that was not foreseen", {
    code: "THREAD_FAULT",
    cause: error,
  });
}

// The items of one answer. What an attempt that broke off has brought does not count.
class AnswerItems {
  items: OutputItem[] = [];
  lastMessage: string | undefined;
  readonly #config: Config;
  readonly #listener: ThreadListener;
  readonly #nextItemId: () => string;
  #open: ThreadItem | undefined;

  constructor(config: Config, listener: ThreadListener, nextItemId: () => string) {
    this.#config = config;
    this.#listener = listener;
    this.#nextItemId = nextItemId;
  }

  take(event: ModelEvent): void {
    switch (event.kind) {
      case "item-started":
        this.#start(event.item);
        break;
      case "text-delta":
        if (this.#open?.type === "agent_message") this.#grow(this.#open, event.delta);
        break;
      case "reasoning-delta":
        if (this.#open?.type === "reasoning") this.#grow(this.#open, event.delta);
        break;
      case "reasoning-section":
        if (!this.#config.hideAgentReasoning) this.#listener({ type: "reasoning.section" });
        break;
      case "item-done":
        this.#finish(event.item);
        break;
      case "rate-limits":
        this.#listener({ type: "rate-limits.updated", limits: event.limits });
        break;
      case "retrying":
        this.#drop();
        this.items = [];
        this.lastMessage = undefined;
        this.#listener({
          type: "turn.retrying",
          repetition: event.repetition,
          limit: event.limit,
          cause: event.cause,
        });
        break;
      case "completed":
        this.#drop();
    }
  }

  #start(item: OutputItem): void {
    this.#drop();
    if (item.type === "message") this.#open = { id: this.#nextItemId(), type: "agent_message", text: "" };
    else if (item.type === "reasoning" && !this.#config.hideAgentReasoning) {
      this.#open = { id: this.#nextItemId(), type: "reasoning", text: "" };
    }
    if (this.#open !== undefined) this.#listener({ type: "item.started", item: this.#open });
  }

  #grow(item: ThreadItem, delta: string): void {
    this.#listener({ type: "item.delta", itemId: item.id, delta });
  }

  #finish(item: OutputItem): void {
    this.items.push(item);
    if (item.type === "message") {
      const text = messageText(item);
      this.lastMessage = text;
      this.#complete({ type: "agent_message", text });
    } else if (item.type === "reasoning" && !this.#config.hideAgentReasoning) {
      const raw = this.#config.showRawAgentReasoning ? reasoningTexts(item) : [];
      for (const text of [...reasoningSummaries(item), ...raw]) this.#complete({ type: "reasoning", text });
      this.#drop();
    }
  }

  // Several summaries of one item are items of their own to whoever listens.
  #complete(
    item:
      | Omit<Extract<ThreadItem, { type: "agent_message" }>, "id">
      | Omit<Extract<ThreadItem, { type: "reasoning" }>, "id">,
  ): void {
    const id = this.#open?.type === item.type ? this.#open.id : this.#nextItemId();
    this.#open = undefined;
    this.#listener({ type: "item.completed", item: { id, ...item } });
  }

  #drop(): void {
    if (this.#open !== undefined) this.#listener({ type: "item.dropped", itemId: this.#open.id });
    this.#open = undefined;
  }
}
