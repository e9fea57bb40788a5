// What the proxy tells: puts together the audit log, the metrics and the admin socket's reports, as far as
// they are wanted. Where none is, nobody looks on.

import type { Client } from "../access/client.ts";
import type { AdminServer } from "../admin/admin-server.ts";
import { type ChainHead, chainStart } from "../audit/audit-chain.ts";
import { takeAuditFile } from "../audit/audit-file.ts";
import { AuditLog } from "../audit/audit-log.ts";
import { forwardedRecord } from "../audit/audit-record.ts";
import { fileSink, journalSink, stderrSink } from "../audit/audit-sinks.ts";
import { RefusalRecords } from "../audit/refusal-records.ts";
import type { ProxyError } from "../errors.ts";
import type { ObserveExchange } from "../exchange-observer.ts";
import { reportStatus } from "../metrics/status-report.ts";
import { Tally } from "../metrics/tally.ts";
import type { Options } from "../options.ts";
import { sayPlain, sayWarning } from "../terminal.ts";
import { type ExchangeListener, type IdentifyClient, MeasuredExchange } from "./exchange-facts.ts";

/** Called for each request that the proxy answers in its own name, and for what was none. */
export type OnRefused = (error: ProxyError, client: Client) => void;

export interface Telemetry {
  /** undefined where nothing is wanted */
  readonly observe: ObserveExchange | undefined;
  readonly onRefused: OnRefused | undefined;
  /** whether requests are to be refused because they could not be put on record */
  isAuditFailing(): boolean;
  /** somebody has given another key */
  keyReplaced(by: { readonly uid: number; readonly pid: number }): void;
  /** somebody has given other client tokens */
  tokensReplaced(by: { readonly uid: number; readonly pid: number }, tokens: number): void;
  /** the server begins to serve */
  begin(): void;
}

export interface TelemetrySetup {
  readonly version: string;
  readonly identify: IdentifyClient;
  readonly isDraining: () => boolean;
  /** a renewal by --github-oidc counts too */
  readonly keyRotations: () => number;
  /** where metrics are asked for; undefined for nowhere */
  readonly admin: AdminServer | undefined;
}

// How often the head of the chain goes where whoever may change the file cannot change it.
const headIntervalMs = 3_600_000;

type TelemetryOptions = Pick<Options, "auditLog" | "auditFd" | "auditChain" | "check">;

/**
 * Begin to tell.
 *
 * @throws {StartError} PXY_START_AUDIT_LOG
 */
export async function startTelemetry(options: TelemetryOptions, setup: TelemetrySetup): Promise<Telemetry> {
  const { admin } = setup;
  const audit = options.auditLog === undefined || options.check ? undefined : openAuditLog(options, setup);
  const tally = admin === undefined ? undefined : new Tally();
  const listeners: ExchangeListener[] = [];
  const underway = new Set<MeasuredExchange>();
  if (tally !== undefined) listeners.push(tally);
  if (audit !== undefined) listeners.push(audit.listener);
  if (admin !== undefined && tally !== undefined) await addRoutes(admin, tally, audit, setup);

  if (listeners.length === 0) {
    const nothing = () => {};
    const isAuditFailing = () => false;
    return {
      observe: undefined,
      onRefused: undefined,
      isAuditFailing,
      keyReplaced: nothing,
      tokensReplaced: nothing,
      begin: nothing,
    };
  }
  listeners.push({
    began: (exchange) => underway.add(exchange),
    ended: (exchange) => underway.delete(exchange),
  });
  process.on("exit", () => {
    for (const exchange of underway) exchange.endNow();
    audit?.end();
  });
  return {
    observe: (request) => new MeasuredExchange(request, setup.identify, listeners),
    onRefused: (error, client) => {
      tally?.refused(error);
      audit?.refusals.refused(client, error.code, error.statusCode);
    },
    isAuditFailing: () => audit?.log.isFailing === true,
    keyReplaced: ({ uid, pid }) => {
      audit?.log.append({ time: new Date().toISOString(), event: "rotate", uid, pid });
    },
    tokensReplaced: ({ uid, pid }, tokens) => {
      audit?.log.append({ time: new Date().toISOString(), event: "tokens", uid, pid, tokens });
    },
    begin: () => audit?.begin(),
  };
}

interface OpenAuditLog {
  readonly log: AuditLog;
  readonly refusals: RefusalRecords;
  readonly listener: ExchangeListener;
  begin(): void;
  end(): void;
}

function openAuditLog(options: TelemetryOptions, { version }: TelemetrySetup): OpenAuditLog {
  const { auditLog = "", auditFd, auditChain } = options;
  const isFile = auditLog !== "stderr" && auditLog !== "journal";
  let chain: ChainHead | undefined = auditChain ? chainStart : undefined;
  let unfinishedBytes = 0;
  if (isFile) ({ head: chain, unfinishedBytes } = takeAuditFile(auditFd as number, auditLog, auditChain));
  const log = new AuditLog({
    sink:
      auditLog === "stderr"
        ? stderrSink()
        : isFile
          ? fileSink(auditFd as number)
          : journalSink(auditFd as number),
    chain,
    onTrouble: (reason) => sayWarning(describeTrouble(reason)),
  });
  const refusals = new RefusalRecords((record) => log.append(record));
  const now = () => new Date().toISOString();
  let hasBegun = false;
  let told: ChainHead | undefined;
  const tellHead = () => {
    const { head } = log;
    if (head === undefined || head.seq === told?.seq) return;
    told = head;
    sayPlain(`codex: audit head: ${head.seq} ${head.hash}`);
  };
  return {
    log,
    refusals,
    listener: { ended: (exchange) => log.append(forwardedRecord(exchange)) },
    begin: () => {
      hasBegun = true;
      const unfinished = unfinishedBytes === 0 ? undefined : unfinishedBytes;
      log.append({ time: now(), event: "start", version, pid: process.pid, unfinished_bytes: unfinished });
      log.flush();
      if (auditChain) setInterval(tellHead, headIntervalMs).unref();
    },
    end: () => {
      if (!hasBegun) return;
      refusals.flush();
      log.append({ time: now(), event: "end" });
      const lost = log.finish();
      if (lost > 0) sayWarning(`${lost} audit records are lost: they could not be written before the end`);
      tellHead();
    },
  };
}

function describeTrouble(reason: string | undefined): string {
  if (reason === undefined) return "audit records are written again; requests are taken again";
  return `audit records cannot be written (${reason}): requests are refused until they can`;
}

async function addRoutes(
  admin: AdminServer,
  tally: Tally,
  audit: OpenAuditLog | undefined,
  { version, isDraining, keyRotations }: TelemetrySetup,
): Promise<void> {
  const { makeExposition } = await import("../metrics/exposition.ts");
  const exposition = makeExposition(tally, {
    version,
    isDraining,
    keyRotations,
    auditFailures: () => audit?.log.failures ?? 0,
    isAuditFailing: () => audit?.log.isFailing === true,
  });
  const statusFacts = {
    version,
    isDraining,
    audit: () => {
      if (audit === undefined) return undefined;
      const { head, isFailing } = audit.log;
      return { failing: isFailing, ...(head !== undefined && { head }) };
    },
  };
  admin.route("GET", "/metrics", { isPrivileged: false }, async () => ({
    body: await exposition.text(),
    contentType: exposition.contentType,
  }));
  admin.route("GET", "/status", { isPrivileged: false }, () => ({
    body: `${JSON.stringify(reportStatus(tally, statusFacts))}\n`,
  }));
  admin.route("GET", "/audit-head", { isPrivileged: false }, () => {
    audit?.log.flush();
    const head = audit?.log.head;
    if (head !== undefined) return { body: `${JSON.stringify(head)}\n` };
    return { status: 404, body: '{"error":{"message":"there is no chain: --audit-chain makes one"}}\n' };
  });
}
