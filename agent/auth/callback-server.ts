// The web server of a login in the browser: it waits on loopback for the issuer's redirect, and ends with
// the login. What it is told comes from anybody who can reach the port; only the right state counts, and
// where the kernel tells users apart, only in the hands of the right one.

import { timingSafeEqual } from "node:crypto";
import http, { type IncomingMessage, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { oneLine } from "../foreign-text.ts";
import { isAddressedHere, isNavigation, mayCancel } from "./callback-gate.ts";
import {
  cancelledPage,
  failurePage,
  type Page,
  quietHeaders,
  type Remedy,
  successPage,
} from "./callback-pages.ts";
import { listenForCallback } from "./callback-port.ts";
import { AuthError } from "./errors.ts";

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
  /** whether the other end of a connection belongs to the user who logs in */
  isOwn(socket: Socket): boolean;
  /** change the code for a login and keep it; `signal` says that the login was given up meanwhile */
  finish(code: string, signal: AbortSignal): Promise<LoggedIn>;
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

// A browser says what it wants at once. Who only holds connections open is to cost no more than these.
const limits = { headersTimeout: 5000, requestTimeout: 5000, connectionsCheckingInterval: 1000 };
const foreignState = "This answer belongs to another login, perhaps to one that was started earlier.";
const maxConnections = 128;
/** so many from whomever; beyond it, only from the user himself */
const maxForeignConnections = 32;

/** Listen. @throws {AuthError} AUTH_PORT_IN_USE */
export async function startCallbackServer(request: CallbackRequest): Promise<CallbackServer> {
  const servers = { v4: http.createServer(limits), v6: http.createServer(limits) };
  const both = Object.values(servers);
  const sockets = new Set<Socket>();
  for (const server of both) {
    server.maxConnections = maxConnections;
    server.on("connection", (socket) => {
      if (sockets.size >= maxForeignConnections && !request.isOwn(socket)) {
        socket.destroy();
        return;
      }
      sockets.add(socket);
      socket.once("close", () => sockets.delete(socket));
    });
  }
  const givenUp = new AbortController();
  let settle: { resolve(): void; reject(error: AuthError): void } | undefined;
  const done = new Promise<void>((resolve, reject) => {
    settle = { resolve, reject };
  });
  const port = await listenForCallback(servers, request.ports);
  let success: LoggedIn | undefined;
  let hasToldOfForeign = false;
  let running: Promise<unknown> = Promise.resolve();
  let lastPageTimer: NodeJS.Timeout | undefined;

  const close = () => {
    clearTimeout(lastPageTimer);
    givenUp.abort();
    for (const server of both) {
      server.close();
      // An answer that is on its way still goes out; a peer who does not read it is not waited for.
      server.closeIdleConnections();
      setTimeout(() => server.closeAllConnections(), 500).unref();
    }
  };
  const finish = (error?: AuthError) => {
    close();
    if (error === undefined) settle?.resolve();
    else settle?.reject(error);
  };

  const onCallback = async (query: URLSearchParams, answer: Answer, isOwn: boolean) => {
    if (givenUp.signal.aborted) return answer.plain(404, "Not Found");
    if (!isSame(query.get("state") ?? "", request.state())) {
      return answer.fail(400, "State mismatch", "open the link again", foreignState);
    }
    if (!isOwn) {
      const error = new AuthError(
        "AUTH_CALLBACK_FOREIGN",
        "This login was started by another user of this computer",
      );
      // Once: who has the state could fill the terminal otherwise.
      if (!hasToldOfForeign) request.onFailure(error);
      hasToldOfForeign = true;
      return answer.fail(403, error.message, "another browser");
    }
    if (success !== undefined) return answer.redirect(`http://localhost:${port}/success`);
    const refusal = query.get("error");
    if (refusal) {
      const words = oneLine(query.get("error_description")?.trim() || refusal);
      const error = new AuthError("AUTH_LOGIN_REFUSED", `Sign-in failed: ${words}`);
      return answer.fail(400, error.message, "start again", "", () => finish(error));
    }
    const code = query.get("code");
    if (!code) return answer.fail(400, "Missing authorization code", "open the link again");
    try {
      success = await request.finish(code, givenUp.signal);
    } catch (error) {
      if (givenUp.signal.aborted) return answer.plain(404, "Not Found");
      if (!(error instanceof AuthError)) throw error;
      // Another account may do what this one may not, and another try what the network did not.
      request.onFailure(error);
      return answer.fail(500, error.message, "open the link again");
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
    const isOwn = request.isOwn(incoming.socket);
    switch (path) {
      case "/auth/callback":
        if (!isNavigation(incoming)) return answer.plain(403, "Forbidden");
        // One after the other: a code is spent once, and a reload comes after the end.
        running = running.then(() => onCallback(new URLSearchParams(search), answer, isOwn));
        await running;
        return;
      case "/success":
        if (!isOwn) return answer.plain(403, "Forbidden");
        if (success === undefined) {
          return answer.fail(404, "No login has been completed here", "open the link again");
        }
        return answer.page(200, successPage(success), "", () => finish());
      case "/cancel":
        if (!isOwn || !mayCancel(incoming)) return answer.plain(403, "Forbidden");
        if (success !== undefined) {
          return answer.page(200, successPage(success), "Login completed", () => finish());
        }
        // An exchange that is on its way is to keep nothing after this has been said.
        givenUp.abort();
        return answer.page(200, cancelledPage(), "Login cancelled", () =>
          finish(new AuthError("AUTH_LOGIN_CANCELLED", "Login cancelled")),
        );
      default:
        return answer.plain(404, "Not Found");
    }
  };
  for (const server of both) {
    server.on("request", (incoming, response) => {
      onRequest(incoming, response).catch((cause: unknown) => {
        running = Promise.resolve();
        response.destroy();
        finish(new AuthError("AUTH_LOGIN_REFUSED", "the login could not be completed", { cause }));
      });
    });
  }
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

  fail(status: number, reason: string, remedy: Remedy, meaning = "", onSent?: () => void): void {
    this.page(status, failurePage(reason, remedy, meaning), reason, onSent);
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
