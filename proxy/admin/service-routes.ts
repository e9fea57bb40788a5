// What every service manager asks: whether the proxy lives, whether it can serve, and that it stop.

import type { AdminServer } from "./admin-server.ts";

export interface ServiceState {
  readonly isDraining: () => boolean;
  /** whether requests can be sent upstream with a key that is good as far as known */
  readonly hasCredential: () => boolean;
  /** whether requests are refused because they could not be put on record */
  readonly isAuditFailing: () => boolean;
  /** called after the answer to POST /stop has left */
  readonly onStop: () => void;
}

/** Add /healthz, /readyz and /stop. */
export function addServiceRoutes(admin: AdminServer, state: ServiceState): void {
  admin.route("GET", "/healthz", { isPrivileged: false }, () => ({ body: '{"status":"alive"}\n' }));
  admin.route("GET", "/readyz", { isPrivileged: false }, () => {
    const reason = whyNotReady(state);
    if (reason === undefined) return { body: '{"status":"ready"}\n' };
    return { status: 503, body: `${JSON.stringify({ status: "not ready", reason })}\n` };
  });
  admin.route("POST", "/stop", { isPrivileged: true }, () => ({
    body: '{"status":"draining"}\n',
    onSent: state.onStop,
  }));
}

function whyNotReady(state: ServiceState): string | undefined {
  if (state.isDraining()) return "draining";
  if (!state.hasCredential()) return "no credential";
  if (state.isAuditFailing()) return "audit records cannot be written";
  return undefined;
}
