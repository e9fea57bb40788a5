// Server info of something that this test process itself serves, as a proxy would write it.

import fs from "node:fs";
import { ownIdentity } from "../../proxy/process-identity.ts";

/** Write it, as of a proxy that listens where `address` says. */
export function writeServerInfoOf(
  file: string,
  address: { readonly port?: number; readonly socket?: string; readonly admin_socket?: string },
): void {
  const info = { ...address, ...ownIdentity(), started_at: new Date().toISOString(), version: "0.0.0" };
  fs.writeFileSync(file, JSON.stringify(info), { mode: 0o644 });
}
