// Plays systemd for the proxy: sockets that outlive each run of it, the variables that announce them, and
// an ear for what it says by sd_notify(3).

import { type ChildProcess, execFileSync, fork, spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import net, { type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { launcher, packageRoot, testKey } from "../proxy-process.ts";
import { waitFor } from "../wait-for.ts";

export type HolderOrder =
  | {
      readonly kind: "start";
      readonly id: number;
      readonly command: readonly string[];
      readonly sockets: readonly number[];
      readonly env: NodeJS.ProcessEnv;
      readonly input: string;
    }
  | { readonly kind: "signal"; readonly id: number; readonly signal: NodeJS.Signals };

export type HolderEvent =
  | { readonly kind: "started"; readonly id: number; readonly pid: number }
  | { readonly kind: "stderr"; readonly id: number; readonly text: string }
  | {
      readonly kind: "ended";
      readonly id: number;
      readonly code: number | null;
      readonly signal: string | null;
    };

export interface StartOptions {
  /** indexes of the sockets to pass, all by default */
  readonly sockets?: readonly number[];
  readonly args?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
}

/** One run of the proxy. */
export class Service {
  pid = 0;
  stderr = "";
  end: { readonly code: number | null; readonly signal: string | null } | undefined;
  readonly #signal: (signal: NodeJS.Signals) => void;

  constructor(signal: (signal: NodeJS.Signals) => void) {
    this.#signal = signal;
  }

  kill(signal: NodeJS.Signals): void {
    this.#signal(signal);
  }

  async served(): Promise<void> {
    const settled = () => /listening on .+\n/.test(this.stderr) || this.end !== undefined;
    await waitFor(settled, "the proxy to serve", 60_000);
    if (this.end !== undefined) throw new Error(`the proxy did not start:\n${this.stderr}`);
  }

  async ended(timeoutMs = 60_000): Promise<NonNullable<Service["end"]>> {
    await waitFor(() => this.end !== undefined, "the proxy to end", timeoutMs);
    return this.end as NonNullable<Service["end"]>;
  }
}

/** A listening socket to hold; `make` returns the server that listens. */
export type SocketMaker = () => Promise<net.Server>;

export const onLoopback =
  (host = "127.0.0.1"): SocketMaker =>
  async () => {
    const server = net.createServer().listen(0, host);
    await once(server, "listening");
    return server;
  };

/** @param path - made under another name: Node removes the one that it knows when it lets go */
export const onPath =
  (path: string): SocketMaker =>
  async () => {
    const server = net.createServer().listen(`${path}.made`);
    await once(server, "listening");
    fs.chmodSync(`${path}.made`, 0o666);
    fs.renameSync(`${path}.made`, path);
    return server;
  };

export class PlayedSystemd {
  readonly ports: readonly number[];
  readonly #holder: ChildProcess;
  readonly #services = new Map<number, Service>();

  private constructor(holder: ChildProcess, ports: readonly number[]) {
    this.#holder = holder;
    this.ports = ports;
    holder.on("message", (event: HolderEvent) => {
      const service = this.#services.get(event.id);
      if (service === undefined) return;
      if (event.kind === "started") service.pid = event.pid;
      if (event.kind === "stderr") service.stderr += event.text;
      if (event.kind === "ended") service.end = { code: event.code, signal: event.signal };
    });
  }

  static async hold(...makers: readonly SocketMaker[]): Promise<PlayedSystemd> {
    const servers: net.Server[] = [];
    for (const make of makers) servers.push(await make());
    const ports = servers.map((server) => (server.address() as AddressInfo | null)?.port ?? 0);
    const fds = servers.map((server) => (server as unknown as { _handle: { fd: number } })._handle.fd);
    const holder = fork(fileURLToPath(new URL("./socket-holder.js", import.meta.url)), {
      stdio: ["ignore", "inherit", "inherit", "ipc", ...fds],
    });
    await once(holder, "spawn");
    for (const server of servers) {
      server.close();
      await once(server, "close");
    }
    return new PlayedSystemd(holder, ports);
  }

  /** Start the proxy, not waiting for anything. */
  start(options: StartOptions = {}): Service {
    const id = this.#services.size;
    const service = new Service((signal) => this.#holder.send({ kind: "signal", id, signal }));
    this.#services.set(id, service);
    this.#holder.send({
      kind: "start",
      id,
      command: [launcher, ...(options.args ?? [])],
      sockets: options.sockets ?? this.ports.map((_, index) => index),
      env: options.env ?? {},
      input: `${testKey}\n`,
    } satisfies HolderOrder);
    return service;
  }

  /** End what a test that failed has left behind. */
  async endAll(): Promise<void> {
    const left = [...this.#services.values()].filter(({ end }) => end === undefined);
    for (const service of left) service.kill("SIGKILL");
    await Promise.all(left.map((service) => service.ended()));
  }

  async close(): Promise<void> {
    const ended = once(this.#holder, "exit");
    this.#holder.disconnect();
    await ended;
  }
}

export interface Notification {
  /** of the sender, by the kernel's word */
  readonly pid: number;
  readonly uid: number;
  readonly text: string;
}

/** The receiving end of NOTIFY_SOCKET. */
export class NotifyReceiver {
  readonly received: Notification[] = [];
  readonly #child: ChildProcess;
  readonly #folder: string;

  private constructor(child: ChildProcess, folder: string) {
    this.#child = child;
    this.#folder = folder;
    let rest = "";
    child.stdout?.on("data", (chunk) => {
      const lines = (rest + chunk).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        const [, pid, uid, text = ""] = /^(\d+) (\d+) (.*)$/.exec(line) ?? [];
        this.received.push({ pid: Number(pid), uid: Number(uid), text: text.replaceAll("\\n", "\n") });
      }
    });
  }

  /** @param name - a path, or `@name` */
  static async listen(name: string): Promise<NotifyReceiver> {
    const folder = fs.mkdtempSync(join(tmpdir(), "codex-notify-"));
    const program = join(folder, "receiver");
    const source = join(packageRoot, "test", "sockets", "notify-receiver.c");
    execFileSync(process.env.CC || "cc", [
      "-D_GNU_SOURCE",
      "-Wall",
      "-Wextra",
      "-Werror",
      source,
      "-o",
      program,
    ]);
    const child = spawn(program, [name], { stdio: ["ignore", "pipe", "inherit"] });
    const receiver = new NotifyReceiver(child, folder);
    await waitFor(() => receiver.received.length > 0, "the receiver to listen");
    receiver.received.length = 0;
    return receiver;
  }

  has(part: string): boolean {
    return this.received.some(({ text }) => text.split("\n").some((line) => line.startsWith(part)));
  }

  async close(): Promise<void> {
    this.#child.kill();
    await once(this.#child, "close");
    fs.rmSync(this.#folder, { recursive: true });
  }
}
