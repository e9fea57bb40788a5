// What whoever starts the proxy can do by the environment that he gives it.

import fs from "node:fs";
import { join } from "node:path";
import { makeAuthority } from "../../mock/certificate.ts";
import { startMockUpstream } from "../../mock/upstream.ts";
import type { Outcome, Row, Target } from "../outcome.ts";
import { contentsOf, holdsKey, sleep, type Victim, type World } from "../world.ts";

/**
 * What the code of the attacker does when it runs: it waits for the key where a program trims it. It
 * says so in a file and on stderr, as the file may be denied to it where the code still runs.
 */
const stealer = (proof: string) => `
  const fs = process.getBuiltinModule?.("fs") ?? globalThis.require?.("fs") ?? (await import("node:fs"));
  const tell = (text) => {
    fs.writeSync(2, "attack: " + text + "\\n");
    try { fs.appendFileSync(${JSON.stringify(proof)}, text + "\\n"); } catch {}
  };
  tell("ran");
  const trim = String.prototype.trim;
  String.prototype.trim = function () {
    tell(String(this));
    return trim.call(this);
  };`;

const stealerForRequire = (proof: string) => stealer(proof).replace(/=[^;]*;/, '= require("fs");');

/** What the environment was used for, once the victim has served a request and ended. */
type Environment = (folder: string, world: World) => Readonly<Record<string, string>>;

interface EnvironmentAttack {
  readonly attack: string;
  readonly environment: Environment;
  readonly control: Outcome;
  readonly client?: "fetch" | "http";
}

// env(1) sets the variables last of all, so that LD_PRELOAD is loaded into nothing before the victim.
function through(variables: Readonly<Record<string, string>>): string[] {
  return ["env", ...Object.entries(variables).map(([name, value]) => `${name}=${value}`)];
}

async function serveOnce(victim: Victim, world: World): Promise<void> {
  await world.use(victim);
  victim.kill("SIGTERM");
  const timer = setTimeout(() => victim.kill("SIGKILL"), 3000);
  await victim.ended;
  clearTimeout(timer);
}

// A proof that the code has run, or that Node did what it was told to, lies in the folder.
function fileRow({ attack, environment, control, client }: EnvironmentAttack): Row {
  return {
    attack,
    attacker: "starter's environment",
    control,
    proxy: "no effect",
    run: async (target, world) => {
      const folder = world.folder(target);
      const variables = { ...environment(folder, world), PLAIN_PROXY_CLIENT: client ?? "fetch" };
      const start = await world.tryStart(target, {
        folder,
        through: through(variables),
        control: world.plainProxy,
      });
      if ("victim" in start) await serveOnce(start.victim, world);
      if (target === "proxy" && "refusal" in start) throw new Error(start.refusal);
      const traces = contentsOf(folder).filter(({ name }) => !name.includes("/planted"));
      const said = "victim" in start ? start.victim.output.stderr : "";
      if (traces.some(({ content }) => holdsKey(content)) || holdsKey(Buffer.from(said))) return "gets key";
      return traces.length > 0 || /Debugger listening|attack: /.test(said) ? "gets process" : "no effect";
    },
  };
}

// Files of the attacker are told by their name from what the victim writes.
function plant(folder: string, name: string, content: string): string {
  const file = join(folder, `planted-${name}`);
  fs.writeFileSync(file, content);
  fs.chmodSync(file, 0o644);
  return file;
}

const nodeOptions = (value: (folder: string, proof: string) => string): Environment => {
  return (folder) => ({ NODE_OPTIONS: value(folder, join(folder, "proof")) });
};

const shapes: readonly EnvironmentAttack[] = [
  {
    attack: "NODE_OPTIONS=--require=FILE",
    environment: nodeOptions(
      (folder, proof) => `--require=${plant(folder, "a.cjs", stealerForRequire(proof))}`,
    ),
    control: "gets key",
  },
  {
    attack: 'NODE_OPTIONS=-r "FILE"',
    environment: nodeOptions((folder, proof) => `-r "${plant(folder, "a b.cjs", stealerForRequire(proof))}"`),
    control: "gets key",
  },
  {
    attack: "NODE_OPTIONS=--import=data:",
    environment: nodeOptions(
      (_, proof) => `--import=data:text/javascript,${encodeURIComponent(stealer(proof))}`,
    ),
    control: "gets key",
  },
  {
    attack: "NODE_OPTIONS=--experimental-loader=FILE",
    environment: nodeOptions(
      (folder, proof) => `--experimental-loader=${plant(folder, "l.mjs", stealer(proof))}`,
    ),
    // Loaders have a thread of their own: code runs, but not where the key is.
    control: "gets process",
  },
  {
    attack: "NODE_OPTIONS=--inspect=127.0.0.1:0",
    environment: () => ({ NODE_OPTIONS: "--inspect=127.0.0.1:0" }),
    control: "gets process",
  },
  {
    attack: "NODE_OPTIONS=--tls-keylog=FILE",
    environment: nodeOptions((folder) => `--tls-keylog=${join(folder, "keylog")}`),
    control: "gets process",
  },
  {
    attack: "NODE_OPTIONS=--openssl-config=FILE",
    environment: (folder, world) => ({
      NODE_OPTIONS: `--openssl-config=${opensslConfig(folder, world)}`,
    }),
    control: "gets process",
  },
  {
    attack: "NODE_OPTIONS=--redirect-warnings=FILE --trace-warnings",
    environment: nodeOptions(
      (folder) =>
        `--redirect-warnings=${join(folder, "w")} --import=data:text/javascript,process.emitWarning('x')`,
    ),
    control: "gets process",
  },
  {
    attack: "NODE_OPTIONS=--trace-event-categories=node",
    environment: nodeOptions(
      (folder) => `--trace-event-categories=node --trace-event-file-pattern=${join(folder, "trace.json")}`,
    ),
    control: "gets process",
  },
];

/** The library of the attacker, in the folder in which it leaves its proof. */
function plantLibrary(folder: string, world: World): string {
  const file = join(folder, "planted-libproof.so");
  fs.copyFileSync(world.program("libproof"), file);
  fs.chmodSync(file, 0o755);
  return file;
}

function opensslConfig(folder: string, world: World): string {
  const sections = "nodejs_conf = init\n[init]\nproviders = list\n[list]\nevil = evil\n[evil]\n";
  return plant(folder, "openssl.cnf", `${sections}module = ${plantLibrary(folder, world)}\nactivate = 1\n`);
}

const [major, minor] = process.versions.node.split(".").map(Number) as [number, number];
const takesEnvProxy = major > 24 || (major === 24 && minor >= 5);

const variables: readonly EnvironmentAttack[] = [
  {
    attack: "OPENSSL_CONF with a provider",
    environment: (folder, world) => ({ OPENSSL_CONF: opensslConfig(folder, world) }),
    control: "gets process",
  },
  {
    attack: "LD_PRELOAD",
    environment: (folder, world) => ({ LD_PRELOAD: plantLibrary(folder, world) }),
    control: "gets process",
  },
  {
    attack: "LD_AUDIT",
    environment: (folder, world) => ({ LD_AUDIT: plantLibrary(folder, world) }),
    control: "gets process",
  },
  {
    attack: "NODE_V8_COVERAGE",
    environment: (folder) => ({ NODE_V8_COVERAGE: folder }),
    control: "gets process",
  },
  {
    attack: "SSLKEYLOGFILE",
    environment: (folder) => ({ SSLKEYLOGFILE: join(folder, "keylog") }),
    control: "no effect",
  },
  {
    attack: "NODE_DEBUG=http,https,tls,net,undici,fetch",
    environment: () => ({ NODE_DEBUG: "http,https,tls,net,undici,fetch" }),
    client: "http",
    control: "gets key",
  },
];

/** Where the victim is made to send its requests: an upstream of the attacker, or a proxy of his. */
function trafficRow(
  attack: string,
  control: Outcome,
  scheme: "http" | "https",
  environment: (attackersPort: number, attackersCa: string) => Readonly<Record<string, string>>,
): Row {
  return {
    attack,
    attacker: "starter's environment",
    control,
    proxy: scheme === "https" ? "denied" : "no effect",
    run: async (target: Target, world: World) => {
      const authority = makeAuthority();
      const attackers =
        scheme === "https"
          ? await startMockUpstream({ tls: authority.issue(["127.0.0.1"]) })
          : await startMockUpstream();
      const honest = await startMockUpstream();
      // The key goes where it should not when it reaches the attacker's server.
      const upstreamUrl = scheme === "https" ? attackers.url : honest.url;
      const ca = world.shared(`rogue-${target}-${attackers.port}.pem`, authority.cert);
      // Node's own proxy support tunnels what fetch sends, but not what node:http does.
      const client = scheme === "https" ? "fetch" : "http";
      const variables = { ...environment(attackers.port, ca), PLAIN_PROXY_CLIENT: client };
      const victim = await world.start(target, {
        through: through(variables),
        control: world.plainProxy,
        upstreamUrl,
      });
      const status = await world.use(victim);
      await sleep(50);
      await world.end(victim);
      const got = attackers.requests.some(({ rawHeaders }) => rawHeaders.join().includes(world.key));
      await Promise.all([attackers.close(), honest.close()]);
      if (got) return "gets key";
      return status === 502 ? "denied" : "no effect";
    },
  };
}

export const environmentRows: readonly Row[] = [
  ...shapes.map(fileRow),
  ...variables.map(fileRow),
  trafficRow("NODE_EXTRA_CA_CERTS, and an upstream of that CA", "gets key", "https", (_, ca) => ({
    NODE_EXTRA_CA_CERTS: ca,
  })),
  trafficRow("NODE_TLS_REJECT_UNAUTHORIZED=0, and a false upstream", "gets key", "https", () => ({
    NODE_TLS_REJECT_UNAUTHORIZED: "0",
  })),
  trafficRow("SSL_CERT_FILE, and an upstream of that CA", "denied", "https", (_, ca) => ({
    SSL_CERT_FILE: ca,
  })),
  trafficRow("HTTP_PROXY, HTTPS_PROXY, ALL_PROXY", "no effect", "http", (port) => proxies(port)),
  trafficRow(
    "HTTP_PROXY with NODE_USE_ENV_PROXY=1",
    takesEnvProxy ? "gets key" : "no effect", // older ones do not know it, or not for node:http
    "http",
    (port) => ({ ...proxies(port), NODE_USE_ENV_PROXY: "1" }),
  ),
];

function proxies(port: number): Readonly<Record<string, string>> {
  const url = `http://127.0.0.1:${port}`;
  const names = ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"];
  const entries = [...names, ...names.map((name) => name.toLowerCase())].map((name) => [name, url]);
  return Object.fromEntries(entries);
}
