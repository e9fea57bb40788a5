// A private network and mount namespace in which the fixed names of workload identity lead to hosts of
// our own, so that the real launcher can be run against them with its real addresses.

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { makeAuthority } from "../mock/certificate.ts";
import { quietUser, type RunningProxy, type RunResult, runProxy, startProxy } from "../proxy-process.ts";
import {
  type ClientAnswer,
  githubPort,
  goodReplies,
  type HostName,
  type HostReply,
  hostNames,
  type Order,
  type Seen,
} from "./hosts.ts";

/** The `skip` of tests that need it: false, or the reason why they cannot run. */
export const skipWithoutWorld: string | false = (() => {
  if (process.geteuid?.() !== 0) return "needs root, for a private network with hosts of our own";
  const tried = spawnSync("unshare", ["--net", "--mount", "ip", "link", "set", "lo", "up"]);
  if (tried.status === 0) return false;
  return `needs unshare(1) and ip(8) that may make namespaces: ${tried.error ?? tried.stderr}`;
})();

export const requestToken = "ghs-request.token_0123456789.abcdefghijklmnopqrstuvwxyzABCDEFGH";

export const requestUrl = `https://${hostNames.github}:${githubPort}/oidc/token?api-version=2.0`;

/** The five options, as a job would give them. */
export const oidcOptions: Readonly<Record<string, string | undefined>> = {
  "--github-oidc": undefined,
  "--oidc-audience": "https://api.openai.com/v1 &more",
  "--identity-provider-id": 'idp_"1"',
  "--service-account-id": "sa-ä",
  "--github-oidc-request-url": requestUrl,
};

export interface OidcRunOptions {
  /** changes to {@link oidcOptions}; null leaves one out */
  readonly change?: Readonly<Record<string, string | null>>;
  readonly args?: readonly string[];
  readonly input?: string;
  /** whether it is told to trust the hosts of this world; default true */
  readonly trusts?: boolean;
}

export class World {
  readonly #child: ChildProcess;
  readonly #folder: string;
  readonly #waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  readonly #started: RunningProxy[] = [];
  #orders = 0;
  #forwardProxyUrl = "";

  private constructor(child: ChildProcess, folder: string) {
    this.#child = child;
    this.#folder = folder;
    child.on("message", ({ id, result, error }: { id: number; result: unknown; error?: string }) => {
      const waiting = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (error === undefined) waiting?.resolve(result);
      else waiting?.reject(new Error(error));
    });
  }

  static async open(): Promise<World> {
    const folder = fs.mkdtempSync(join(tmpdir(), "codex-oidc-"));
    fs.chmodSync(folder, 0o755);
    const names = Object.values(hostNames);
    const authority = makeAuthority();
    fs.writeFileSync(join(folder, "ca.pem"), authority.cert);
    fs.writeFileSync(join(folder, "hosts"), `127.0.0.1 localhost ${names.join(" ")}\n`);
    const program = fileURLToPath(new URL("./hosts.js", import.meta.url));
    const script = `ip link set lo up && mount --bind ${folder}/hosts /etc/hosts && exec "$@"`;
    const child = spawn(
      "unshare",
      ["--net", "--mount", "sh", "-c", script, "sh", process.execPath, program],
      { stdio: ["ignore", "inherit", "inherit", "ipc"] },
    );
    const world = new World(child, folder);
    world.#forwardProxyUrl = (await world.#tell({
      order: "begin",
      tls: authority.issue(names),
    })) as string;
    return world;
  }

  /** What a host answers from now on: each reply once, the last one for ever; none for good ones. */
  async set(host: HostName, ...replies: readonly HostReply[]): Promise<void> {
    await this.#tell({ order: "set", host, replies: replies.length === 0 ? [goodReplies[host]] : replies });
  }

  /** @returns what came and was given out since this was asked for last */
  async seen(): Promise<Seen> {
    return (await this.#tell({ order: "seen" })) as Seen;
  }

  /** Send requests to a proxy in this world, 16 at a time. */
  async post(port: number, count = 1): Promise<readonly ClientAnswer[]> {
    return (await this.#tell({ order: "post", port, count })) as readonly ClientAnswer[];
  }

  start(options: OidcRunOptions = {}): Promise<RunningProxy> {
    return this.#keep(startProxy(this.#run(options)));
  }

  /** Start another program in this world, with the request token on stdin. */
  startOther(command: string, args: readonly string[]): Promise<RunningProxy> {
    return this.#keep(startProxy({ through: this.#through(), command, args, input: requestToken }));
  }

  run(options: OidcRunOptions = {}): Promise<RunResult> {
    return runProxy(this.#run(options));
  }

  /** of a forward proxy in this world */
  get forwardProxyUrl(): string {
    return this.#forwardProxyUrl;
  }

  /** the authority of the hosts' certificates */
  get caFile(): string {
    return join(this.#folder, "ca.pem");
  }

  close(): void {
    for (const proxy of this.#started) proxy.kill("SIGKILL"); // of a test that failed half-way
    this.#child.disconnect();
    fs.rmSync(this.#folder, { recursive: true });
  }

  async #keep(starting: Promise<RunningProxy>): Promise<RunningProxy> {
    const proxy = await starting;
    this.#started.push(proxy);
    return proxy;
  }

  #through(): readonly string[] {
    const { pid } = this.#child;
    return ["nsenter", `--net=/proc/${pid}/ns/net`, `--mount=/proc/${pid}/ns/mnt`];
  }

  #run({ change = {}, args = [], input = `${requestToken}\n`, trusts = true }: OidcRunOptions) {
    const given = Object.entries({ ...oidcOptions, ...change }).filter(([, value]) => value !== null);
    return {
      through: this.#through(),
      args: [
        ...quietUser,
        ...(trusts ? ["--upstream-ca", this.caFile] : []),
        ...given.flatMap(([name, value]) => (value === undefined ? [name] : [name, value as string])),
        ...args,
      ],
      input,
      timeoutMs: 40_000,
    };
  }

  #tell(order: Order): Promise<unknown> {
    const id = this.#orders++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#child.send({ id, order });
    });
  }
}
