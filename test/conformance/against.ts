// `npm run conformance -- [--against original|relay|PORT]`: the corpus against this proxy or another one,
// and how the verdicts differ, in classes that do not depend on anyone's status codes.
//
//   original   `codex responses-api-proxy` of @openai/codex, installed from npm on demand
//   relay      the control, test/controls/relay.ts
//   PORT       one that runs on 127.0.0.1 already and forwards to http://127.0.0.1:--upstream-port, path
//              /v1/responses, with the key that the tests use

import fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { installClient } from "../clients/install.ts";
import { startRelay } from "../controls/relay.ts";
import { startProxy, testKey } from "../proxy-process.ts";
import { corpusArguments, readCorpus, type Verdict, verdictsOf } from "./case.ts";
import { type Recorder, startRecorder } from "./recorder.ts";
import { type Observation, runCase } from "./run-case.ts";

// Enough for a proxy on this machine; one that hangs in hundreds of cases is not to take an hour.
const timeoutMs = 300;

type Outcome =
  | "forwards"
  | "refuses"
  | "passes on what has two readings"
  | "hangs"
  | "ends, or serves nobody";

interface Started {
  readonly port: number;
  stop(): Promise<void>;
}

async function start(name: string, recorder: Recorder): Promise<Started> {
  const upstreamUrl = ["--upstream-url", `http://127.0.0.1:${recorder.port}/v1/responses`];
  if (name === "this") return await startProxy({ args: [...upstreamUrl, ...corpusArguments] });
  if (name === "relay") {
    const relay = await startRelay(recorder.port, testKey);
    return { port: relay.port, stop: () => relay.close() };
  }
  if (name !== "original") return { port: Number(name), stop: async () => {} };
  const client = installClient("@openai/codex");
  if ("missing" in client) throw new Error(client.missing);
  const home = fs.mkdtempSync(join(tmpdir(), "codex-home-"));
  const proxy = await startProxy({
    command: join(client.folder, "node_modules/.bin/codex"),
    args: ["responses-api-proxy", ...upstreamUrl],
    env: { PATH: process.env.PATH, HOME: home, CODEX_HOME: home },
  });
  return {
    port: proxy.port,
    stop: async () => {
      await proxy.stop();
      fs.rmSync(home, { recursive: true, force: true });
    },
  };
}

function seen({ answers, then, isAlive, recording }: Observation): { outcome: Outcome; count: number } {
  const count = recording.requests.length;
  if (!isAlive) return { outcome: "ends, or serves nobody", count };
  if (recording.ambiguities.length > 0) return { outcome: "passes on what has two readings", count };
  if (count > 0) return { outcome: "forwards", count };
  const isDefinite = answers.length > 0 || then === "closed" || then === "waiting";
  return { outcome: isDefinite ? "refuses" : "hangs", count };
}

function isAsWanted({ forwarded = [] }: Verdict, { outcome, count }: ReturnType<typeof seen>): boolean {
  return outcome === (forwarded.length > 0 ? "forwards" : "refuses") && count === forwarded.length;
}

const { values } = parseArgs({
  options: {
    against: { type: "string", default: "this" },
    "upstream-port": { type: "string", default: "0" },
    verbose: { type: "boolean", default: false },
  },
});
const recorder = await startRecorder(Number(values["upstream-port"]));
let proxy = await start(values.against, recorder);
const differences = new Map<string, string[]>();
let total = 0;
for (const file of readCorpus()) {
  for (const one of file.cases) {
    total++;
    const observation = await runCase(one, proxy.port, recorder, timeoutMs);
    const what = seen(observation);
    if (!observation.isAlive) {
      await proxy.stop();
      proxy = await start(values.against, recorder);
    }
    const verdicts = verdictsOf(one);
    if (verdicts.some((verdict) => isAsWanted(verdict, what))) continue;
    const wantedCount = verdicts[0]?.forwarded?.length ?? 0;
    const kind = `${what.outcome}${what.count > 0 ? ` ${what.count}` : ""}, where ${wantedCount} should be forwarded`;
    differences.set(kind, [...(differences.get(kind) ?? []), `${one.id} (${one.clause})`]);
  }
}
await proxy.stop();
await recorder.close();

const differing = [...differences.values()].flat();
const policy = differing.filter((one) => one.includes("(policy")).length;
console.log(`${values.against}: ${total - differing.length} of ${total} cases end as they should`);
console.log(`${differing.length - policy} differ by an RFC, ${policy} by a policy that is this proxy's own:`);
for (const [kind, ids] of [...differences].sort(([, a], [, b]) => b.length - a.length)) {
  console.log(`${String(ids.length).padStart(4)}  ${kind}`);
  if (values.verbose) for (const id of ids) console.log(`        ${id}`);
}
