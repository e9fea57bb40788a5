// The web server of a login in the browser: it waits on loopback for the issuer's redirect, and ends with
// the login. What it is told comes from anybody who can reach the port; only the right state counts.

import { timingSafeEqual } from "node:crypto";
import http, { type IncomingMessage, type ServerResponse } from "node:http";
import { isAddressedHere, mayCancel } from "./callback-gate.ts";
import { cancelledPage, failurePage, type Page, quietHeaders, successPage } from "./callback-pages.ts";
import { listenForCallback } from "./callback-port.ts";
import { AuthError } from "./errors.ts";
import { printable } from "./issuer.ts";

/** What the page of a finished login says. */
export interface LoggedIn {
  readonly email?: string | undefined;
  readonly needsSetup: boolean;
}

/** One login that is waited for. */
export interface CallbackRequest {
  readonly ports?: readonly number[];
  /** the state that the redirect must bring; known once the port is */
  state(): string;
  /** change the code for a login and keep it */
  finish(code: string): Promise<LoggedIn>;
  /** a try failed, and the server waits for another */
  onFailure(error: AuthError): void;
}

export interface CallbackServer {
  readonly port: number;
  /** settles when the login has ended, and the server with it */
  readonly done: Promise<void>;
  close(): void;
}

/** the browser has this long to fetch the last page before the command ends without it */
const lastPageMs = 3000;

/** Listen. @throws {AuthError} AUTH_PORT_IN_USE */
export async function startCallbackServer(request: CallbackRequest): Promise<CallbackServer> {
  const server = http.createServer({ requestTimeout: 30_000, headersTimeout: 10_000 });
  let settle: { resolve(): void; reject(error: AuthError): void } | undefined;
  const done = new Promise<void>((resolve, reject) => {
    settle = { resolve, reject };
  });
  const port = await listenForCallback(server, request.ports);
  let success: LoggedIn | undefined;
  let running: Promise<unknown> = Promise.resolve();
  let lastPageTimer: NodeJS.Timeout | undefined;

  const close = () => {
    clearTimeout(lastPageTimer);
    server.close();
    // An answer that is on its way still goes out; a peer who does not read it is not waited for.
    server.closeIdleConnections();
    setTimeout(() => server.closeAllConnections(), 500).unref();
  };
  const finish = (error?: AuthError) => {
    close();
    if (error === undefined) settle?.resolve();
    else settle?.reject(error);
  };

  const onCallback = async (query: URLSearchParams, answer: Answer) => {
    if (!isSame(query.get("state") ?? "", request.state())) {
      return answer.fail(400, "State mismatch", true);
    }
    if (success !== undefined) return answer.redirect(`http://localhost:${port}/success`);
    const refusal = query.get("error");
    if (refusal) {
      const words = printable(query.get("error_description")?.trim() || refusal);
      const error = new AuthError("AUTH_LOGIN_REFUSED", `Sign-in failed: ${words}`);
      return answer.fail(400, error.message, false, () => finish(error));
    }
    const code = query.get("code");
    if (!code) return answer.fail(400, "Missing authorization code", true);
    try {
      success = await request.finish(code);
    } catch (error) {
      if (!(error instanceof AuthError)) throw error;
      // Another account may do what this one may not, and another try what the network did not.
      request.onFailure(error);
      return answer.fail(500, error.message, true);
    }
    lastPageTimer = setTimeout(() => finish(), lastPageMs);
    answer.redirect(`http://localhost:${port}/success`);
  };

  const onRequest = async (incoming: IncomingMessage, response: ServerResponse) => {
    const answer = new Answer(incoming, response);
    if (!isAddressedHere(incoming, port)) return answer.plain(403, "Forbidden");
    if (incoming.method !== "GET") return answer.plain(405, "Method Not Allowed");
    const target = incoming.url ?? "";
    if (!target.startsWith("/")) return answer.plain(400, "Bad Request");
    const [path, search = ""] = target.split(/\?(.*)/s);
    switch (path) {
      case "/auth/callback":
        // One after the other: a code is spent once, and a reload comes after the end.
        running = running.then(() => onCallback(new URLSearchParams(search), answer));
        await running;
        return;
      case "/success":
        if (success === undefined) return answer.fail(404, "No login has been completed here", true);
        return answer.page(200, successPage(success), "", () => finish());
      case "/cancel":
        if (!mayCancel(incoming)) return answer.plain(403, "Forbidden");
        return answer.page(200, cancelledPage(), "Login cancelled", () =>
          finish(
            success === undefined ? new AuthError("AUTH_LOGIN_CANCELLED", "Login cancelled") : undefined,
          ),
        );
      default:
        return answer.plain(404, "Not Found");
    }
  };
  server.on("request", (incoming, response) => {
    onRequest(incoming, response).catch((cause: unknown) => {
      running = Promise.resolve();
      response.destroy();
      finish(new AuthError("AUTH_LOGIN_REFUSED", "the login could not be completed", { cause }));
    });
  });
  return { port, done, close };
}

// Programs are answered in the plain words of the original; who asks for HTML gets a page.
class Answer {
  readonly #response: ServerResponse;
  readonly #wantsHtml: boolean;

  constructor(incoming: IncomingMessage, response: ServerResponse) {
    this.#response = response;
    this.#wantsHtml = incoming.headers.accept?.includes("text/html") ?? false;
  }

  plain(status: number, text: string, onSent?: () => void): void {
    this.#send(status, { "content-type": "text/plain; charset=utf-8" }, text, onSent);
  }

  fail(status: number, reason: string, mayTryAgain: boolean, onSent?: () => void): void {
    this.page(status, failurePage(reason, mayTryAgain), reason, onSent);
  }

  /** @param text - for who does not ask for HTML; empty where he gets it too */
  page(status: number, page: Page, text: string, onSent?: () => void): void {
    if (this.#wantsHtml || text === "") this.#send(status, page.headers, page.html, onSent);
    else this.plain(status, text, onSent);
  }

  redirect(location: string): void {
    this.#send(302, { location }, "");
  }

  #send(status: number, headers: Readonly<Record<string, string>>, body: string, onSent?: () => void): void {
    const response = this.#response;
    response.once("close", () => onSent?.());
    response.writeHead(status, {
      ...quietHeaders,
      ...headers,
      connection: "close",
      "content-length": Buffer.byteLength(body),
    });
    response.end(body);
  }
}

function isSame(given: string, wanted: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(wanted)];
  return a.length === b.length && timingSafeEqual(a, b);
}
