// Drives the load program (load/main.c): compiles it, starts it, gives it commands.

import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { packageRoot } from "../test/proxy-process.ts";
import { loadCore, proxyCore } from "./processes.ts";

/** What is measured of a number of samples, nanoseconds. */
export interface Percentiles {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** What was counted in the undisturbed time of a measurement, see load/slices.h. */
export interface Counted {
  /** requests or events */
  readonly count: number;
  readonly ns: number;
  /** CPU time of the proxy, ns */
  readonly cpu: number;
  /** slices that were undisturbed, of how many */
  readonly kept: number;
  readonly slices: number;
}

export interface Answers {
  rate: Counted & { readonly latency: Percentiles };
  /** `flowing` streams got their turn */
  streams: Counted & { readonly flowing: number; readonly refused: number; readonly delay: Percentiles };
  first: Counted & { readonly firstByte: Percentiles; readonly firstEvent: Percentiles };
  hold: { readonly streams: number };
  body: { readonly ns: number; readonly cpu: number };
  start: { readonly answeredAt: number };
  release: Record<string, never>;
}

export type RigOptions = Readonly<Record<string, number | string | undefined>>;

export interface Rig {
  /** where its upstream listens; `tls` undefined where it could not be built with OpenSSL */
  readonly plainPort: number;
  readonly tlsPort: number | undefined;
  /**
   * Run one command and wait for its result.
   *
   * @param options - by their names without hyphens in front; those that are undefined are left out
   * @throws {Error} with what went wrong, such as a proxy's answer that is no 200
   */
  run<Name extends keyof Answers>(name: Name, options?: RigOptions): Promise<Answers[Name]>;
  stop(): void;
}

/** @throws {Error} where there is no C compiler */
function compile(folder: string): { readonly program: string; readonly hasTls: boolean } {
  const sources = ["main", "client", "upstream", "http-reader", "refused", "slices"].map((name) =>
    join(packageRoot, "bench/load", `${name}.c`),
  );
  const program = join(folder, "load");
  const attempt = (extra: readonly string[]) =>
    spawnSync(
      process.env.CC ?? "cc",
      [
        "-O2",
        "-std=gnu11",
        "-D_GNU_SOURCE",
        "-pthread",
        "-Wall",
        "-Wextra",
        "-Werror",
        ...sources,
        "-o",
        program,
        ...extra,
      ],
      { encoding: "utf8" },
    );
  if (attempt(["-DWITH_TLS", "-lssl", "-lcrypto"]).status === 0) return { program, hasTls: true };
  const plain = attempt([]);
  if (plain.status === 0) return { program, hasTls: false };
  throw new Error(`cannot compile the load program: ${plain.error?.message ?? plain.stderr}`);
}

/**
 * @param folder - for the program
 * @param key - what every request must carry when it reaches the upstream
 */
export async function startRig(
  folder: string,
  key: string,
  tls: { readonly certificate: string; readonly privateKey: string },
): Promise<Rig> {
  const { program, hasTls } = compile(folder);
  const files = hasTls ? [tls.certificate, tls.privateKey] : [];
  const watchedCore = proxyCore === loadCore ? "-1" : `${proxyCore}`;
  // Its connections are as many as a proxy's.
  const child = spawn("taskset", ["--cpu-list", `${loadCore}`, program, watchedCore, key, ...files], {
    stdio: ["pipe", "pipe", "inherit"],
  }) as unknown as ChildProcessWithoutNullStreams;
  process.on("exit", () => child.kill("SIGKILL"));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const nextLine = async () => {
    const { value, done } = await lines.next();
    if (done) throw new Error("the load program has ended");
    return value as string;
  };
  const ports = JSON.parse(await nextLine()) as { readonly plain: number; readonly tls: number };
  return {
    plainPort: ports.plain,
    tlsPort: ports.tls > 0 ? ports.tls : undefined,
    run: async (name, options = {}) => {
      const words = Object.entries(options).filter(([, value]) => value !== undefined);
      child.stdin.write(`${name}${words.map(([option, value]) => ` --${option} ${value}`).join("")}\n`);
      const answer = JSON.parse(await nextLine());
      if (answer.error !== undefined) throw new Error(answer.error);
      return answer;
    },
    stop: () => child.kill("SIGKILL"),
  };
}
