// An upstream that knows nothing of HTTP but where a request ends. What it does with each request,
// or with a connection before any, is a list of steps: so it can do what no server library lets one do.

import net, { type AddressInfo } from "node:net";
import { duplexPair } from "node:stream";
import tls from "node:tls";
import type { RawClient } from "../raw-client.ts";

/** One thing that the upstream does on a connection. */
export type Step = (connection: UpstreamConnection) => Promise<void> | void;

export interface Script {
  /** when it begins: when the connection is made, when the head is read, or the whole request */
  readonly at: "connection" | "head" | "request";
  readonly steps: readonly Step[];
}

/** Thrown into a script whose connection has ended. */
class ConnectionOver extends Error {}

/** One connection of the proxy. */
export class UpstreamConnection {
  readonly upstream: ByteUpstream;
  /** under the TLS, if there is any */
  readonly raw: net.Socket;
  stream: net.Socket;
  isOver = false;
  #received = Buffer.alloc(0);
  readonly #waiting = new Set<() => void>();

  constructor(upstream: ByteUpstream, raw: net.Socket) {
    this.upstream = upstream;
    this.raw = raw;
    this.stream = raw;
    raw.setNoDelay(true);
    raw.on("error", () => {});
    for (const event of ["end", "close"]) {
      raw.on(event, () => {
        this.isOver = true;
        this.wake();
      });
    }
  }

  /** Speak TLS from here on, above a socket that stays ours to break. */
  startTls(secureContext: tls.SecureContext): void {
    const [records, engine] = duplexPair();
    this.raw.pipe(records);
    records.pipe(this.raw);
    this.stream = new tls.TLSSocket(engine, { isServer: true, secureContext });
    this.stream.on("error", () => this.raw.destroy());
    this.stream.on("close", () => this.raw.destroy());
    this.raw.on("close", () => this.stream.destroy());
  }

  /** Begin to take what the proxy sends. */
  receive(): void {
    this.stream.on("data", (chunk) => {
      this.#received = Buffer.concat([this.#received, chunk]);
      this.upstream.receivedBytes += chunk.length;
      this.wake();
    });
    this.stream.on("end", () => {
      this.isOver = true;
      this.wake();
    });
  }

  async readHead(): Promise<string> {
    await this.until(() => this.#received.includes("\r\n\r\n"));
    return this.#take(this.#received.indexOf("\r\n\r\n") + 4);
  }

  async readBody(head: string): Promise<string> {
    const length = /\r\ncontent-length: (\d+)\r\n/i.exec(head)?.[1];
    if (length !== undefined) {
      await this.until(() => this.#received.length >= Number(length));
      return this.#take(Number(length));
    }
    if (!/\r\ntransfer-encoding: chunked\r\n/i.test(head)) return "";
    await this.until(() => this.#received.includes("0\r\n\r\n"));
    return this.#take(this.#received.indexOf("0\r\n\r\n") + 5);
  }

  /** @returns when the bytes are with the kernel */
  async write(bytes: string | Buffer): Promise<void> {
    await this.#written(this.stream, bytes);
  }

  /** Past the TLS, if there is any. */
  async writeRaw(bytes: string | Buffer): Promise<void> {
    await this.#written(this.raw, bytes);
  }

  /** Wait for a condition on the connection. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      if (this.isOver) throw new ConnectionOver();
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  wake(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }

  #written(stream: net.Socket, bytes: string | Buffer): Promise<void> {
    if (this.isOver) throw new ConnectionOver();
    return new Promise((resolve) => {
      this.#waiting.add(resolve); // a connection that ends wakes it
      stream.write(typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes, () => resolve());
    });
  }

  #take(length: number): string {
    const taken = this.#received.subarray(0, length).toString("latin1");
    this.#received = this.#received.subarray(length);
    return taken;
  }
}

export class ByteUpstream {
  readonly connections = new Set<UpstreamConnection>();
  /** the heads of all requests, as they came */
  readonly heads: string[] = [];
  /** the bodies of the requests that were read whole */
  readonly bodies: string[] = [];
  receivedBytes = 0;
  /** connections made so far */
  connectionCount = 0;
  /** the client whose request is under way, for steps that wait for what it has got */
  client: RawClient | undefined;
  /** made anew for each connection if set */
  secureContext: tls.SecureContext | undefined;
  /** whom to stop, for steps that must not be seen one by one */
  proxyPid: number | undefined;
  port = 0;
  readonly #otherwise: Script;
  #scripts: Script[] = [];
  #server: net.Server | undefined;

  /** @param otherwise - what is done with requests for which no script waits */
  constructor(otherwise: Script, secureContext?: tls.SecureContext) {
    this.#otherwise = otherwise;
    this.secureContext = secureContext;
  }

  get url(): string {
    return `http${this.secureContext === undefined ? "" : "s"}://127.0.0.1:${this.port}/v1/responses`;
  }

  /** Listen, the second time on the port of the first. */
  async listen(): Promise<void> {
    const server = net.createServer({ allowHalfOpen: true }, (socket) => void this.#serve(socket));
    await new Promise<void>((resolve) => server.listen(this.port, "127.0.0.1", resolve));
    this.#server = server;
    this.port = (server.address() as AddressInfo).port;
  }

  /** Refuse connections; those that are open stay. */
  stopListening(): void {
    this.#server?.close();
  }

  /** What to do with the requests, or connections, that come next, in their order. */
  play(...scripts: readonly Script[]): void {
    this.#scripts = [...scripts];
  }

  /** Break all connections. */
  dropConnections(): void {
    for (const { raw } of this.connections) raw.destroy();
  }

  close(): void {
    this.stopListening();
    this.dropConnections();
  }

  async #serve(socket: net.Socket): Promise<void> {
    const connection = new UpstreamConnection(this, socket);
    this.connectionCount++;
    this.connections.add(connection);
    socket.once("close", () => this.connections.delete(connection));
    try {
      if (this.#scripts[0]?.at === "connection") {
        await this.#run(this.#scripts.shift() as Script, connection);
        return;
      }
      if (this.secureContext !== undefined) connection.startTls(this.secureContext);
      connection.receive();
      for (;;) await this.#serveRequest(connection);
    } catch (error) {
      if (!(error instanceof ConnectionOver)) throw error;
      // The proxy has closed its half: so do we.
      connection.stream.destroy();
      socket.destroy();
    }
  }

  async #serveRequest(connection: UpstreamConnection): Promise<void> {
    const head = await connection.readHead();
    this.heads.push(head);
    const script = this.#scripts.shift() ?? this.#otherwise;
    if (script.at === "request") this.bodies.push(await connection.readBody(head));
    await this.#run(script, connection);
  }

  async #run(script: Script, connection: UpstreamConnection): Promise<void> {
    for (const step of script.steps) await step(connection);
  }
}
