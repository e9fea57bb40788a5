// What the terminal can show, as far as it can be known without asking it.

import type { Environment } from "../environment.ts";
import type { DoctorContext, Finding } from "./check.ts";

/** The smallest in which the interface has room. */
const leastColumns = 40;
const leastRows = 10;

/** @param context - of which the environment and the terminal count */
export function checkTerminal({ environment, terminal }: DoctorContext): Finding {
  const { isStdoutTerminal } = terminal;
  const columns = terminal.columns || undefined; // 0 where nobody has told the terminal its size
  const rows = terminal.rows || undefined;
  const term = environment.TERM;
  const locale = localeOf(environment);
  const details = {
    terminal: environment.TERM_PROGRAM ?? "unknown",
    TERM: term ?? "not set",
    "stdin is terminal": String(terminal.isStdinTerminal),
    "stdout is terminal": String(isStdoutTerminal),
    "stderr is terminal": String(terminal.isStderrTerminal),
    "terminal size": columns === undefined || rows === undefined ? "unknown" : `${columns}x${rows}`,
    colours: coloursOf(environment, terminal.colorDepth, isStdoutTerminal),
    "effective locale": locale ?? "not set",
  };
  const warn = (summary: string, remediation: string): Finding => ({
    status: "warning",
    summary,
    details,
    remediation,
  });
  if (!/utf-?8/i.test(locale ?? "")) {
    return warn(
      `the locale is ${locale ?? "not set"}, not UTF-8: letters and lines may be garbled`,
      "export LC_ALL=C.UTF-8",
    );
  }
  if (!isStdoutTerminal) return { status: "ok", summary: "output does not go to a terminal", details };
  if (term === undefined || term === "" || term === "dumb") {
    return warn(`TERM is ${term || "not set"}: no colours, no cursor movement`, "export TERM=xterm-256color");
  }
  if (columns !== undefined && rows !== undefined && (columns < leastColumns || rows < leastRows)) {
    return warn(`the terminal is small: ${columns}x${rows}`, `make it at least ${leastColumns}x${leastRows}`);
  }
  return {
    status: "ok",
    summary: `${term}, ${details["terminal size"] === "unknown" ? "size unknown" : details["terminal size"]}, ${details.colours}`,
    details,
  };
}

/** In the order in which the C library takes them. */
function localeOf(environment: Environment): string | undefined {
  return [environment.LC_ALL, environment.LC_CTYPE, environment.LANG].find((value) => value);
}

function coloursOf(environment: Environment, depth: number | undefined, isTerminal: boolean): string {
  if (environment.NO_COLOR) return "off (NO_COLOR)";
  if (!isTerminal || depth === undefined) return "off (not a terminal)";
  return depth === 1 ? "none" : `${depth === 24 ? "16 million" : 2 ** depth} colours`;
}
