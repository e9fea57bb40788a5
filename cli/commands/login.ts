// `codex login`: in the browser, by a device code, or by a key or token from stdin; and `codex login status`.
// Everything is said on stderr, in the original's words where scripts may look for them; the device code is
// on stdout, as there.

import { type Command, Option } from "commander";
import type { Config } from "../../agent/config/config.ts";
import { AgentError } from "../../agent/errors.ts";
import type { Session } from "../command.ts";
import { type LoginSession, openLoginSession } from "../login/login-session.ts";
import { readSecret } from "../login/read-secret.ts";
import { hintLine } from "../notices.ts";
import type { ProgramCommand } from "../program-command.ts";

interface LoginOptions {
  readonly withApiKey?: boolean;
  readonly apiKey?: string;
  readonly withAccessToken?: boolean;
  readonly deviceAuth?: boolean;
  readonly experimental_useDeviceCode?: boolean;
  readonly experimental_issuer?: string;
  readonly experimental_clientId?: string;
}

/** Add the options, the action and `status`. */
export function configure(command: Command, session: Session): void {
  command
    .addOption(
      new Option(
        "--with-api-key",
        "Read an API key from stdin (as in `printenv OPENAI_API_KEY | codex login --with-api-key`)",
      ),
    )
    .addOption(
      new Option(
        "--with-access-token",
        "Read a personal access token from stdin (as in `printenv CODEX_ACCESS_TOKEN | codex login --with-access-token`)",
      ),
    )
    .addOption(new Option("--device-auth", "Log in by a code that is typed into a browser anywhere"))
    .addOption(new Option("--api-key <API_KEY>").hideHelp())
    .addOption(new Option("--experimental_use-device-code").hideHelp())
    .addOption(new Option("--experimental_issuer <URL>").hideHelp())
    .addOption(new Option("--experimental_client-id <CLIENT_ID>").hideHelp());
  const login = command as ProgramCommand;
  login.action((options: LoginOptions) => logIn(options, command, session));
  const status = login.command("status") as ProgramCommand;
  status.summary("Show login status").description("Show login status");
  status.action(() => showStatus(status, session));
}

async function logIn(options: LoginOptions, command: Command, session: Session): Promise<number> {
  const say = (text: string) => session.stderr.write(`${text}\n`);
  if (options.apiKey !== undefined) {
    say(
      "The --api-key flag is no longer supported. Pipe the key instead, e.g. `printenv OPENAI_API_KEY | codex login --with-api-key`.",
    );
    return 1;
  }
  const isByDevice = options.deviceAuth === true || options.experimental_useDeviceCode === true;
  const login = await openLoginSession(command, session);
  if (login === undefined) return 1;
  const { config } = login;
  if (options.withApiKey === true) return await logInWithApiKey(login, session);
  const forbidden = refusalOf(config, "chatgpt");
  if (forbidden !== undefined) {
    say(forbidden);
    return 1;
  }
  if (options.withAccessToken === true) return await logInWithAccessToken(login, session);
  if (config.proxy !== undefined) {
    say(
      "No login is needed: requests go through the proxy that the configuration names, and it has the key.",
    );
    return 0;
  }
  const { issuerAt } = await import("../../agent/auth/issuer.ts");
  return await reported(
    isByDevice ? "Error logging in with device code" : "Error logging in",
    session,
    async () => {
      const issuer = issuerAt(options.experimental_issuer, options.experimental_clientId);
      const request = {
        store: login.store,
        issuer,
        environment: session.environment,
        workspaceIds: config.forcedChatgptWorkspaceIds,
      };
      const { logInByBrowser, logInByDevice } = await import("../login/flows.ts");
      await (isByDevice ? logInByDevice(request, session) : logInByBrowser(request, session));
    },
  );
}

/** @returns the line that says that a method is not allowed, in the original's words */
function refusalOf(config: Config, wanted: "chatgpt" | "api"): string | undefined {
  if (config.forcedLoginMethod === undefined || config.forcedLoginMethod === wanted) return undefined;
  return wanted === "api"
    ? "API key login is disabled. Use ChatGPT login instead."
    : "ChatGPT login is disabled. Use API key login instead.";
}

async function logInWithApiKey(login: LoginSession, session: Session): Promise<number> {
  // As in the original, stdin is read first and the rule is looked at then.
  const key = await readSecret(session, {
    what: "API key",
    onTerminal:
      "--with-api-key expects the API key on stdin. Try piping it, e.g. `printenv OPENAI_API_KEY | codex login --with-api-key`.",
  });
  if (key === undefined) return 1;
  const forbidden = refusalOf(login.config, "api");
  if (forbidden !== undefined) {
    session.stderr.write(`${forbidden}\n`);
    return 1;
  }
  const { apiKeyDocument } = await import("../../agent/auth/auth-document.ts");
  const { saveDocument } = await import("../../agent/auth/credential-store.ts");
  return await reported("Error logging in", session, () => saveDocument(login.store, apiKeyDocument(key)));
}

async function logInWithAccessToken(login: LoginSession, session: Session): Promise<number> {
  const token = await readSecret(session, {
    what: "access token",
    onTerminal:
      "--with-access-token expects the access token on stdin. Try piping it, e.g. `printenv CODEX_ACCESS_TOKEN | codex login --with-access-token`.",
  });
  if (token === undefined) return 1;
  const { environment } = session;
  return await reported("Error logging in with access token", session, async () => {
    const { checkAccessTokenKind, ownerOfAccessToken } = await import("../../agent/auth/access-token.ts");
    const { accessTokenDocument } = await import("../../agent/auth/auth-document.ts");
    const { saveDocument } = await import("../../agent/auth/credential-store.ts");
    const { requireWorkspace } = await import("../../agent/auth/login-restrictions.ts");
    const { issuerClient } = await import("../../agent/auth/issuer.ts");
    checkAccessTokenKind(token);
    const owner = await ownerOfAccessToken(issuerClient(environment), token, environment);
    requireWorkspace(owner.accountId, login.config.forcedChatgptWorkspaceIds);
    await saveDocument(login.store, accessTokenDocument(token));
  });
}

/** Run the last step of a login and say how it went. */
async function reported(prefix: string, session: Session, step: () => Promise<void>): Promise<number> {
  try {
    await step();
  } catch (error) {
    if (!(error instanceof AgentError)) throw error;
    session.stderr.write(`${prefix}: ${error.message}\n`);
    session.stderr.write(hintLine(error));
    return 1;
  }
  session.stderr.write("Successfully logged in\n");
  return 0;
}

async function showStatus(command: Command, session: Session): Promise<number> {
  const login = await openLoginSession(command, session);
  if (login === undefined) return 1;
  const { loginStatus } = await import("../login/status.ts");
  const { text, exitStatus } = await loginStatus(login);
  session.stderr.write(text);
  return exitStatus;
}
