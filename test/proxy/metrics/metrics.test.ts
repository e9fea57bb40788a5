// /metrics and /status: what the proxy counts is what clients and upstream did, by user and model, and no
// client can make it grow.

import assert from "node:assert/strict";
import fs from "node:fs";
import http from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import type { StatusReport } from "../../../proxy/metrics/status-report.ts";
import { wholeAnswer } from "../../mock/response-events.ts";
import { type MockUpstream, startMockUpstream } from "../../mock/upstream.ts";
import {
  packageRoot,
  quietUser,
  type RunningProxy,
  runProxy,
  startProxy,
  testKey,
} from "../../proxy-process.ts";
import { isWhole, rawPost, sendRaw } from "../../raw-http.ts";
import { waitFor } from "../../wait-for.ts";

const user = process.geteuid?.() === 0 ? "root" : undefined;

let folder: string;
let socket: string;
let upstream: MockUpstream;
let proxy: RunningProxy;
let count = 0;

before(async () => {
  folder = fs.mkdtempSync(join(tmpdir(), "codex-metrics-"));
  fs.chmodSync(folder, 0o755);
  upstream = await startMockUpstream({ expectedKey: testKey });
});
after(async () => {
  await upstream.close();
  fs.rmSync(folder, { recursive: true });
});
beforeEach(async () => {
  socket = join(folder, `${count++}.sock`);
  upstream.mode = "plain";
  const args = [...quietUser, "--upstream-url", upstream.url, "--admin-socket", socket];
  proxy = await startProxy({ args: [...args, "--audit-log", join(folder, `${count}.log`)] });
});
afterEach(() => proxy.stop());

function get(path: string): Promise<{ status: number; type: string | undefined; body: string }> {
  return new Promise((resolve, reject) => {
    http
      .get({ socketPath: socket, path, agent: false }, async (response) => {
        let body = "";
        for await (const chunk of response) body += chunk;
        resolve({ status: response.statusCode ?? 0, type: response.headers["content-type"], body });
      })
      .on("error", reject);
  });
}

/** Values by name and labels, as they stand in the text. */
async function metrics(): Promise<ReadonlyMap<string, number>> {
  const { status, type, body } = await get("/metrics");
  assert.deepEqual([status, type], [200, "text/plain; version=0.0.4; charset=utf-8"]);
  const values = new Map<string, number>();
  for (const line of body.trimEnd().split("\n")) {
    if (line === "" || line.startsWith("#")) continue;
    const [, name, value] = /^([a-z_]+(?:\{(?:[a-z_]+="[^"\\]*",?)+\})?) ([-+.e\d]+)$/.exec(line) ?? [];
    assert.ok(name !== undefined && !values.has(name), `a value of its own: ${line}`);
    values.set(name, Number(value));
  }
  return values;
}

const records = () =>
  fs
    .readFileSync(join(folder, `${count}.log`), "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as object);

const status = async () => JSON.parse((await get("/status")).body) as StatusReport;
const post = (body = "{}") => sendRaw(proxy.port, rawPost({ body }), { until: isWhole });

test("requests, tokens, times and bytes are counted by user, model and status", { skip: !user }, async () => {
  await post('{"model":"gpt-5","stream":true}');
  await post('{"model":"gpt-5"}');
  upstream.mode = "rateLimit";
  await post('{"model":"gpt-5"}');
  await sendRaw(proxy.port, rawPost({ line: "GET / HTTP/1.1" }), { until: isWhole });
  upstream.mode = "resetBeforeHeaders";
  await post('{"model":"gpt-5"}');
  await waitFor(() => upstream.requests.length >= 4, "all at the upstream");
  const values = await metrics();
  const expected: Readonly<Record<string, number>> = {
    'requests_total{user="root",model="gpt-5",status="200"}': 2,
    'requests_total{user="root",model="gpt-5",status="429"}': 1,
    'requests_total{user="root",model="gpt-5",status="502"}': 1,
    'tokens_total{user="root",model="gpt-5",kind="input"}': 24,
    'tokens_total{user="root",model="gpt-5",kind="output"}': 10,
    'tokens_total{user="root",model="gpt-5",kind="total"}': 34,
    'time_to_first_byte_seconds_count{model="gpt-5"}': 3,
    'time_to_first_byte_seconds_bucket{le="+Inf",model="gpt-5"}': 3,
    'refusals_total{rule="PXY_ERR_TARGET"}': 1,
    'upstream_errors_total{phase="waiting_for_the_answer"}': 1,
    'body_bytes_total{direction="in"}': 31 + 17 * 3,
    incomplete_answers_total: 1,
    key_rotations_total: 0,
    audit_write_failures_total: 0,
    audit_failing: 0,
    draining: 0,
  };
  for (const [name, value] of Object.entries(expected)) {
    assert.equal(values.get(`codex_proxy_${name}`), value, name);
  }
  assert.ok((values.get('codex_proxy_event_gap_seconds_count{model="gpt-5"}') ?? 0) >= 1);
  assert.ok((values.get("codex_proxy_resident_memory_bytes") ?? 0) > 1_000_000);
});

test("buckets hold each other, and a gap lies in that of its length", async () => {
  upstream.mode = "stream";
  upstream.eventCount = 4;
  upstream.eventGapMs = 120;
  await sendRaw(proxy.port, rawPost({ body: '{"model":"m","stream":true}' }), {
    until: isWhole,
    timeoutMs: 5000,
  });
  const values = await metrics();
  const bucket = (le: string) =>
    values.get(`codex_proxy_event_gap_seconds_bucket{le="${le}",model="m"}`) as number;
  const bounds = ["0.001", "0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1", "5", "30", "+Inf"];
  const counts = bounds.map(bucket);
  assert.deepEqual(
    counts,
    counts.toSorted((a, b) => a - b),
  );
  assert.ok(bucket("+Inf") > bucket("0.1"), "a gap of more than 100 ms");
  const sum = values.get('codex_proxy_event_gap_seconds_sum{model="m"}') as number;
  assert.ok(sum > 0.4, String(sum));
});

test("no client makes them grow: models that the upstream does not know, or too many, are one", async () => {
  upstream.mode = "badRequest";
  for (let i = 0; i < 60; i++) await post(`{"model":"unknown-${i}"}`);
  upstream.mode = "plain";
  for (let i = 0; i < 60; i++) await post(`{"model":"known-${i}"}`);
  await post(JSON.stringify({ model: 'x"}\n# evil 1\n' }));
  const models = new Set([...(await metrics()).keys()].map((name) => /model="([^"]*)"/.exec(name)?.[1]));
  models.delete(undefined);
  assert.equal(models.size, 51);
  assert.ok(models.has("other") && models.has("known-49") && !models.has("known-50"));
  assert.ok(![...models].some((model) => model?.startsWith("unknown")));
});

test("/status lists the streams that are open, and the last minute by second", async () => {
  await post('{"model":"done"}');
  upstream.mode = "silenceAfterHeaders";
  const streams = ["a", "b"].map((model) =>
    sendRaw(proxy.port, rawPost({ body: `{"model":"${model}","stream":true}` }), {
      timeoutMs: 4000,
      until: () => false,
    }),
  );
  let report = await status();
  for (let i = 0; i < 200 && report.open.filter((open) => open.status === 200).length < 2; i++)
    report = await status();
  assert.deepEqual(
    report.open
      .map(({ model, transport, status, bytes_in, events }) => [model, transport, status, bytes_in, events])
      .sort(),
    [
      ["a", "tcp", 200, 27, 0],
      ["b", "tcp", 200, 27, 0],
    ],
  );
  assert.equal(report.open_count, 2);
  assert.equal(report.requests, 1);
  assert.equal(report.tokens.total, 17);
  assert.equal(report.history.requests.length, 59);
  assert.deepEqual(report.audit, { failing: false });
  const open = [...(await metrics())].filter(([name]) => name.startsWith("codex_proxy_open_requests"));
  assert.equal(
    open.reduce((sum, [, value]) => sum + value, 0),
    2,
  );
  await proxy.stop();
  await Promise.all(streams);
});

test("the bytes of a stream are counted while it goes on, and once", async () => {
  await post('{"model":"whole"}');
  const whole = Buffer.byteLength(JSON.stringify(wholeAnswer("Hello from the mock upstream.")));
  assert.equal((await status()).bytes_out, whole);
  upstream.mode = "resetBeforeHeaders";
  const { text } = await post('{"model":"failed"}');
  const before = whole + text.length - text.indexOf("\r\n\r\n") - 4;
  assert.equal((await status()).bytes_out, before);

  upstream.mode = "stream";
  upstream.eventCount = 1000;
  upstream.eventGapMs = 20;
  let isOver = false;
  const stream = sendRaw(proxy.port, rawPost({ body: '{"model":"m","stream":true}' }), {
    timeoutMs: 30_000,
    until: () => isOver,
  });
  const streamed = async () => {
    const { open, bytes_out } = await status();
    return { open: open[0]?.bytes_out ?? 0, all: bytes_out - before };
  };
  let seen = await streamed();
  for (let i = 0; i < 400 && seen.open === 0; i++) seen = await streamed();
  assert.ok(seen.open > 0, "bytes of the stream");
  assert.equal(seen.all, seen.open);
  isOver = true;
  await stream;
  let { open, all } = { open: 1, all: 0 };
  for (let i = 0; i < 400 && open > 0; i++) ({ open, all } = await streamed());
  assert.equal(open, 0);
  // The record is written when the last byte has been counted, and no sooner.
  const recorded = () => (records().at(-1) as { readonly bytes_out: number }).bytes_out;
  await waitFor(() => recorded() === all, `a record of the ${all} bytes`);
  upstream.eventCount = 4;
});

test("there is no audit head without a chain, and audit verify says so in the proxy's words", async () => {
  const answer = await get("/audit-head");
  assert.equal(answer.status, 404);
  const { message } = JSON.parse(answer.body).error;
  const { code, stderr } = await runProxy({
    args: ["audit", "verify", "--admin-socket", socket, "/dev/null"],
  });
  assert.deepEqual([code, stderr.includes(message)], [3, true], stderr);
});

describe("every metric that is named in docs exists:", () => {
  for (const file of ["grafana-dashboard.json", "alerts.yaml"]) {
    test(file, async () => {
      upstream.mode = "plain";
      await post('{"model":"m","stream":true}');
      const { body } = await get("/metrics");
      const types = new Map(
        [...body.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, type]) => [name, type]),
      );
      const text = fs.readFileSync(join(packageRoot, "docs", file), "utf8");
      if (file.endsWith(".json")) JSON.parse(text);
      const named = new Set([...text.matchAll(/codex_proxy_[a-z_]+/g)].map(([name]) => name));
      assert.ok(named.size > 5);
      for (const name of named) {
        const base = name.replace(/_(bucket|sum|count)$/, "");
        assert.ok(types.has(name) || types.get(base) === "histogram", name);
      }
      if (file.endsWith(".json")) {
        const untold = [...types.keys()].filter((name) => !text.includes(name as string));
        assert.deepEqual(untold, [], "the dashboard shows everything");
      }
      const labels = new Set([...body.matchAll(/([a-z]+)="/g)].map(([, label]) => label as string));
      const grouped = [...text.matchAll(/by \(([a-z, ]+)\)/g)].flatMap(([, list]) =>
        (list as string).split(/,\s*/),
      );
      // Those of metrics that nothing has been counted for yet.
      for (const label of [...grouped])
        assert.ok(labels.has(label) || ["rule", "phase"].includes(label), label);
    });
  }
});
