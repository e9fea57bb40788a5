// Makes connections to the upstream: TCP (several addresses at once, RFC 8305, by Node), through a
// forward proxy where one is wanted, then TLS, each step within a limit of its own.

import net, { type Socket } from "node:net";
import tls, { type SecureContext } from "node:tls";
import type { Secret } from "../../hardening/secret.ts";
import { ProxyError } from "../errors.ts";
import { ConnectFailure, type Phase } from "./phase.ts";
import { UpstreamSocket } from "./socket.ts";
import { type ForwardProxy, openTunnel } from "./tunnel.ts";

export interface Destination {
  /** name or address, IPv6 without brackets */
  readonly host: string;
  readonly port: number;
  /** undefined for plain TCP */
  readonly secureContext: SecureContext | undefined;
  /** the name to ask for and to find in the certificate */
  readonly serverName: string;
  /** the forward proxy to ask for a tunnel, undefined for none */
  readonly forwardProxy: ForwardProxy | undefined;
}

export interface ConnectLimits {
  /** TCP, and the tunnel; 0 for none */
  readonly upstreamConnectTimeoutMs: number;
  /** handshake; 0 for none */
  readonly upstreamTlsTimeoutMs: number;
}

export interface Attempt {
  /** give up; the callback is not called any more */
  abort(): void;
}

type OnConnected = (failure: ConnectFailure | null, socket: UpstreamSocket | null) => void;

const tcpKeepAliveMs = 60_000;

// Reads are handled before the next one begins, so one buffer serves all connections. Its size is what
// libuv suggests for a read.
const readBuffer = Buffer.allocUnsafeSlow(64 * 1024);

export class Connector {
  readonly #destination: Destination;
  readonly #limits: ConnectLimits;
  readonly #secret: Secret;
  #session: Buffer | undefined;

  constructor(destination: Destination, limits: ConnectLimits, secret: Secret) {
    this.#destination = destination;
    this.#limits = limits;
    this.#secret = secret;
  }

  /** Begin to connect. */
  connect(onConnected: OnConnected): Attempt {
    let isOver = false;
    let step: Attempt | undefined;
    let timer: NodeJS.Timeout | undefined;
    let phase: Phase = "connecting";

    const finish = (error: Error | null, socket: UpstreamSocket | null): void => {
      if (isOver) return;
      isOver = true;
      clearTimeout(timer);
      if (error !== null) step?.abort();
      onConnected(error === null ? null : new ConnectFailure(phase, error), socket);
    };
    const limit = (limitMs: number, what: string, option: string): void => {
      clearTimeout(timer);
      if (limitMs === 0) return;
      timer = setTimeout(() => {
        finish(
          new ProxyError("PXY_ERR_UPSTREAM_TIMEOUT", `no ${what} within ${limitMs} ms (${option})`),
          null,
        );
      }, limitMs);
    };

    limit(this.#limits.upstreamConnectTimeoutMs, "connection", "--upstream-connect-timeout-ms");
    const onTcp = (): void => {
      phase = "in the TLS handshake";
      limit(this.#limits.upstreamTlsTimeoutMs, "TLS handshake", "--upstream-tls-timeout-ms");
    };
    const begin = (tunnel?: Socket): Attempt => this.#open(tunnel, onTcp, finish);
    const { forwardProxy, host, port } = this.#destination;
    if (forwardProxy === undefined) {
      step = begin();
    } else {
      step = openTunnel(forwardProxy, host, port, (error, tunnel) => {
        if (tunnel === null) finish(error, null);
        else if (isOver) tunnel.destroy();
        else step = begin(tunnel);
      });
    }
    return {
      abort: () => {
        isOver = true;
        clearTimeout(timer);
        step?.abort();
      },
    };
  }

  #open(
    tunnel: Socket | undefined,
    onTcp: () => void,
    finish: (error: Error | null, socket: UpstreamSocket | null) => void,
  ): Attempt {
    const { host, port, secureContext, serverName } = this.#destination;
    let connected: UpstreamSocket | undefined;
    const onread = {
      buffer: readBuffer,
      callback: (bytes: number, buffer: Uint8Array) => {
        connected?.deliver(buffer.subarray(0, bytes) as Buffer);
        return true;
      },
    };

    let socket: Socket;
    if (secureContext !== undefined) {
      const options: tls.ConnectionOptions & { onread: typeof onread } = {
        ...(tunnel === undefined ? { port } : { socket: tunnel }),
        host, // an address has no SNI, and is looked for in the certificate itself
        secureContext,
        servername: net.isIP(serverName) === 0 ? serverName : "",
        ALPNProtocols: ["http/1.1"],
        onread,
      };
      if (this.#session !== undefined) options.session = this.#session;
      socket = tls.connect(options);
      socket.on("session", (session: Buffer) => {
        this.#session = session;
      });
      if (tunnel === undefined) socket.once("connect", onTcp);
      else onTcp();
    } else if (tunnel === undefined) {
      socket = net.connect({ host, port, onread });
    } else {
      socket = tunnel;
    }

    const onOpen = (): void => {
      if (socket.destroyed) {
        onError(Object.assign(new Error("closed"), { code: "UPSTREAM_RESET" }));
        return;
      }
      socket.off("error", onError);
      connected = new UpstreamSocket(socket, this.#secret);
      // Node reads into a given buffer only where it has made the connection itself.
      if (tunnel !== undefined) socket.on("data", (bytes: Buffer) => connected?.deliver(bytes));
      socket.resume();
      finish(null, connected);
    };
    const onError = (error: Error): void => finish(error, null);
    socket.on("error", onError);
    if (tunnel === undefined) socket.setNoDelay(true).setKeepAlive(true, tcpKeepAliveMs);
    // Not from within the callback: a write that OpenSSL's own call stack makes is put off by newer
    // releases of Node, with a copy of its bytes, the key among them.
    if (secureContext !== undefined) socket.once("secureConnect", () => setImmediate(onOpen));
    else if (tunnel === undefined) socket.once("connect", onOpen);
    else setImmediate(onOpen);
    // Errors after this come from its end, of which nobody needs to hear.
    return { abort: () => socket.on("error", () => {}).destroy() };
  }
}
