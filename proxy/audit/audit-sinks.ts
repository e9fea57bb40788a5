// Where audit records can go: the file that the launcher has opened, stderr, or the journal by its native
// protocol. All write at once, and none waits for a reader that does not read.

import fs from "node:fs";
import { native } from "../../hardening/native.ts";
import type { AuditSink } from "./audit-log.ts";

/** @param fd - opened to append, so that a line goes to the end also after logrotate has cut the file */
export function fileSink(fd: number): AuditSink {
  return { write: (lines) => fs.writeSync(fd, lines) };
}

/** Lines among others on stderr, none of them torn: PIPE_BUF bytes at a time. */
export function stderrSink(): AuditSink {
  return {
    maxWriteBytes: 4096,
    write: (lines) => {
      if (!native.canWrite(2)) throw Object.assign(new Error("nobody reads stderr"), { code: "EAGAIN" });
      return fs.writeSync(2, lines);
    },
  };
}

// Names as systemd.journal-fields(7) has them: capital letters, digits, underscores.
const journalFields: Readonly<Record<string, string>> = {
  event: "CODEX_EVENT",
  id: "CODEX_REQUEST_ID",
  transport: "CODEX_TRANSPORT",
  uid: "CODEX_CLIENT_UID",
  user: "CODEX_CLIENT_USER",
  token: "CODEX_CLIENT_TOKEN",
  verdict: "CODEX_VERDICT",
  rule: "CODEX_RULE",
  model: "CODEX_MODEL",
  status: "CODEX_STATUS",
  upstream_request_id: "CODEX_UPSTREAM_REQUEST_ID",
};

/** @param fd - connected to the journal by the launcher, not to wait */
export function journalSink(fd: number): AuditSink {
  return { encode: encodeForJournal, write: (datagram) => fs.writeSync(fd, datagram) };
}

/** One entry: the record as its message, and the fields by which entries are looked up. */
export function encodeForJournal(record: object, line: string): Buffer {
  const members = record as Readonly<Record<string, unknown>>;
  let text = `MESSAGE=${line}\nPRIORITY=6\nSYSLOG_IDENTIFIER=codex-responses-api-proxy\n`;
  for (const [member, field] of Object.entries(journalFields)) {
    // No value has a newline: texts are plain.
    if (members[member] !== undefined) text += `${field}=${members[member]}\n`;
  }
  return Buffer.from(text);
}
