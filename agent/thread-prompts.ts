// What the model is told in a thread, of this configuration, these tools and these AGENTS.md files.

import type { Config } from "./config/config.ts";
import { baseInstructions } from "./instructions/base-instructions.ts";
import {
  type EnvironmentSettings,
  environmentChange,
  environmentContext,
} from "./instructions/environment-context.ts";
import { compactionPrompt } from "./instructions/task-prompts.ts";
import { userInstructionsMessage } from "./instructions/user-instructions.ts";
import { userMessage } from "./model-client/items.ts";
import type { TurnContextPayload } from "./sessions/rollout-entry.ts";
import type { Prompts } from "./thread/thread.ts";

/** @param userInstructions - the text of AGENTS.md files; undefined where there are none */
export function threadPrompts(userInstructions: string | undefined): Prompts {
  return {
    instructions: (config, toolNames) => baseInstructions(config, toolNames),
    compaction: compactionPrompt,
    initial: (config) => [
      ...(userInstructions === undefined ? [] : [userInstructionsMessage(userInstructions)]),
      textMessage(environmentContext(config)),
    ],
    changes(before, config) {
      const text = environmentChange(settingsOf(before), config);
      return text === undefined ? [] : [textMessage(text)];
    },
  };
}

function textMessage(text: string) {
  return userMessage([{ type: "input_text", text }]);
}

// Settings as they were recorded, in the terms of the configuration.
function settingsOf(context: TurnContextPayload): EnvironmentSettings {
  const { cwd, approval_policy, sandbox_policy: policy } = context;
  const isWorkspace = policy.mode === "workspace-write";
  return {
    cwd,
    approvalPolicy: approval_policy as Config["approvalPolicy"],
    sandboxMode: policy.mode,
    workspaceWrite: {
      writableRoots: isWorkspace ? (policy.writable_roots ?? []) : [],
      networkAccess: isWorkspace && policy.network_access,
      excludeTmpdirEnvVar: isWorkspace && policy.exclude_tmpdir_env_var,
      excludeSlashTmp: isWorkspace && policy.exclude_slash_tmp,
    },
  };
}
