// The engine as its faces open it: exec, and whatever talks to people or programs later. Each part has a
// default, and each default can be replaced.

import type { Approver } from "./approval/approver.ts";
import { type Clock, systemClock } from "./clock.ts";
import type { Config } from "./config/config.ts";
import type { Environment } from "./environment.ts";
import type { Executor } from "./execution/executor.ts";
import { type ModelConnection, modelConnection } from "./model-connection.ts";
import { modelTraits } from "./models/models.ts";
import type { SenderFacts } from "./provider/user-agent.ts";
import { forgetful, type RecordedThread } from "./sessions/thread-store.ts";
import { notify } from "./thread/notify.ts";
import { type Prompts, startThread, type Thread, type ThreadParts } from "./thread/thread.ts";
import type { ThreadListener } from "./thread/thread-events.ts";
import { timeOrderedUuid } from "./thread/uuid.ts";
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
  readonly executor?: Executor;
  readonly store?: ThreadParts["store"];
  readonly openTools?: ThreadParts["openTools"];
  readonly prompts?: Prompts;
}

/**
 * Begin a thread, or go on with one that was recorded.
 *
 * @throws {SessionError} where another process goes on with the same thread, or its file is not to be trusted
 */
export async function openThread(request: OpenThreadRequest): Promise<Thread> {
  const { config, environment, launcher, sender, source, resume, warn, parts = {} } = request;
  const { clock = systemClock } = parts;
  const [{ toolSet }, { TurnDiff }, { createExecutor }, { threadPrompts }, { projectInstructions }] =
    await Promise.all([
      import("./tools/tool-set.ts"),
      import("./tools/apply-patch/turn-diff.ts"),
      import("./execution/create-executor.ts"),
      import("./thread-prompts.ts"),
      import("./instructions/project-instructions.ts"),
    ]);
  const { text: userInstructions, warnings } = await projectInstructions(config);
  for (const warning of [...(resume?.warnings ?? []), ...warnings]) warn(warning);
  const id = resume?.id ?? timeOrderedUuid(clock.now());
  const store = parts.store ?? (await openStore(request, id, userInstructions, clock));

  const { codexHome, shellEnvironmentPolicy } = config;
  const executor = createExecutor({ environment, launcher, codexHome, shellEnvironmentPolicy, warn });
  const connection = modelConnection({
    ...{ config, environment, sender, warn },
    usesApiKeyVariable: source === "exec",
  });
  const thread = startThread({
    ...{ id, config, environment, clock, store },
    ...{ listener: request.listener, approver: request.approver },
    connection: parts.connection ?? connection,
    executor: parts.executor ?? executor,
    prompts: parts.prompts ?? threadPrompts(userInstructions),
    openTools:
      parts.openTools ??
      ((settings) =>
        toolSet({
          ...{ config: settings, traits: modelTraits(settings.model) },
          ...(request.extraTools !== undefined && { extraTools: request.extraTools }),
        })),
    trackChanges: ({ cwd }) => new TurnDiff(cwd),
    ...(resume !== undefined && { resume }),
    onTurnCompleted: (turn) => notify({ command: config.notify, environment, warn }, turn),
  });
  return {
    ...thread,
    async close() {
      await thread.close();
      executor.close();
    },
  };
}

async function openStore(
  { config, environment, sender, source, resume, isEphemeral = false, warn }: OpenThreadRequest,
  id: string,
  userInstructions: string | undefined,
  clock: Clock,
): Promise<ThreadParts["store"]> {
  const { createStore, reopenStore } = await import("./sessions/file-store.ts");
  if (resume !== undefined) return isEphemeral ? forgetful : reopenStore(resume, { warn, clock });
  const { describeSender } = await import("./provider/user-agent.ts");
  const { originator, version } = describeSender(sender, environment);
  const meta = {
    id,
    timestamp: new Date(clock.now()).toISOString(),
    cwd: config.cwd,
    originator,
    cli_version: version,
    instructions: userInstructions ?? null,
    source,
  };
  return createStore({ codexHome: config.codexHome, meta, isEphemeral, warn, clock });
}
