// Runs one case of the corpus: plays its bytes on a connection of its own and reports what came back,
// what became of the connection and what reached the upstream. Cases run one after the other, each
// followed by a probe, so that whatever the recorder gets belongs to the case at hand.

import assert from "node:assert/strict";
import net from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { testKey } from "../proxy-process.ts";
import { type AnswerReader, readAnswers } from "./answers.ts";
import { bytesOf, type ConformanceCase, type Piece, type Verdict, verdictsOf } from "./case.ts";
import type { Recorder, Recording } from "./recorder.ts";
import type { StrictRequest } from "./strict-request.ts";

/** Within this time every case has its definite answer or its close. */
export const caseTimeoutMs = 2000;

export interface Observation {
  /** in the form of {@link Verdict.answers} */
  readonly answers: readonly string[];
  readonly then: Verdict["then"] | "neither kept nor closed in time";
  /** whether it still served others afterwards */
  readonly isAlive: boolean;
  readonly recording: Recording;
}

const probe =
  "POST /v1/responses HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n" +
  "X-Probe: 1\r\nContent-Length: 2\r\n\r\n{}";

/** A connection whose ways to end are told apart from its answers. */
class Connection {
  readonly reader: AnswerReader;
  hasEnded = false;
  fault: string | undefined;
  readonly #socket: net.Socket;
  readonly #timeoutMs: number;

  constructor(port: number, timeoutMs: number, isWithoutBody: (index: number) => boolean) {
    this.#timeoutMs = timeoutMs;
    this.reader = readAnswers(isWithoutBody);
    this.#socket = net.connect({ port, host: "127.0.0.1", allowHalfOpen: true, noDelay: true });
    this.#socket.on("data", (bytes) => {
      try {
        this.reader.push(bytes);
      } catch (error) {
        this.fault ??= (error as Error).message;
      }
    });
    this.#socket.on("error", () => {});
    for (const event of ["end", "close"]) {
      this.#socket.on(event, () => {
        this.hasEnded = true;
      });
    }
  }

  write(bytes: Buffer): void {
    this.#socket.write(bytes);
  }

  fin(): void {
    this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  /** True once the condition holds, false when the time is up. */
  async reaches(condition: () => boolean): Promise<boolean> {
    const deadline = Date.now() + this.#timeoutMs;
    while (!condition()) {
      if (Date.now() > deadline) return false;
      await sleep(1);
    }
    return true;
  }
}

async function play(connection: Connection, pieces: readonly Piece[]): Promise<void> {
  let pending: Piece[] = [];
  const flush = () => {
    if (pending.length > 0) connection.write(bytesOf(pending));
    pending = [];
  };
  for (const piece of pieces) {
    if (typeof piece === "string" || "repeat" in piece) {
      pending.push(piece);
      continue;
    }
    flush();
    if ("pauseMs" in piece) await sleep(piece.pauseMs);
    else if ("fin" in piece) connection.fin();
    else await connection.reaches(() => connection.reader.answers.length >= piece.awaitAnswers);
  }
  flush();
}

async function sendProbe(port: number, timeoutMs: number): Promise<boolean> {
  const connection = new Connection(port, timeoutMs, () => false);
  connection.write(Buffer.from(probe));
  const isAnswered = () => connection.reader.answers.length > 0;
  await connection.reaches(() => isAnswered() || connection.hasEnded);
  connection.destroy();
  return isAnswered();
}

function describeAnswers({ answers }: AnswerReader, isWithoutBody: (index: number) => boolean): string[] {
  return answers.map(({ status, body }, index) => {
    const code = /"code":"(PXY_ERR_[A-Z_]+)"/.exec(body)?.[1];
    return (
      [status, ...(code === undefined ? [] : [code])].join(" ") +
      (isWithoutBody(index) ? " without body" : "")
    );
  });
}

/**
 * Play a case against the proxy on `port`, whose upstream is the recorder.
 *
 * @param timeoutMs - how long to wait for what the verdict says
 */
export async function runCase(
  test: ConformanceCase,
  port: number,
  recorder: Recorder,
  timeoutMs: number = caseTimeoutMs,
): Promise<Observation> {
  recorder.take();
  const verdicts = verdictsOf(test);
  const isWithoutBody = (index: number) => verdicts[0]?.answers[index]?.endsWith(" without body") === true;
  const connection = new Connection(port, timeoutMs, isWithoutBody);
  const answers = () =>
    connection.fault === undefined ? describeAnswers(connection.reader, isWithoutBody) : [connection.fault];
  await play(connection, test.send);

  const matching = () =>
    verdicts.find(
      (verdict) => isSame(answers(), verdict.answers) && connection.hasEnded === (verdict.then === "closed"),
    );
  await connection.reaches(() => matching() !== undefined || connection.hasEnded);
  const seen = answers();
  const isAlive = await sendProbe(port, caseTimeoutMs);

  let then: Observation["then"] = "closed";
  if (!connection.hasEnded && matching()?.then === "waiting") then = "waiting";
  else if (!connection.hasEnded) {
    connection.write(Buffer.from(probe));
    const isKept = await connection.reaches(() => isSame(answers(), [...seen, "200"]));
    then = isKept ? "kept" : "neither kept nor closed in time";
  }
  connection.destroy();
  await connection.reaches(() => recorder.unfinished() === 0);
  const recording = recorder.take();
  const requests = recording.requests.filter(({ headers }) => !headers.some(([name]) => name === "x-probe"));
  return { answers: seen, then, isAlive, recording: { ...recording, requests } };
}

// What is for one connection only, or would tell who the client is, has no place upstream.
const neverForwarded = [
  ...["te", "trailer", "upgrade", "keep-alive", "http2-settings", "expect", "cookie", "forwarded"],
  ...["proxy-authorization", "proxy-connection", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto"],
];

function valuesOf({ headers }: StrictRequest, name: string): string[] {
  return headers.filter(([known]) => known === name).map(([, value]) => value);
}

/** The observation in the words of a verdict, for a comparison of whole objects. */
export function inWordsOf(
  verdict: Verdict,
  { answers, then, isAlive, recording }: Observation,
  upstreamPort: number,
) {
  return {
    answers,
    then,
    isAlive,
    ambiguities: recording.ambiguities,
    brokenOff: verdict.mayBreakOff === true ? 0 : recording.brokenOff,
    forwarded: recording.requests.map((request, index) => {
      const { headers = {}, without = [], framing } = verdict.forwarded?.[index] ?? { body: "" };
      return {
        line: `${request.method} ${request.target}`,
        hosts: valuesOf(request, "host").map((host) => host.replace(`:${upstreamPort}`, ":UPSTREAM")),
        isOurKey: isSame(valuesOf(request, "authorization"), [`Bearer ${testKey}`]),
        body: shorten(request.body),
        framing: framing === undefined ? undefined : request.framing,
        headers: Object.fromEntries(Object.keys(headers).map((name) => [name, valuesOf(request, name)])),
        forbidden: [...neverForwarded, ...without].filter((name) => valuesOf(request, name).length > 0),
      };
    }),
  };
}

/** What {@link inWordsOf} must give where the verdict holds. */
export function wanted({ answers, then, forwarded = [] }: Verdict) {
  return {
    answers,
    then,
    isAlive: true,
    ambiguities: [],
    brokenOff: 0,
    forwarded: forwarded.map(({ body, framing, headers = {} }) => ({
      line: "POST /v1/responses",
      hosts: ["127.0.0.1:UPSTREAM"],
      isOurKey: true,
      body: shorten(bytesOf(body)),
      framing,
      headers,
      forbidden: [],
    })),
  };
}

/** Compare with each verdict; the first one is shown where none holds. */
export function assertVerdict(test: ConformanceCase, observation: Observation, upstreamPort: number): void {
  const [first, ...others] = verdictsOf(test) as [Verdict, ...Verdict[]];
  for (const verdict of others) {
    try {
      assert.deepEqual(inWordsOf(verdict, observation, upstreamPort), wanted(verdict));
      return;
    } catch {
      // another one may hold
    }
  }
  assert.deepEqual(inWordsOf(first, observation, upstreamPort), wanted(first));
}

function shorten(body: Buffer): string {
  const text = body.toString("latin1");
  return text.length <= 200 ? text : `${text.slice(0, 100)}… ${text.length} bytes …${text.slice(-50)}`;
}

function isSame(some: readonly string[], others: readonly string[]): boolean {
  return some.length === others.length && some.every((value, index) => value === others[index]);
}
