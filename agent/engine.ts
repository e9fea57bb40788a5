// The engine as its faces open it: exec, and whatever talks to people or programs later. Each part has a
// default, and each default can be replaced.

import type { Approver } from "./approval/approver.ts";
import { type Clock, systemClock } from "./clock.ts";
import type { Config } from "./config/config.ts";
import type { Environment } from "./environment.ts";
import { type ModelConnection, modelConnection } from "./model-connection.ts";
import type { SenderFacts } from "./provider/user-agent.ts";
import type { RecordedThread } from "./sessions/thread-store.ts";
import { startThread, type Thread } from "./thread/thread.ts";
import type { ThreadListener } from "./thread/thread-events.ts";
import type { Tool } from "./tools/tool.ts";

export interface OpenThreadRequest {
  readonly config: Config;
  /** as the user has it */
  readonly environment: Environment;
  /** absolute path of the native launcher; without it nothing can be put behind a sandbox on Linux */
  readonly launcher: string | undefined;
  /** hears all that happens, thread.started first */
  readonly listener: ThreadListener;
  readonly approver: Approver;
  readonly sender: SenderFacts;
  /** which face this is: `exec`, `cli`, `vscode`, `mcp`; kept in the rollout */
  readonly source: string;
  /** goes on with this thread, in its file */
  readonly resume?: RecordedThread;
  /** nothing is kept of it */
  readonly isEphemeral?: boolean;
  /** behind the tools of the engine, such as those of MCP servers */
  readonly extraTools?: readonly Tool[];
  /** something that a person should know, and that ends nothing */
  warn(message: string): void;
  /** what stands in for a part of the engine */
  readonly parts?: EngineParts;
}

/** Parts of the engine that may be replaced. */
export interface EngineParts {
  readonly clock?: Clock;
  readonly connection?: ModelConnection;
}

/**
 * Begin a thread, or go on with one that was recorded.
 *
 * @throws {AgentError} for instructions that cannot be had
 */
export async function openThread(request: OpenThreadRequest): Promise<Thread> {
  const { config, environment, listener, sender, source, warn, parts = {} } = request;
  const connection =
    parts.connection ??
    modelConnection({ config, environment, sender, warn, usesApiKeyVariable: source === "exec" });
  return startThread({ config, connection, listener, clock: parts.clock ?? systemClock });
}
