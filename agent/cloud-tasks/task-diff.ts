// The diff that a task in the cloud has made. One request, with the login of ChatGPT, and a second one where
// the first is answered with 401 and the login can be refreshed. Redirects are not followed.

import { STATUS_CODES } from "node:http";
import type { Dispatcher } from "undici";
import type { Authorization, Credentials } from "../auth/credentials.ts";
import type { Environment } from "../environment.ts";
import { oneLine, withVisibleControls } from "../foreign-text.ts";
import { openDispatcher } from "../http/dispatcher.ts";
import { isLoopbackHost } from "../http/loopback.ts";
import { type JsonObject, objectOf, parseObject } from "../json-object.ts";
import type { Sender } from "../provider/user-agent.ts";
import { TaskError } from "./errors.ts";

/** of a task's whole answer */
const maxAnswerBytes = 64 * 1024 * 1024;
const maxShownCharacters = 2000;

export interface TaskRequest {
  readonly taskId: string;
  /** chatgpt_base_url, with or without a slash at its end */
  readonly baseUrl: string;
  readonly credentials: Credentials;
  readonly environment: Environment;
  readonly sender: Sender;
}

/**
 * Fetch the diff of a task's latest turn.
 *
 * @throws {TaskError} TASK_LOGIN, TASK_URL, TASK_UNREACHABLE, TASK_STATUS, TASK_ANSWER, TASK_WITHOUT_DIFF
 * @throws {AuthError} where the login is no longer good
 */
export async function fetchTaskDiff(request: TaskRequest): Promise<string> {
  const { credentials } = request;
  const url = taskUrl(request.baseUrl, request.taskId);
  const dispatcher = await openDispatcher(url, request.environment);
  try {
    const authorization = await authorize(credentials);
    let answer = await ask(url, authorization, request.sender, dispatcher);
    if (answer.status === 401 && (await credentials.refreshAfter401(authorization.bearer))) {
      answer = await ask(url, await authorize(credentials), request.sender, dispatcher);
    }
    if (answer.status < 200 || answer.status > 299) throw refusal(answer);
    return diffOf(answer.text);
  } finally {
    await dispatcher.close().catch(() => {});
  }
}

function taskUrl(baseUrl: string, taskId: string): URL {
  const url = URL.canParse(baseUrl) ? new URL(baseUrl) : undefined;
  const isPrivate = url?.protocol === "https:" || (url?.protocol === "http:" && isLoopbackHost(url.hostname));
  if (url === undefined || !isPrivate || url.username !== "" || url.password !== "") {
    throw new TaskError(
      "TASK_URL",
      "chatgpt_base_url is not an https URL without user name (http is for this machine alone)",
      { hint: "check chatgpt_base_url in config.toml" },
    );
  }
  url.pathname = `${url.pathname.replace(/\/+$/, "")}/wham/tasks/${encodeURIComponent(taskId)}`;
  return url;
}

async function authorize(credentials: Credentials): Promise<Authorization> {
  const authorization = credentials.mode === "chatgpt" ? await credentials.authorize() : undefined;
  if (authorization !== undefined) return authorization;
  throw new TaskError("TASK_LOGIN", "ChatGPT token not available", { hint: "log in with: codex login" });
}

interface Answer {
  readonly status: number;
  readonly text: string;
}

async function ask(
  url: URL,
  { bearer, accountId }: Authorization,
  sender: Sender,
  dispatcher: Dispatcher,
): Promise<Answer> {
  const { request } = await import("../http/undici.ts");
  try {
    const { statusCode, body } = await request(url, dispatcher, {
      headers: {
        authorization: `Bearer ${bearer}`,
        ...(accountId !== undefined && { "chatgpt-account-id": accountId }),
        "content-type": "application/json",
        "user-agent": sender.userAgent,
        originator: sender.originator,
      },
    });
    const chunks: Buffer[] = [];
    let length = 0;
    for await (const chunk of body) {
      length += (chunk as Buffer).length;
      if (length > maxAnswerBytes) throw new TaskError("TASK_ANSWER", "the task is larger than 64 MiB");
      chunks.push(chunk as Buffer);
    }
    return { status: statusCode, text: Buffer.concat(chunks).toString("utf8") };
  } catch (cause) {
    if (cause instanceof TaskError) throw cause;
    const reason = oneLine((cause as Error).message, [bearer]);
    throw new TaskError("TASK_UNREACHABLE", `${url.host} cannot be asked for the task: ${reason}`, { cause });
  }
}

function refusal({ status, text }: Answer): TaskError {
  const shown = withVisibleControls(text.slice(0, maxShownCharacters));
  const name = STATUS_CODES[status] ?? "";
  return new TaskError("TASK_STATUS", `Request failed with status ${status} ${name}: ${shown}`, {
    ...(status === 401 && { hint: "log in again with: codex login" }),
  });
}

function diffOf(text: string): string {
  const task = parseObject(text);
  if (task === undefined) {
    throw new TaskError("TASK_ANSWER", "Failed to parse JSON response: the answer is not a JSON object");
  }
  const turn = objectOf(task.current_diff_task_turn);
  if (turn === undefined) throw new TaskError("TASK_WITHOUT_DIFF", "No diff turn found");
  const items: readonly unknown[] = Array.isArray(turn.output_items) ? turn.output_items : [];
  const item = items.map(objectOf).find((one): one is JsonObject => one?.type === "pr");
  if (item === undefined) throw new TaskError("TASK_WITHOUT_DIFF", "No PR output item found");
  const diff = objectOf(item.output_diff)?.diff;
  if (typeof diff === "string") return diff;
  throw new TaskError("TASK_ANSWER", "Failed to parse JSON response: the task's `output_diff` has no diff");
}
