// One turn: requests and the calls that answers ask for, until an answer asks for none. Every item is in the
// history and in the record as soon as it counts, so that both are valid wherever the turn breaks off.

import type { Clock } from "../clock.ts";
import type { Config } from "../config/config.ts";
import { compactedHistory } from "../conversation/compacted-history.ts";
import {
  asInput,
  type ContentPart,
  type InputItem,
  type OutputItem,
  userMessage,
} from "../model-client/items.ts";
import { askModel } from "../model-client/model-client.ts";
import type { ModelEvent } from "../model-client/model-events.ts";
import type { RateLimits } from "../model-client/rate-limits.ts";
import type { Prompt } from "../model-client/request.ts";
import { modelLimits, modelTraits } from "../models/models.ts";
import type { Connection } from "../provider/connection.ts";
import type { SandboxPolicy } from "../sandbox/policy.ts";
import type { ThreadStore } from "../sessions/thread-store.ts";
import type { Tool, ToolContext } from "../tools/tool.ts";
import { AnswerItems } from "./answer-items.ts";
import { isOverflow, summarize } from "./compaction.ts";
import { ThreadError } from "./errors.ts";
import type { History } from "./history.ts";
import type { ThreadListener } from "./thread-events.ts";
import {
  answerEntries,
  compactedEntry,
  contextEntry,
  itemEntries,
  textOf,
  tokenEntry,
  userEntries,
} from "./thread-record.ts";
import type { TokenAccount } from "./token-account.ts";
import { callsOf, runCalls } from "./tool-calls.ts";
import type { TurnItems } from "./turn-items.ts";

/** What outlives a turn, and every turn goes on with. */
export interface Conversation {
  readonly id: string;
  readonly history: History;
  readonly tokens: TokenAccount;
  readonly store: ThreadStore;
  /** what the user has sent while a turn ran */
  readonly pending: (readonly ContentPart[])[];
  limits: RateLimits | undefined;
}

/** What holds for one turn from its start to its end. */
export interface TurnParts {
  readonly conversation: Conversation;
  /** asked when the first request is made */
  readonly connect: () => Promise<Connection>;
  readonly config: Config;
  readonly policy: SandboxPolicy;
  readonly instructions: string;
  readonly compactionPrompt: string;
  /** what a history that was summarized begins with */
  readonly initial: readonly InputItem[];
  readonly tools: readonly Tool[];
  readonly toolContext: Omit<ToolContext, "signal" | "items">;
  readonly items: TurnItems;
  readonly outputSchema?: unknown;
  readonly listener: ThreadListener;
  readonly nextItemId: () => string;
  readonly clock: Clock;
  /** interrupts the turn */
  readonly signal: AbortSignal;
  /** the tools of one answer have run */
  readonly onCallsDone: () => Promise<void>;
}

/** Item types that are sent back to the model; others are of no use to it, or unknown. */
const keptTypes = new Set([
  "message",
  "reasoning",
  "function_call",
  "custom_tool_call",
  "local_shell_call",
  "web_search_call",
]);
const callTypes = new Set(["function_call", "custom_tool_call", "local_shell_call"]);

/** The turn was ended by a user who was asked for an approval. */
export class TurnEnded extends Error {
  override readonly name = "TurnEnded";
}

/** One turn of a conversation. */
export class Turn {
  readonly #parts: TurnParts;
  /** texts that the user has sent in the course of it */
  readonly inputMessages: string[] = [];
  lastMessage: string | undefined;
  #hasJustCompacted = false;
  #isAzure = false;

  constructor(parts: TurnParts) {
    this.#parts = parts;
  }

  /**
   * Go on until the model has nothing more to do.
   *
   * @throws the signal's reason when interrupted; {@link TurnEnded}; {AgentError} when it fails
   */
  async run(): Promise<void> {
    const { conversation, config, signal, tools, items, onCallsDone } = this.#parts;
    const { mayCallToolsInParallel: mayRunInParallel } = modelTraits(config.model);
    for (let count = 1; ; count++) {
      if (count > config.maxRequestsPerTurn) throw new ThreadError("THREAD_REQUEST_LIMIT");
      this.#takePending();
      await this.#compactWhenFull(1);
      const answer = await this.#ask();
      this.lastMessage = answer.lastMessage ?? this.lastMessage;
      if (callsOf(answer.items).length > 0) {
        const context = { ...this.#parts.toolContext, signal, items };
        const outcome = await runCalls({ items: answer.items, tools, mayRunInParallel, context });
        this.#add(outcome.items);
        await onCallsDone();
        if (outcome.isEnded) throw new TurnEnded();
        signal.throwIfAborted();
      } else if (conversation.pending.length === 0) return;
    }
  }

  /** Add what the user says to the conversation. */
  say(content: readonly ContentPart[]): void {
    const { conversation } = this.#parts;
    const item = userMessage(content);
    conversation.history.add([item]);
    conversation.tokens.added([item]);
    conversation.store.append(...userEntries(item, content));
    this.inputMessages.push(textOf(content));
  }

  /**
   * Before the user's words: summarize what was said before, where it fills the window.
   *
   * @returns whether it did
   * @throws as run()
   */
  makeRoom(): Promise<boolean> {
    return this.#compactWhenFull(0);
  }

  /** Put a summary in the place of the history. @throws as run() */
  async compact(): Promise<void> {
    const { conversation, config, initial, listener, nextItemId, signal } = this.#parts;
    const { history, tokens, store } = conversation;
    const { autoCompactTokenLimit: limitTokens } = modelLimits(config);
    if (!this.#hasSomethingToCompact(0)) throw new ThreadError("THREAD_NOTHING_TO_COMPACT");
    const id = nextItemId();
    listener({ type: "item.started", item: { id, type: "compaction", summary: "" } });
    try {
      const summary = await summarize({
        history: history.items,
        initialCount: initial.length,
        prompt: this.#parts.compactionPrompt,
        ask: (input) => this.#request({ input, tools: [] }),
        onEvent: (event) => this.#hearAside(event),
      });
      signal.throwIfAborted();
      history.replace(compactedHistory({ initial, history: history.items, summary, limitTokens }));
      tokens.replaced(history.items);
      this.#hasJustCompacted = true;
      store.append(compactedEntry(summary, history.items));
      listener({ type: "item.completed", item: { id, type: "compaction", summary } });
    } catch (error) {
      listener({ type: "item.dropped", itemId: id });
      throw error;
    }
  }

  #takePending(): void {
    const { conversation, listener } = this.#parts;
    for (const content of conversation.pending.splice(0)) {
      this.say(content);
      const imageCount = content.filter(({ type }) => type === "input_image").length;
      listener({ type: "input.taken", text: textOf(content), imageCount });
    }
  }

  async #compactWhenFull(newCount: number): Promise<boolean> {
    const { config, conversation } = this.#parts;
    const { autoCompactTokenLimit: limit } = modelLimits(config);
    const { contextTokens } = conversation.tokens;
    if (limit === undefined || contextTokens < limit || !this.#hasSomethingToCompact(newCount)) return false;
    if (this.#hasJustCompacted) {
      const message =
        "Conversation is still above the token limit after automatic summarization " +
        `(limit ${limit}, current ${contextTokens}). Please start a new session or trim your input.`;
      throw new ThreadError("THREAD_STILL_FULL", { message });
    }
    await this.compact();
    return true;
  }

  // A first message that is too long does not become shorter by a summary.
  #hasSomethingToCompact(newCount: number): boolean {
    const { conversation, initial } = this.#parts;
    return conversation.history.items.length > initial.length + newCount;
  }

  // The answer to the history as it is; where that has no room, to its summary.
  async #ask(): Promise<AnswerItems> {
    try {
      return await this.#askOnce();
    } catch (error) {
      if (!isOverflow(error)) throw error;
      const { conversation, config } = this.#parts;
      conversation.tokens.filled(modelLimits(config).contextWindowTokens);
      if (this.#hasJustCompacted || !this.#hasSomethingToCompact(1)) throw error;
      await this.compact();
      return this.#askOnce();
    }
  }

  async #askOnce(): Promise<AnswerItems> {
    const { conversation, config, policy, listener, nextItemId, outputSchema } = this.#parts;
    const { history, store, tokens } = conversation;
    store.append(contextEntry(config, policy));
    const tools = this.#parts.tools.flatMap(({ schema }) => (schema === undefined ? [] : [schema]));
    const answer = new AnswerItems(config, listener, nextItemId);
    try {
      for await (const event of this.#request({ input: history.items, tools, outputSchema })) {
        answer.take(event);
        if (event.kind === "rate-limits") this.#hearLimits(event.limits);
      }
    } catch (error) {
      answer.drop();
      if (this.#parts.signal.aborted) this.#keep(answer.itemsSaid());
      throw error;
    }
    this.#keep(answer.items);
    this.#count(answer.usage, false);
    const { autoCompactTokenLimit: limit = Number.POSITIVE_INFINITY } = modelLimits(config);
    if (tokens.contextTokens < limit) this.#hasJustCompacted = false;
    return answer;
  }

  // Items of an answer, those that the model can be sent again.
  #keep(items: readonly OutputItem[]): void {
    const { conversation } = this.#parts;
    const answerable = new Set(callsOf(items).map(({ item }) => item));
    const kept = items.filter(
      (item) => keptTypes.has(item.type) && (!callTypes.has(item.type) || answerable.has(item)),
    );
    for (const output of kept) {
      const item = asInput(output, this.#isAzure);
      conversation.history.add([item]);
      conversation.tokens.added([item]);
      conversation.store.append(...answerEntries(item, output));
    }
  }

  #add(items: readonly InputItem[]): void {
    const { history, tokens, store } = this.#parts.conversation;
    history.add(items);
    tokens.added(items);
    store.append(...itemEntries(items));
  }

  async *#request(prompt: Pick<Prompt, "input" | "tools" | "outputSchema">): AsyncGenerator<ModelEvent> {
    const { conversation, connect, config, instructions, signal, clock } = this.#parts;
    const connection = await connect();
    signal.throwIfAborted();
    this.#isAzure = connection.isAzure;
    const mayCallToolsInParallel =
      prompt.tools.length > 0 && modelTraits(config.model).mayCallToolsInParallel;
    yield* askModel(
      connection,
      {
        ...{ settings: config, conversationId: conversation.id, signal },
        prompt: { instructions, mayCallToolsInParallel, ...prompt },
      },
      clock,
    );
  }

  // A request that is none of the conversation: its costs and troubles are told, its items are not.
  #hearAside(event: ModelEvent): void {
    const { listener } = this.#parts;
    if (event.kind === "rate-limits") {
      this.#hearLimits(event.limits);
      listener({ type: "rate-limits.updated", limits: event.limits });
    } else if (event.kind === "waiting") {
      listener({ type: "turn.waiting", waitMs: event.waitMs });
    } else if (event.kind === "retrying") {
      const { repetition, limit, cause } = event;
      listener({ type: "turn.retrying", repetition, limit, cause });
    } else if (event.kind === "completed") this.#count(event.usage, true);
  }

  #hearLimits(limits: RateLimits): void {
    const { conversation, config } = this.#parts;
    conversation.limits = limits;
    const { usableContextTokens } = modelLimits(config);
    conversation.store.append(tokenEntry(conversation.tokens, usableContextTokens, limits));
  }

  #count(usage: AnswerItems["usage"], isAside: boolean): void {
    if (usage === undefined) return;
    const { conversation, config, listener } = this.#parts;
    const { tokens, store } = conversation;
    const { usableContextTokens } = modelLimits(config);
    if (isAside) tokens.countedAside(usage);
    else tokens.counted(usage);
    store.append(tokenEntry(tokens, usableContextTokens, conversation.limits));
    listener({
      type: "usage.updated",
      totalUsage: tokens.total ?? usage,
      lastUsage: usage,
      ...(usableContextTokens !== undefined && { contextWindowTokens: usableContextTokens }),
    });
  }
}
