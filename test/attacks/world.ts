// Where the attacks take place: folders, compiled attack programs, proxies under attack, and a
// record of everything that those leave behind.

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import http from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { makeAuthority } from "../mock/certificate.ts";
import { type MockUpstream, startMockUpstream } from "../mock/upstream.ts";
import {
  asOtherUser,
  launcher,
  packageRoot,
  type RunningProxy,
  type RunOptions,
  skipWithoutOtherUser,
  startProxy,
  testKey,
} from "../proxy-process.ts";
import { type Attacker, type Outcome, readOutcome, type Target } from "./outcome.ts";

export const isRoot = process.geteuid?.() === 0;

/** What starts a program as the uid that the proxies run under; not root's, where root runs the suite. */
export const asVictim: readonly string[] = isRoot ? asOtherUser : [];

const asStranger = ["setpriv", "--reuid=60002", "--regid=60002", "--clear-groups"];

/** A proxy under attack, or the control. */
export interface Victim extends RunningProxy {
  readonly target: Target;
  /** its working directory, in which it may write */
  readonly folder: string;
}

/** One that may not be up yet, and may never be. */
export interface EarlyVictim {
  readonly pid: number;
  readonly output: { readonly stdout: string; readonly stderr: string };
  kill(signal: NodeJS.Signals): void;
  isUp(): boolean;
  hasEnded(): boolean;
  readonly ended: Promise<void>;
}

/** What came of a start: a victim, or what it said when it refused. */
export type Start = { readonly victim: Victim } | { readonly refusal: string };

export interface VictimOptions {
  readonly args?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  /** between setpriv and the victim: what its starter does last */
  readonly through?: readonly string[];
  /** before setpriv */
  readonly outermost?: readonly string[];
  /** in place of the uid of the victims; empty for the uid of the suite */
  readonly as?: readonly string[];
  readonly folder?: string;
  /** the launcher of another package, and the entry of another control */
  readonly launcher?: string;
  readonly control?: string;
  readonly nodeArgs?: readonly string[];
  /** the Node of the control */
  readonly node?: string;
  readonly upstreamUrl?: string;
}

const controls = fileURLToPath(new URL("../controls/", import.meta.url));
const ownControls = fileURLToPath(new URL("controls/", import.meta.url));

export class World {
  readonly root = fs.mkdtempSync(join(tmpdir(), "codex-attacks-"));
  readonly key = testKey;
  readonly stringProxy = join(controls, "string-proxy.js");
  /** verifies its upstream, and takes what environment and options Node takes */
  readonly plainProxy = join(ownControls, "plain-proxy.js");
  readonly #victims: Victim[] = [];
  readonly #said: string[] = [];
  readonly #early: EarlyVictim[] = [];
  readonly #surrendered = new Set<number>();
  readonly #standing = new Map<Target, Promise<Victim>>();
  #folders = 0;
  upstream!: MockUpstream;
  caFile = "";

  async open(): Promise<void> {
    for (const folder of ["", "control", "proxy", "shared"].map((name) => join(this.root, name))) {
      fs.mkdirSync(folder, { recursive: true });
      fs.chmodSync(folder, 0o755);
    }
    const authority = makeAuthority();
    this.upstream = await startMockUpstream({ tls: authority.issue(["127.0.0.1"]) });
    this.caFile = this.shared("ca.pem", authority.cert);
    this.#compileAll();
  }

  async close(): Promise<void> {
    await Promise.all(this.#victims.map((victim) => this.end(victim)));
    await this.upstream.close();
    fs.rmSync(this.root, { recursive: true, force: true });
  }

  /** Why this attacker cannot be played here, or false. */
  skipReason(attacker: Attacker): string | false {
    if (isRoot) return skipWithoutOtherUser;
    const needsRoot = attacker === "other uid" || attacker.endsWith("root");
    return needsRoot && "needs root, to play root or another uid";
  }

  /** A file of ours that every uid may read. */
  shared(name: string, content: string): string {
    // In a folder of its own: a proxy may read the whole folder in which its authorities lie.
    const file = join(this.root, "shared", name);
    fs.writeFileSync(file, content);
    fs.chmodSync(file, 0o644);
    return file;
  }

  /** A new folder in which victims and attackers may write. */
  folder(target: Target): string {
    const folder = join(this.root, target, String(this.#folders++));
    fs.mkdirSync(folder);
    fs.chmodSync(folder, 0o777);
    return folder;
  }

  /** The compiled attack program of that name. */
  program(name: string): string {
    return join(this.root, "bin", name);
  }

  #compileAll(): void {
    const bin = join(this.root, "bin");
    fs.mkdirSync(bin);
    const sources = join(packageRoot, "test/attacks/programs");
    for (const file of fs.readdirSync(sources).filter((name) => name.endsWith(".c"))) {
      const name = file.slice(0, -2);
      const isLibrary = name.startsWith("lib");
      const headers = join(packageRoot, "node_modules/node-api-headers/include");
      const flags = ["-O1", "-Wall", "-Wextra", "-Werror", "-D_GNU_SOURCE", `-I${headers}`];
      const shape = isLibrary ? ["-shared", "-fPIC"] : [];
      const args = [...flags, ...shape, join(sources, file), "-o", join(bin, name)];
      const { status, stderr } = spawnSync("cc", args, { encoding: "utf8" });
      if (status !== 0) throw new Error(`cannot compile ${file}:\n${stderr}`);
    }
    for (const name of fs.readdirSync(bin)) fs.chmodSync(join(bin, name), 0o755);
    fs.chmodSync(bin, 0o755);
  }

  #commandLine(target: Target, options: VictimOptions, folder: string): [string, ...string[]] {
    const upstreamUrl = options.upstreamUrl ?? this.upstream.url;
    const ca = upstreamUrl === this.upstream.url ? ["--upstream-ca", this.caFile] : [];
    const command =
      target === "proxy"
        ? [options.launcher ?? launcher, "--upstream-url", upstreamUrl, ...ca, ...(options.args ?? [])]
        : [
            options.node ?? process.execPath,
            ...(options.nodeArgs ?? []),
            options.control ?? this.stringProxy,
            upstreamUrl,
          ];
    return [
      ...((options.outermost ?? []) as [string]),
      ...["sh", "-c", 'cd "$0" && exec "$@"', folder],
      ...(options.as ?? asVictim),
      ...(options.through ?? []),
      ...command,
    ];
  }

  /** Start a victim as the victims' uid, with a folder of its own for working directory. */
  async tryStart(target: Target, options: VictimOptions = {}): Promise<Start> {
    const folder = options.folder ?? this.folder(target);
    const [program, ...args] = this.#commandLine(target, options, folder);
    const run: RunOptions = { command: program, args, env: options.env ?? { PATH: process.env.PATH } };
    try {
      const victim = { ...(await startProxy(run)), target, folder };
      this.#victims.push(victim);
      return { victim };
    } catch (error) {
      const refusal = (error as Error).message;
      if (target === "proxy") this.#said.push(refusal);
      return { refusal };
    }
  }

  /** Begin to start a victim and hand it over before it is up, its key already in the pipe. */
  beginStart(target: Target, options: VictimOptions = {}): EarlyVictim {
    const folder = options.folder ?? this.folder(target);
    const [program, ...args] = this.#commandLine(target, options, folder);
    const env = options.env ?? { PATH: process.env.PATH };
    const child = spawn(program, args, { stdio: "pipe", env });
    const ended = once(child, "close").then(() => {});
    child.stdin.on("error", () => {}).end(`${this.key}\n`);
    const output = { stdout: "", stderr: "" };
    child.stdout.on("data", (chunk) => {
      output.stdout += chunk;
    });
    child.stderr.on("data", (chunk) => {
      output.stderr += chunk;
    });
    const kill = (signal: NodeJS.Signals) => child.kill(signal);
    const hasEnded = () => child.exitCode !== null || child.signalCode !== null;
    const victim: EarlyVictim = {
      pid: child.pid as number,
      output,
      kill,
      hasEnded,
      ended,
      isUp: () => /listening on 127/.test(output.stderr),
    };
    if (target === "proxy") this.#early.push(victim);
    return victim;
  }

  /** Start a victim that is expected to come up. */
  async start(target: Target, options: VictimOptions = {}): Promise<Victim> {
    const start = await this.tryStart(target, options);
    if ("refusal" in start) throw new Error(start.refusal);
    return start.victim;
  }

  /** The victim that serves all attacks which do it no harm. It has used the key. */
  standing(target: Target): Promise<Victim> {
    let victim = this.#standing.get(target);
    if (victim === undefined) {
      victim = this.start(target).then(async (started) => {
        for (let i = 0; i < 20; i++) await this.use(started);
        return started;
      });
      this.#standing.set(target, victim);
    }
    return victim;
  }

  /** Send a request through a victim. @returns its status, undefined where there was no answer */
  use(victim: Victim): Promise<number | undefined> {
    return new Promise((resolve) => {
      const headers = { "content-type": "application/json" };
      const options = { method: "POST", headers, timeout: 5000, agent: false } as const;
      const request = http.request(`${victim.baseUrl}/v1/responses`, options, (response) => {
        response.on("error", () => {}).resume();
        response.on("close", () => resolve(response.statusCode));
      });
      request.on("timeout", () => request.destroy());
      request.on("error", () => resolve(undefined)).end('{"input":"hi"}');
    });
  }

  /** Leave a victim out of the final search: the attacker has had it write its key, as expected. */
  surrender(victim: { readonly pid: number }): void {
    this.#surrendered.add(victim.pid);
  }

  /** End a victim, whatever state it is in. */
  async end(victim: Victim): Promise<void> {
    victim.kill("SIGKILL");
    await victim.ended;
  }

  /** What starts an attack program as that attacker. */
  as(attacker: Attacker): readonly string[] {
    if (attacker.endsWith("root")) return [];
    return attacker === "other uid" ? asStranger : asVictim;
  }

  /** Start an attack program, in a process group of its own that is killed after ten seconds. */
  launchAttack(attacker: Attacker, command: readonly string[]): ChildProcess {
    const [program, ...args] = [...this.as(attacker), ...command] as [string, ...string[]];
    const child = spawn(program, args, { stdio: ["pipe", "pipe", "pipe"], detached: true });
    const timer = setTimeout(() => process.kill(-(child.pid as number), "SIGKILL"), 10_000);
    child.once("exit", () => clearTimeout(timer));
    return child;
  }

  /** Run an attack program to its end and read the outcome that it prints. */
  async attack(attacker: Attacker, command: readonly string[]): Promise<Outcome> {
    return outcomeOf(this.launchAttack(attacker, command));
  }

  /** Everything that proxies under attack have said or left in their folders, as one list. */
  *leftBehind(): Generator<{ readonly name: string; readonly content: Buffer }> {
    for (const text of this.#said) yield { name: "a refusal to start", content: Buffer.from(text) };
    for (const { pid, output } of this.#early) {
      if (this.#surrendered.has(pid)) continue;
      yield { name: "output of a start", content: Buffer.from(output.stdout + output.stderr) };
    }
    for (const { target, pid, output } of this.#victims) {
      if (target !== "proxy" || this.#surrendered.has(pid)) continue;
      yield { name: `stderr of ${pid}`, content: Buffer.from(output.stderr) };
      yield { name: `stdout of ${pid}`, content: Buffer.from(output.stdout) };
    }
    yield* filesIn(join(this.root, "proxy"));
  }
}

function* filesIn(folder: string): Generator<{ readonly name: string; readonly content: Buffer }> {
  for (const entry of fs.readdirSync(folder, { withFileTypes: true, recursive: true })) {
    const name = join(entry.parentPath, entry.name);
    if (entry.isFile()) yield { name, content: fs.readFileSync(name) };
  }
}

/** Wait for an attack program and read its outcome. */
export async function outcomeOf(program: ChildProcess): Promise<Outcome> {
  let printed = "";
  let complaints = "";
  program.stdout?.on("data", (chunk) => {
    printed += chunk;
  });
  program.stderr?.on("data", (chunk) => {
    complaints += chunk;
  });
  program.stdin?.on("error", () => {});
  program.stdin?.end();
  await once(program, "close");
  return readOutcome(printed === "" ? complaints : printed);
}

/** Whether a text or a file holds the key, in either of the two ways in which V8 keeps strings. */
export function holdsKey(content: Buffer): boolean {
  return content.includes(testKey, 0, "latin1") || content.includes(testKey, 0, "utf16le");
}

/** The files in a folder and below. */
export function contentsOf(folder: string): { readonly name: string; readonly content: Buffer }[] {
  return [...filesIn(folder)];
}

/** Wait for something, for a bounded time. */
export async function waitUntil(isSo: () => boolean, timeoutMs: number): Promise<boolean> {
  for (const deadline = Date.now() + timeoutMs; Date.now() < deadline; ) {
    if (isSo()) return true;
    await sleep(20);
  }
  return isSo();
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
