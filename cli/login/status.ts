// What `codex login status` says. A key is shown by its ends only, as the original does.

import { storedLogin } from "../../agent/auth/auth-document.ts";
import { unsupportedMode } from "../../agent/auth/credentials.ts";
import { AgentError } from "../../agent/errors.ts";
import { hintLine } from "../notices.ts";
import type { LoginSession } from "./login-session.ts";

export interface LoginStatus {
  readonly text: string;
  readonly exitStatus: 0 | 1;
}

/** Look at what is stored; nothing is sent. */
export async function loginStatus({ config, store }: LoginSession): Promise<LoginStatus> {
  try {
    const login = storedLogin(await store.load());
    switch (login.kind) {
      case "api-key":
        return said(`Logged in using an API key - ${maskedKey(login.apiKey)}`);
      case "chatgpt":
        return said("Logged in using ChatGPT");
      case "access-token":
        return said("Logged in using personal access token");
      case "unsupported":
        throw unsupportedMode(login);
      case "none":
        if (config.proxy !== undefined) return said("No login is needed: requests go through a proxy");
        return { text: "Not logged in\n", exitStatus: 1 };
    }
  } catch (error) {
    if (!(error instanceof AgentError)) throw error;
    return { text: `Error checking login status: ${error.message}\n${hintLine(error)}`, exitStatus: 1 };
  }
}

function said(line: string): LoginStatus {
  return { text: `${line}\n`, exitStatus: 0 };
}

/** The first 8 and the last 5 characters; nothing of a key of 13 or fewer. */
function maskedKey(key: string): string {
  const characters = Array.from(key);
  if (characters.length <= 13) return "***";
  return `${characters.slice(0, 8).join("")}***${characters.slice(-5).join("")}`;
}
