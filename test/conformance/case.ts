// The form of the corpus: raw request bytes, the clause that decides on them, and the verdict. The
// files in cases/ are data that any proxy can be held against; docs/conformance.md explains them.

import fs from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../proxy-process.ts";

/** What a client does next. In strings each character is one byte, U+0000 to U+00FF. */
export type Piece =
  | string
  | { readonly repeat: string; readonly times: number }
  | { readonly pauseMs: number }
  /** wait until so many answers have come, interim ones included */
  | { readonly awaitAnswers: number }
  /** the client closes its sending half */
  | { readonly fin: true };

/** One request as the upstream must have received it: `POST /v1/responses`, framed by the proxy alone. */
export interface ForwardedRequest {
  readonly body: string | readonly Piece[];
  readonly framing?: "content-length" | "chunked";
  /** by lower-case name, all values in order; names that are not listed are not looked at */
  readonly headers?: Readonly<Record<string, readonly string[]>>;
  /** lower-case names that must not be there */
  readonly without?: readonly string[];
}

export interface Verdict {
  /** "200", "403 PXY_ERR_TARGET"; with " without body" behind it where the request was a HEAD */
  readonly answers: readonly string[];
  /**
   * kept: the connection takes another request; closed: it ends, in order or by a reset; waiting: the
   * rest of a request is still awaited
   */
  readonly then: "kept" | "closed" | "waiting";
  /** absent: nothing may reach the upstream */
  readonly forwarded?: readonly ForwardedRequest[];
  /** the upstream may have got the beginning of a request, which must break off before its end */
  readonly mayBreakOff?: true;
  /** why this verdict is as good as the others of the case */
  readonly because?: string;
}

export interface ConformanceCase {
  readonly id: string;
  /** RFC and section, or "policy" where the proxy is stricter than it must be */
  readonly clause: string;
  readonly send: readonly Piece[];
  /** several where the clause leaves a choice that differs between parsers */
  readonly expect: Verdict | readonly Verdict[];
}

export interface CorpusFile {
  readonly name: string;
  readonly about: string;
  readonly cases: readonly ConformanceCase[];
}

/** With what the proxy has to be started for the verdicts to hold, apart from its upstream. */
export const corpusArguments = ["--max-body-bytes", "100000", "--allow-host", "gateway.example"] as const;

/** All files of the corpus, in alphabetical order. */
export function readCorpus(): readonly CorpusFile[] {
  const folder = join(packageRoot, "test", "conformance", "cases");
  return fs
    .readdirSync(folder)
    .filter((file) => file.endsWith(".json"))
    .sort()
    .map((file) => ({
      name: file.replace(/\.json$/, ""),
      ...(JSON.parse(fs.readFileSync(join(folder, file), "utf8")) as Omit<CorpusFile, "name">),
    }));
}

export function verdictsOf({ expect }: ConformanceCase): readonly Verdict[] {
  return Array.isArray(expect) ? expect : [expect as Verdict];
}

/** The bytes that the pieces hold, pauses left out. */
export function bytesOf(pieces: string | readonly Piece[]): Buffer {
  const texts = (typeof pieces === "string" ? [pieces] : pieces).map((piece) => {
    if (typeof piece === "string") return piece;
    return "repeat" in piece ? piece.repeat.repeat(piece.times) : "";
  });
  return Buffer.from(texts.join(""), "latin1");
}
