// The page of `top`, as lines of text. Names in it come from clients: whatever they are, no byte of them
// means anything to a terminal.

import { rateKinds } from "../metrics/recent-rates.ts";
import type { OpenRequest, StatusReport } from "../metrics/status-report.ts";
import { plainText } from "../telemetry/plain-text.ts";
import { CommandError } from "./errors.ts";

export interface PageSize {
  readonly columns: number;
  readonly rows: number;
  /** whether the terminal knows colours */
  readonly isStyled: boolean;
  /** why this page is not of now */
  readonly trouble?: string;
}

const bars = "▁▂▃▄▅▆▇█";
const rateSeconds = 10;

/**
 * Take what the admin socket answered for a report.
 *
 * @throws {CommandError} CMD_UNREACHABLE where it is none
 */
export function readStatusReport(value: unknown, socket: string): StatusReport {
  const report = value as Partial<StatusReport>;
  const isReport =
    isObject(report) &&
    Array.isArray(report.open) &&
    report.open.every(isObject) &&
    [report.history, report.tokens, report.refusals, report.upstream_errors].every(isObject) &&
    rateKinds.every((kind) => Array.isArray(report.history?.[kind]));
  if (!isReport)
    throw new CommandError("CMD_UNREACHABLE", `${socket} does not answer /status as a proxy would`);
  return report as StatusReport;
}

function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null;
}

/** Lay a report out. */
export function topPage(report: StatusReport, size: PageSize): readonly string[] {
  const { history } = report;
  const audit = report.audit === undefined ? "" : report.audit.failing ? "  AUDIT FAILING" : "  audited";
  const title =
    `codex-responses-api-proxy ${name(report.version, 20)}  pid ${whole(report.pid)}  up ${duration(report.uptime_s)}` +
    `${report.draining ? "  DRAINING" : ""}${audit}`;
  const width = Math.max(0, Math.min(60, size.columns - 34));
  const chart = (label: string, perSecond: readonly number[], total: string) =>
    `${label.padEnd(10)}${`${rate(perSecond)}/s`.padStart(11)}  ${total.padEnd(10)} ${sparkline(perSecond, width)}`;
  const { tokens } = report;
  const head = [
    title,
    ...(size.trouble === undefined ? [] : [`! ${plainText(size.trouble, 200)}`]),
    "",
    chart("requests", history.requests, count(report.requests)),
    chart("tokens", history.tokens, count(tokens.total)),
    chart("bytes out", history.bytes, count(report.bytes_out)),
    chart("refusals", history.refusals, count(sum(Object.values(report.refusals)))),
    chart("failures", history.failures, count(sum(Object.values(report.upstream_errors)))),
    "",
    `tokens: ${count(tokens.input)} in (${count(tokens.cached)} cached), ${count(tokens.output)} out (${count(tokens.reasoning)} reasoning)`,
    `refused: ${listing(report.refusals)}`,
    `failed: ${listing(report.upstream_errors)}`,
    "",
    `open: ${whole(report.open_count)}  ${byUser(report.open)}`,
    "USER              MODEL                     AGE  STATUS   EVENTS  BYTES OUT   BYTES IN",
  ];
  const room = Math.max(0, size.rows - head.length);
  const rows = report.open.map(openRow);
  const isCut = rows.length > room;
  const shown = isCut ? [...rows.slice(0, Math.max(0, room - 1)), `… ${rows.length - room + 1} more`] : rows;
  return [...head, ...shown].slice(0, size.rows).map((line, index) => {
    const cut = [...line].slice(0, size.columns).join("");
    return size.isStyled && (index === 0 || cut.startsWith("USER  ")) ? `\x1b[1m${cut}\x1b[0m` : cut;
  });
}

function openRow(open: OpenRequest): string {
  return [
    name(open.user, 16).padEnd(16),
    name(open.model, 20).padEnd(20),
    duration(Number(open.age_ms) / 1000).padStart(8),
    (open.status === undefined ? "-" : whole(open.status)).padStart(6),
    count(open.events).padStart(7),
    count(open.bytes_out).padStart(9),
    count(open.bytes_in).padStart(9),
  ].join("  ");
}

function byUser(open: readonly OpenRequest[]): string {
  const counts = new Map<string, number>();
  for (const { user } of open) counts.set(user, (counts.get(user) ?? 0) + 1);
  const most = [...counts].sort(([, a], [, b]) => b - a).slice(0, 5);
  return most.map(([user, value]) => `${name(user, 16)} ${value}`).join("  ");
}

function listing(counts: Readonly<Record<string, number>>): string {
  const most = Object.entries(counts).sort(([, a], [, b]) => Number(b) - Number(a));
  const shown = most.slice(0, 6).map(([what, value]) => `${name(what, 32)} ${count(value)}`);
  return shown.length === 0 ? "none" : shown.join(", ");
}

/** One character for as many seconds as it takes to fit, the latest at the right. */
export function sparkline(perSecond: readonly number[], width: number): string {
  const values = perSecond.slice(-width).map((value) => Math.max(0, Number(value) || 0));
  const top = Math.max(...values, 0);
  if (width === 0 || top === 0) return "";
  return values
    .map((value) => (value === 0 ? " " : bars[Math.min(7, Math.floor((value / top) * 8))]))
    .join("");
}

function rate(perSecond: readonly number[]): string {
  const last = perSecond.slice(-rateSeconds).map((value) => Number(value) || 0);
  return last.length === 0 ? "0" : count(sum(last) / last.length);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + (Number(value) || 0), 0);
}

const units = ["", "k", "M", "G", "T", "P"];

function count(value: number): string {
  let rest = Number(value) || 0;
  let unit = 0;
  for (; rest >= 1000 && unit < units.length - 1; unit++) rest /= 1000;
  const isWhole = unit === 0 && Number.isInteger(rest);
  return `${isWhole ? rest : rest.toFixed(rest < 100 ? 1 : 0)}${units[unit]}`;
}

function duration(seconds: number): string {
  const total = Math.max(0, Number(seconds) || 0);
  if (total < 60) return `${total.toFixed(1)}s`;
  if (total < 3600) return `${Math.floor(total / 60)}m${String(Math.floor(total % 60)).padStart(2, "0")}s`;
  if (total < 86_400)
    return `${Math.floor(total / 3600)}h${String(Math.floor((total % 3600) / 60)).padStart(2, "0")}m`;
  return `${Math.floor(total / 86_400)}d${Math.floor((total % 86_400) / 3600)}h`;
}

function whole(value: number): string {
  return String(Math.round(Number(value) || 0));
}

function name(text: unknown, maxLength: number): string {
  return plainText(String(text), maxLength);
}
