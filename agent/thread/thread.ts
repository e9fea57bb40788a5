// A conversation with the model: one turn after the other, what the user sends in between, and settings that
// change from turn to turn. What happens is told to one listener and kept in one store.

import type { Approver } from "../approval/approver.ts";
import { SessionApprovals } from "../approval/session-approvals.ts";
import type { Clock } from "../clock.ts";
import type { Config } from "../config/config.ts";
import type { Environment } from "../environment.ts";
import type { Executor } from "../execution/executor.ts";
import type { ContentPart, InputItem } from "../model-client/items.ts";
import type { ModelConnection } from "../model-connection.ts";
import { sandboxPolicy } from "../sandbox/policy.ts";
import type { TurnContextPayload } from "../sessions/rollout-entry.ts";
import type { RecordedThread, ThreadStore } from "../sessions/thread-store.ts";
import type { ToolSet } from "../tools/tool.ts";
import { asAgentError } from "./errors.ts";
import { History } from "./history.ts";
import type { CompletedTurn } from "./notify.ts";
import type { ThreadListener } from "./thread-events.ts";
import { contextPayload, interruptedEntry, itemEntries } from "./thread-record.ts";
import { TokenAccount } from "./token-account.ts";
import { type Conversation, Turn, TurnEnded } from "./turn.ts";
import { TurnItems } from "./turn-items.ts";
import { timeOrderedUuid } from "./uuid.ts";

export interface TurnInput {
  /** nothing, to let the model go on by itself */
  readonly content: readonly ContentPart[];
  /** JSON schema of the answer */
  readonly outputSchema?: unknown;
  /** interrupts the turn */
  readonly signal: AbortSignal;
}

/** How a turn ended. */
export type TurnEnd = "completed" | "failed" | "interrupted";

/** Settings of a thread that may change from one turn to the next. */
export type ThreadSettings = Partial<
  Pick<
    Config,
    | "cwd"
    | "model"
    | "modelReasoningEffort"
    | "modelReasoningSummary"
    | "modelVerbosity"
    | "approvalPolicy"
    | "sandboxMode"
    | "workspaceWrite"
  >
>;

export interface Thread {
  readonly id: string;
  /** the rollout file; undefined where nothing is kept */
  readonly file?: string;
  /**
   * Resolves when the turn has ended; the listener has been told how. Never rejects. A turn that is begun
   * while another one runs waits for its end.
   */
  runTurn(input: TurnInput): Promise<TurnEnd>;
  /**
   * Send something to the running turn: it becomes part of the conversation before the next request. What the
   * turn no longer takes, because it fails or is interrupted, is taken by the next one.
   *
   * @returns false where no turn runs, and nothing was taken
   */
  enqueue(content: readonly ContentPart[]): boolean;
  /** Put a summary in the place of the history, as a turn of its own. Never rejects. */
  compact(signal: AbortSignal): Promise<TurnEnd>;
  /** Change settings from the next turn on. */
  update(settings: ThreadSettings): void;
  /** Ends what is still open. To be called when no turn runs. */
  close(): Promise<void>;
}

/** What the model is told beside what the user says. */
export interface Prompts {
  instructions(config: Config, toolNames: readonly string[]): string;
  /** the message that asks for a summary */
  compaction(): string;
  /** what a thread begins with */
  initial(config: Config): readonly InputItem[];
  /** what to say of settings that have changed */
  changes(before: TurnContextPayload, config: Config): readonly InputItem[];
}

/** Follows what a turn makes of files. */
export interface ChangeTracker {
  /** before files are changed; paths are absolute */
  willChange(paths: readonly string[]): Promise<void>;
  /** the changes of the turn so far, as git shows them; undefined where they are what was told before */
  next(): Promise<string | undefined>;
}

/** What a thread needs of the world. */
export interface ThreadParts {
  readonly id: string;
  readonly config: Config;
  readonly environment: Environment;
  readonly connection: ModelConnection;
  readonly listener: ThreadListener;
  readonly clock: Clock;
  readonly store: ThreadStore & { readonly file?: string | undefined };
  readonly approver: Approver;
  readonly executor: Executor;
  readonly prompts: Prompts;
  /** goes on with this thread */
  readonly resume?: RecordedThread;
  openTools(config: Config): ToolSet;
  /** for each turn a new one */
  trackChanges(config: Config): ChangeTracker;
  onTurnCompleted(turn: CompletedTurn): void;
}

/** Begin a thread, or go on with one. */
export function startThread(parts: ThreadParts): Thread {
  const { id, connection, listener, clock, store, resume, prompts } = parts;
  let config = parts.config;
  let toolSet = parts.openTools(config);
  let outdated: ToolSet[] = [];
  let lastContext = resume?.lastContext;
  let running: Promise<unknown> | undefined;
  let isRunning = false;
  let itemCount = 0;
  const approvals = new SessionApprovals();
  const history = new History(resume?.history);
  const conversation: Conversation = {
    ...{ id, history, store, pending: [], limits: undefined },
    tokens: new TokenAccount(resume?.totalUsage, resume?.lastUsage, resume?.contextTokens),
  };
  const nextItemId = () => `${id}:${itemCount++}`;
  listener({ type: "thread.started", threadId: id, isResumed: resume !== undefined });

  function newTurn({ outputSchema, signal }: Omit<TurnInput, "content">, turnId: string) {
    const settings = config;
    const { tools } = toolSet;
    const policy = sandboxPolicy(settings, parts.environment);
    const items = new TurnItems(listener, nextItemId);
    const tracker = parts.trackChanges(settings);
    const showDiff = async () => {
      const unifiedDiff = await tracker.next();
      if (unifiedDiff !== undefined) listener({ type: "turn.diff", unifiedDiff });
    };
    const toolContext = {
      ...{ turnId, config: settings, environment: parts.environment, policy, approvals, clock },
      ...{ executor: parts.executor, approver: parts.approver },
      onFilesChanging: (paths: readonly string[]) => tracker.willChange(paths),
    };
    const offered = tools.filter(({ schema }) => schema !== undefined);
    const turn = new Turn({
      ...{ conversation, config: settings, policy, tools, toolContext, items },
      ...{ listener, nextItemId, clock, signal, onCallsDone: showDiff },
      ...(outputSchema !== undefined && { outputSchema }),
      connect: () => connection.open(),
      instructions: prompts.instructions(
        settings,
        offered.map(({ names }) => names[0]),
      ),
      compactionPrompt: prompts.compaction(),
      initial: prompts.initial(settings),
    });
    return { turn, items, settings, context: contextPayload(settings, policy) };
  }

  // What the model has to know before the user's next words.
  function tellOfSettings(settings: Config, context: TurnContextPayload): void {
    const items =
      lastContext === undefined || history.items.length === 0
        ? prompts.initial(settings)
        : prompts.changes(lastContext, settings);
    history.add(items);
    conversation.tokens.added(items);
    store.append(...itemEntries(items));
    lastContext = context;
  }

  async function carryOut(
    input: Omit<TurnInput, "content">,
    work: (open: ReturnType<typeof newTurn>) => Promise<void>,
  ): Promise<TurnEnd> {
    const turnId = timeOrderedUuid(clock.now());
    listener({ type: "turn.started", turnId });
    let open: ReturnType<typeof newTurn> | undefined;
    try {
      open = newTurn(input, turnId);
      input.signal.throwIfAborted();
      await work(open);
      isRunning = false; // what is sent from here on would wait for a turn that nobody has begun
      open.items.end(true);
      const lastAgentMessage = open.turn.lastMessage;
      await store.flush();
      listener({
        ...{ type: "turn.completed", turnId, lastAgentMessage },
        totalUsage: conversation.tokens.own,
      });
      const { inputMessages } = open.turn;
      if (inputMessages.length > 0) {
        parts.onTurnCompleted({
          threadId: id,
          turnId,
          cwd: open.settings.cwd,
          inputMessages,
          lastAgentMessage,
        });
      }
      return "completed";
    } catch (error) {
      const isInterrupted = input.signal.aborted || error instanceof TurnEnded;
      open?.items.end(!isInterrupted);
      if (isInterrupted) store.append(interruptedEntry);
      await store.flush();
      if (isInterrupted) listener({ type: "turn.interrupted", turnId });
      else {
        const totalUsage = conversation.tokens.own;
        listener({ type: "turn.failed", turnId, error: asAgentError(error), totalUsage });
      }
      return isInterrupted ? "interrupted" : "failed";
    }
  }

  async function inTurn(work: () => Promise<TurnEnd>): Promise<TurnEnd> {
    const before = running;
    const mine = (async () => {
      await before;
      isRunning = true;
      try {
        return await work();
      } finally {
        isRunning = false;
      }
    })();
    running = mine;
    return mine;
  }

  return {
    id,
    ...(store.file !== undefined && { file: store.file }),
    runTurn: ({ content, ...input }) =>
      inTurn(() =>
        carryOut(input, async ({ turn, settings, context }) => {
          if (await turn.makeRoom()) lastContext = context;
          tellOfSettings(settings, context);
          if (content.length > 0) turn.say(content);
          await turn.run();
        }),
      ),
    enqueue(content) {
      if (isRunning) conversation.pending.push(content);
      return isRunning;
    },
    compact: (signal) =>
      inTurn(() =>
        carryOut({ signal }, async ({ turn, context }) => {
          await turn.compact();
          lastContext = context;
        }),
      ),
    update(settings) {
      const { model } = config;
      config = { ...config, ...settings };
      if (config.model === model) return;
      outdated = [...outdated, toolSet];
      toolSet = parts.openTools(config);
    },
    async close() {
      await Promise.all([...outdated, toolSet].map((tools) => tools.close()));
      await store.close();
      await connection.close();
    },
  };
}
