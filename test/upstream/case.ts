// One row of the suite: what the upstream does, and what must come of it at the client and in the log.

import type { Script, Step } from "./byte-upstream.ts";

/** What the proxy was doing when the upstream failed it, as its log has it. */
export type Phase =
  | "connecting"
  | "in the TLS handshake"
  | "sending the request"
  | "waiting for the answer"
  | "reading the answer";

/** The answer arrives whole, and nothing is logged but a key that had to be masked. */
export interface Passed {
  readonly kind: "passed";
  readonly status: number;
  readonly body: string;
  readonly reason?: RegExp;
  /** header lines that must be among those of the answer, as they came */
  readonly headers?: readonly string[];
  /** names, in lower case, that must not be among them */
  readonly withoutHeaders?: readonly string[];
  /** all trailers, as an HTTP/1.1 client gets them */
  readonly trailers?: readonly string[];
  /** whether the log must say that an echoed key was masked; default: it must not */
  readonly isMasked?: boolean | "either";
}

/** The proxy answers itself, with a cause that its client and its log are told alike. */
export interface Refused {
  readonly kind: "refused";
  readonly status: 502 | 504;
  /** more than one where the kernel's timing decides */
  readonly phases: readonly Phase[];
  readonly cause: RegExp;
}

/** The answer had begun and breaks off: the client gets a reset in place of its end. */
export interface Cut {
  readonly kind: "cut";
  readonly status: number;
  readonly body: string;
  readonly cause: RegExp;
}

export type Outcome = Passed | Refused | Cut;

export interface Case {
  /** a full sentence */
  readonly name: string;
  readonly upstream: Script | "not listening";
  readonly outcome: Outcome;
  /** the bytes of the request; default: a small whole one */
  readonly request?: (version: ClientVersion) => string;
  /** which clients ask; default: HTTP/1.1 */
  readonly clients?: readonly ClientVersion[];
  /** default: over both */
  readonly over?: "TCP" | "TLS";
}

export type ClientVersion = "1.1" | "1.0";

export const bothVersions: readonly ClientVersion[] = ["1.1", "1.0"];

/** Begin when the whole request has been read. */
export function onRequest(...steps: readonly Step[]): Script {
  return { at: "request", steps };
}

/** Begin when the request's head has been read. */
export function onHead(...steps: readonly Step[]): Script {
  return { at: "head", steps };
}

/** Begin when the connection is made; these steps have it for themselves. */
export function onConnection(...steps: readonly Step[]): Script {
  return { at: "connection", steps };
}

export function passed(status: number, body: string, more: Partial<Passed> = {}): Passed {
  return { kind: "passed", status, body, ...more };
}

export function refused(phase: Phase | readonly Phase[], cause: RegExp, status: 502 | 504 = 502): Refused {
  return { kind: "refused", status, phases: typeof phase === "string" ? [phase] : phase, cause };
}

export function cut(body: string, cause: RegExp, status = 200): Cut {
  return { kind: "cut", status, body, cause };
}
