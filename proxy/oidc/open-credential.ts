// Puts the parts of workload identity together.

import { constants } from "node:crypto";
import tls from "node:tls";
import { cleansePlaintext } from "../../hardening/secret-exchange.ts";
import type { WorkloadTokens } from "../../hardening/workload-tokens.ts";
import type { Options } from "../options.ts";
import { sayWarning } from "../terminal.ts";
import { trustedRoots } from "../upstream.ts";
import { RenewedCredential } from "./credential.ts";
import { renewAccessToken } from "./token-exchange.ts";

/** @returns undefined where the key does not come from workload identity */
export function openCredential(
  options: Pick<Options, "workloadIdentity" | "upstreamCa">,
  tokens: WorkloadTokens | undefined,
): RenewedCredential | undefined {
  const { workloadIdentity, upstreamCa } = options;
  if (workloadIdentity === undefined || tokens === undefined) return undefined;
  const secureContext = tls.createSecureContext({
    ...(upstreamCa === undefined ? {} : { ca: trustedRoots(upstreamCa) }),
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION | cleansePlaintext,
  });
  let isStarting = true;
  return new RenewedCredential({
    renew: async () => {
      const lifetimeMs = await renewAccessToken(workloadIdentity, tokens, secureContext);
      isStarting = false;
      return lifetimeMs;
    },
    onFailure: (error, isUsable) => {
      if (isStarting) return; // the start fails, and says so
      const until = isUsable
        ? "requests go on with the present token"
        : "requests are refused until one succeeds";
      sayWarning(`workload identity renewal failed, ${until}: ${error.message}`);
    },
    now: () => performance.now(),
  });
}
