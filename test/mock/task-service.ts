// ChatGPT's service of tasks, as far as `codex apply` asks it, and a stored login that it takes.

import http, { type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export const accessToken = "access-token-of-the-test";

/** A login as `codex login` stores it, with an identity token that names an account. */
export function chatgptLogin(): Readonly<Record<string, unknown>> {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const claims = {
    email: "user@example.com",
    exp: Math.floor(Date.now() / 1000) + 3600,
    "https://api.openai.com/auth": { chatgpt_account_id: "account-1", chatgpt_plan_type: "plus" },
  };
  return {
    OPENAI_API_KEY: null,
    tokens: {
      id_token: `${part({ alg: "none", typ: "JWT" })}.${part(claims)}.${part("signature")}`,
      access_token: accessToken,
      refresh_token: "refresh-token-of-the-test",
      account_id: "account-1",
    },
    last_refresh: new Date().toISOString(),
  };
}

/** A task whose latest turn has this diff. */
export function taskWith(diff: string): unknown {
  return {
    current_diff_task_turn: { output_items: [{ type: "message" }, { type: "pr", output_diff: { diff } }] },
  };
}

export interface TaskService {
  readonly baseUrl: string;
  readonly asked: readonly {
    readonly path: string | undefined;
    readonly authorization: string | undefined;
    readonly account: unknown;
  }[];
  close(): Promise<void>;
}

/** @param tasks - by their ids: JSON, or what answers for it; any other id gets 404 */
export async function startTaskService(
  tasks: Readonly<Record<string, unknown | ((response: ServerResponse) => void)>>,
): Promise<TaskService> {
  const asked: TaskService["asked"][number][] = [];
  const server = http.createServer((request, response) => {
    const { authorization, "chatgpt-account-id": account } = request.headers;
    asked.push({ path: request.url, authorization, account });
    const task = tasks[decodeURIComponent(request.url?.split("/").at(-1) ?? "")];
    if (typeof task === "function") {
      task(response);
      return;
    }
    response.writeHead(task === undefined ? 404 : 200, { "content-type": "application/json" });
    response.end(task === undefined ? "{}" : JSON.stringify(task));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
