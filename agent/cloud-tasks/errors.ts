// Why a task's diff cannot be had or applied, in one table. No message holds a token.

import { AgentError } from "../errors.ts";

const failures = {
  TASK_LOGIN: 1,
  TASK_URL: 1,
  TASK_UNREACHABLE: 1,
  TASK_STATUS: 1,
  TASK_ANSWER: 1,
  TASK_WITHOUT_DIFF: 1,
  TASK_NO_REPOSITORY: 1,
  TASK_GIT: 1,
  TASK_NOT_APPLIED: 1,
} as const satisfies Record<string, number>;

export type TaskErrorCode = keyof typeof failures;

export class TaskError extends AgentError {
  override readonly name = "TaskError";
  declare readonly code: TaskErrorCode;

  constructor(
    code: TaskErrorCode,
    message: string,
    facts: { readonly hint?: string; readonly cause?: unknown } = {},
  ) {
    super(message, { code, exitStatus: failures[code], ...facts });
  }
}
