// `codex apply TASK_ID`: the diff of a task in the cloud, applied to the repository that one is in.

import type { Command } from "commander";
import type { Session } from "../command.ts";
import { loadEffectiveConfig, overrideRefusal } from "../effective-config.ts";
import { warnOn } from "../notices.ts";
import type { ProgramCommand } from "../program-command.ts";
import { matchedRelease, packageVersion } from "../version.ts";

/** Add the argument and the action. */
export function configure(command: Command, session: Session): void {
  command
    .description("Apply the latest diff of a task in the cloud to the repository, as `git apply` does")
    .argument("<TASK_ID>", "The task, as its address names it");
  (command as ProgramCommand).action((taskId: string) => apply(taskId, command, session));
}

async function apply(taskId: string, command: Command, session: Session): Promise<number> {
  const { environment, stdout, stderr } = session;
  try {
    const warn = warnOn(stderr);
    const { config } = await loadEffectiveConfig(command, session, {});
    const [{ openCredentials }, { fetchTaskDiff }, { applyDiff, requireRepository }, { describeSender }] =
      await Promise.all([
        import("../../agent/auth/credentials.ts"),
        import("../../agent/cloud-tasks/task-diff.ts"),
        import("../../agent/cloud-tasks/git-apply.ts"),
        import("../../agent/provider/user-agent.ts"),
      ]);
    const { codexHome, cliAuthCredentialsStore: store, cwd, chatgptBaseUrl: baseUrl } = config;
    const credentials = await openCredentials({
      ...{ codexHome, store, environment, warn },
      usesApiKeyVariable: false,
    });
    const sender = describeSender(
      { originator: "codex_cli_rs", matchedRelease, packageVersion: packageVersion() },
      environment,
    );
    const fetched = { taskId, baseUrl, credentials, environment, sender };
    if (credentials.mode === "chatgpt") await requireRepository(cwd); // before a token is sent for nothing
    await applyDiff(await fetchTaskDiff(fetched), cwd, environment);
    stdout.write("Successfully applied diff\n");
    return 0;
  } catch (error) {
    const refusal = overrideRefusal(error);
    if (refusal === undefined) throw error;
    stderr.write(`${refusal}\n`);
    return 1;
  }
}
