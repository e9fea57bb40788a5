// The admin socket: a small HTTP server of its own on a unix socket that the launcher made. Who asks is
// the kernel's word; what changes something is for root and for the user who started the proxy. It has
// limits of its own, so that nobody who may connect here can hold up those whom the proxy serves.

import http, { type IncomingMessage, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { overflowUids, type UnixPeer, unixPeer } from "../../hardening/peer.ts";
import { sendRawError } from "../answer.ts";
import { StartError } from "../errors.ts";
import { AdminError } from "./errors.ts";
import { RequestBudget } from "./request-budget.ts";

export interface AdminRequest {
  readonly peer: UnixPeer;
  readonly body: Buffer;
}

export interface AdminAnswer {
  /** default 200 */
  readonly status?: number;
  readonly body: string;
  /** default application/json */
  readonly contentType?: string;
  /** called when the answer has left */
  readonly onSent?: () => void;
}

/** Answers, or throws an {@link AdminError}. */
export type AdminHandler = (request: AdminRequest) => AdminAnswer | Promise<AdminAnswer>;

/** Takes a connection over after its request's head, or throws; nothing of what follows has been read. */
export type UpgradeHandler = (socket: Socket, peer: UnixPeer) => void;

export interface RouteRule {
  /** whether only root and the user who started the proxy may ask */
  readonly isPrivileged: boolean;
}

interface Route extends RouteRule {
  readonly handler?: AdminHandler;
  readonly protocol?: string;
  readonly takeOver?: UpgradeHandler;
}

export const maxAdminConnections = 24;
// The rest is kept for the privileged, however many others may connect.
const maxUnprivilegedConnections = 16;

const maxHeaderBytes = 16 * 1024;
const maxBodyBytes = 1024 * 1024; // a file of client tokens is the longest
const headTimeoutMs = 5_000;
const requestTimeoutMs = 10_000;
const keepAliveTimeoutMs = 120_000; // longer than the minute between two scrapes

/** Routes by method and path, without a router: there are few, and what is not one is refused. */
export class AdminServer {
  readonly #server: http.Server;
  readonly #fd: number;
  readonly #privilegedUids: ReadonlySet<number>;
  readonly #routes = new Map<string, Map<string, Route>>();
  readonly #peers = new WeakMap<object, UnixPeer>();
  readonly #budget = new RequestBudget();
  #unprivileged = 0;

  /**
   * @param fd - a listening unix socket
   * @param startUid - effective uid of whoever started the proxy
   */
  constructor(fd: number, startUid = process.geteuid?.()) {
    this.#fd = fd;
    const nobodys = overflowUids();
    this.#privilegedUids = new Set([0, startUid ?? 0].filter((uid) => !nobodys.has(uid)));
    this.#server = http.createServer({
      maxHeaderSize: maxHeaderBytes,
      headersTimeout: headTimeoutMs,
      requestTimeout: requestTimeoutMs,
      connectionsCheckingInterval: 1_000,
      keepAliveTimeout: keepAliveTimeoutMs,
      requireHostHeader: false, // a unix socket has no name that a page could be rebound to
    });
    this.#server.maxConnections = maxAdminConnections;
    this.#server.on("connection", (socket) => this.#connected(socket));
    this.#server.on("request", (request, response) => void this.#answer(request, response));
    this.#server.on("upgrade", (request, socket, head) => this.#upgrade(request, socket as Socket, head));
    this.#server.on("connect", (_request, socket) => sendRawError(socket, new AdminError("ADM_ERR_METHOD")));
    this.#server.on("clientError", (_error, socket) =>
      sendRawError(socket, new AdminError("ADM_ERR_BAD_REQUEST")),
    );
  }

  /** Add a path. Handlers get the whole body, 1 MiB at most. */
  route(method: "GET" | "POST", path: string, rule: RouteRule, handler: AdminHandler): this {
    return this.#add(method, path, { ...rule, handler });
  }

  /** Add a path whose connection is taken over: POST with `Upgrade: protocol`. */
  upgrade(path: string, protocol: string, rule: RouteRule, takeOver: UpgradeHandler): this {
    return this.#add("POST", path, { ...rule, protocol, takeOver });
  }

  /** @throws {StartError} PXY_START_LISTEN */
  listen(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once("error", (cause: NodeJS.ErrnoException) => {
        reject(
          new StartError("PXY_START_LISTEN", `cannot listen on the admin socket: ${cause.code}`, { cause }),
        );
      });
      this.#server.listen({ fd: this.#fd }, resolve);
    });
  }

  #add(method: string, path: string, route: Route): this {
    const byMethod = this.#routes.get(path) ?? new Map<string, Route>();
    this.#routes.set(path, byMethod.set(method, route));
    return this;
  }

  #isPrivileged({ uid }: UnixPeer): boolean {
    return this.#privilegedUids.has(uid);
  }

  #connected(socket: Socket): void {
    socket.on("error", () => {}); // one that leaves early is nobody's loss
    const peer = unixPeer(socket);
    if (peer === undefined) {
      socket.destroy();
      return;
    }
    this.#peers.set(socket, peer);
    if (this.#isPrivileged(peer)) return;
    if (this.#unprivileged >= maxUnprivilegedConnections) {
      socket.destroy();
      return;
    }
    this.#unprivileged++;
    socket.once("close", () => this.#unprivileged--);
  }

  /** @throws {AdminError} where the request is not for this peer, or for nobody */
  #admit(request: IncomingMessage): { route: Route; peer: UnixPeer } {
    const peer = this.#peers.get(request.socket);
    if (peer === undefined) throw new AdminError("ADM_ERR_PRIVILEGE");
    const isPrivileged = this.#isPrivileged(peer);
    if (!isPrivileged && !this.#budget.take()) throw new AdminError("ADM_ERR_TOO_MANY");
    // A program that makes a page's requests for it, such as a proxy in front, has no business here.
    if (request.headers.origin !== undefined || request.headers["sec-fetch-site"] !== undefined) {
      throw new AdminError("ADM_ERR_ORIGIN");
    }
    const byMethod = this.#routes.get(request.url ?? "");
    if (byMethod === undefined) throw new AdminError("ADM_ERR_NOT_FOUND");
    const route = byMethod.get(request.method ?? "");
    if (route === undefined) throw new AdminError("ADM_ERR_METHOD", [...byMethod.keys()].join(", "));
    if (route.isPrivileged && !isPrivileged) throw new AdminError("ADM_ERR_PRIVILEGE");
    return { route, peer };
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const { route, peer } = this.#admit(request);
      if (route.handler === undefined) {
        throw new AdminError("ADM_ERR_UPGRADE", `send Upgrade: ${route.protocol}`);
      }
      const body = await readBody(request);
      const answer = await route.handler({ peer, body });
      if (answer.onSent !== undefined) response.once("close", answer.onSent);
      send(response, answer);
    } catch (cause) {
      const error =
        cause instanceof AdminError ? cause : new AdminError("ADM_ERR_INTERNAL", undefined, { cause });
      if (response.destroyed) return;
      if (!request.complete)
        response.setHeader("connection", "close").once("finish", () => request.socket.destroy());
      send(response, { status: error.statusCode, body: error.toBody() });
    }
  }

  #upgrade(request: IncomingMessage, socket: Socket, head: Buffer): void {
    try {
      const { route, peer } = this.#admit(request);
      const isIt = request.headers.upgrade?.toLowerCase() === route.protocol;
      if (route.takeOver === undefined || !isIt)
        throw new AdminError("ADM_ERR_BAD_REQUEST", "no such upgrade");
      if (head.length > 0 || hasBody(request)) {
        throw new AdminError("ADM_ERR_BAD_REQUEST", "nothing may be sent before the answer 101");
      }
      route.takeOver(request.socket, peer);
    } catch (cause) {
      const error =
        cause instanceof AdminError ? cause : new AdminError("ADM_ERR_INTERNAL", undefined, { cause });
      sendRawError(socket, error);
    } finally {
      head.fill(0);
    }
  }
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers["content-length"] !== undefined || headers["transfer-encoding"] !== undefined;
}

// Not by iteration, which would take the connection down with a body that is refused.
function readBody(request: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    request.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= maxBodyBytes) chunks.push(chunk);
      else reject(new AdminError("ADM_ERR_BODY_TOO_LARGE"));
    });
    request.on("end", () => resolve(Buffer.concat(chunks)));
    request.on("error", (cause) => reject(new AdminError("ADM_ERR_BAD_REQUEST", undefined, { cause })));
  });
}

function send(response: ServerResponse, answer: AdminAnswer): void {
  const { status = 200, contentType = "application/json", body } = answer;
  response
    .writeHead(status, { "content-type": contentType, "content-length": Buffer.byteLength(body) })
    .end(body);
}
