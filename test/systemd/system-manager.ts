// systemd itself as the first process of namespaces of its own, with the units of this package installed:
// see boot.sh for what it is kept away from.

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { launcher, packageRoot } from "../proxy-process.ts";
import { comesTrue } from "../wait-for.ts";

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const cgroup2 = (() => {
  const entries = fs.existsSync("/proc/self/mounts") ? fs.readFileSync("/proc/self/mounts", "utf8") : "";
  return entries
    .split("\n")
    .map((line) => line.split(" "))
    .find((fields) => fields[2] === "cgroup2" && fields[3]?.split(",").includes("rw"))?.[1];
})();

/** The `skip` of tests that need {@link SystemManager}: false, or what is missing for it. */
export const skipWithoutSystemd: string | false = (() => {
  const missing = (what: string) => `NOT CHECKED by systemd itself: ${what}`;
  if (process.geteuid?.() !== 0) return missing("needs root, to make namespaces");
  if (!fs.existsSync("/usr/lib/systemd/systemd")) return missing("systemd is not installed");
  if (cgroup2 === undefined) return missing("no writable cgroup2 file system is mounted");
  if (spawnSync("unshare", ["--mount", "--pid", "--net", "--cgroup", "--fork", "true"]).status !== 0) {
    return missing("namespaces cannot be made here");
  }
  if (process.execPath.startsWith("/tmp/")) return missing("this Node lies in /tmp, which the units hide");
  return false;
})();

export class SystemManager {
  readonly #unshare: ChildProcess;
  readonly #init: number;
  readonly #cgroup: string;
  readonly #root: string;
  readonly #children: ChildProcess[] = [];

  private constructor(unshare: ChildProcess, init: number, cgroup: string, root: string) {
    this.#unshare = unshare;
    this.#init = init;
    this.#cgroup = cgroup;
    this.#root = root;
  }

  /** Boot it and wait until it is up. */
  static async boot(): Promise<SystemManager> {
    const cgroup = fs.mkdtempSync(join(cgroup2 as string, "codex-test-"));
    const root = fs.mkdtempSync(join(tmpdir(), "codex-boot-"));
    const namespaces = ["--cgroup", "--mount", "--pid", "--fork", "--kill-child", "--uts", "--ipc", "--net"];
    const boot = join(packageRoot, "test", "systemd", "boot.sh");
    const args = [root, packageRoot, relative(packageRoot, launcher), process.execPath];
    const unshare = spawn(
      "sh",
      [
        "-c",
        `echo $$ > ${cgroup}/cgroup.procs && exec "$@"`,
        "sh",
        "unshare",
        ...namespaces,
        "sh",
        boot,
        ...args,
      ],
      {
        stdio: ["ignore", "pipe", "pipe"],
        env: { PATH: process.env.PATH, MACHINE_MOUNTS: fs.readlinkSync("/proc/self/ns/mnt") },
      },
    );
    let said = "";
    for (const stream of [unshare.stdout, unshare.stderr]) {
      stream?.on("data", (chunk) => {
        said += chunk;
      });
    }
    let init = 0;
    const isUp = () => {
      init ||= firstChildOf(unshare.pid as number);
      if (init === 0) return false;
      const { stdout } = spawnSync("nsenter", ["-a", "-t", `${init}`, "systemctl", "is-system-running"], {
        encoding: "utf8",
      });
      return /^(running|degraded)$/.test((stdout ?? "").trim());
    };
    const manager = async () => new SystemManager(unshare, init, cgroup, root);
    if (await comesTrue(isUp, 60_000)) return manager();
    await (await manager()).close();
    throw new Error(`systemd did not come up:\n${said}`);
  }

  /** Run a command inside. */
  run(command: readonly string[], input = ""): Promise<Outcome> {
    return this.#collect(["-a", "-t", `${this.#init}`, ...command], input);
  }

  /** Run a command inside that must succeed. @returns what it printed */
  async mustRun(command: readonly string[], input = ""): Promise<string> {
    const { code, stdout, stderr } = await this.run(command, input);
    if (code !== 0) throw new Error(`${command.join(" ")} exited with ${code}:\n${stdout}${stderr}`);
    return stdout;
  }

  /** Run curl inside as a user, with his groups. @returns the status, 0 where there was no answer */
  async request(user: string, args: readonly string[]): Promise<number> {
    const identity = ["setpriv", `--reuid=${user}`, `--regid=${user}`, "--init-groups"];
    const body = ["-H", "content-type: application/json", "-d", '{"model":"m","input":"x"}'];
    const curl = ["curl", "-s", "-o", "/dev/null", "-m", "30", "-w", "%{http_code}", ...body, ...args];
    return Number((await this.run([...identity, ...curl])).stdout);
  }

  /** Start an upstream in this network. @returns its URL */
  async startUpstream(): Promise<string> {
    const program = fileURLToPath(new URL("./upstream.js", import.meta.url));
    const child = spawn("nsenter", [`--net=/proc/${this.#init}/ns/net`, process.execPath, program], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    this.#children.push(child);
    const [line] = (await once(child.stdout, "data")) as [Buffer];
    return line.toString("utf8").trim();
  }

  async close(): Promise<void> {
    for (const child of this.#children) child.stdin?.end();
    const ended = once(this.#unshare, "close");
    this.#unshare.kill("SIGKILL"); // and with it, by --kill-child, its namespaces' first process
    await ended;
    await comesTrue(() => spawnSync("find", [this.#cgroup, "-depth", "-type", "d", "-delete"]).status === 0);
    fs.rmdirSync(this.#root);
  }

  async #collect(args: readonly string[], input: string): Promise<Outcome> {
    const child = spawn("nsenter", args, { stdio: "pipe" });
    const output = { stdout: "", stderr: "" };
    child.stdout.on("data", (chunk) => {
      output.stdout += chunk;
    });
    child.stderr.on("data", (chunk) => {
      output.stderr += chunk;
    });
    child.stdin.on("error", () => {}).end(input);
    const [code] = (await once(child, "close")) as [number | null];
    return { code, ...output };
  }
}

function firstChildOf(pid: number): number {
  try {
    return Number(fs.readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ")[0]) || 0;
  } catch {
    return 0;
  }
}
