// Puts the parts of workload identity together.

import { constants } from "node:crypto";
import tls from "node:tls";
import { cleansePlaintext } from "../../hardening/secret-exchange.ts";
import type { WorkloadTokens } from "../../hardening/workload-tokens.ts";
import type { Options } from "../options.ts";
import { sayWarning } from "../terminal.ts";
import { type TrustOptions, trustedRoots } from "../upstream/trust.ts";
import { makeForwardProxy } from "../upstream/upstream.ts";
import { RenewedCredential } from "./credential.ts";
import { renewAccessToken } from "./token-exchange.ts";

/** @returns undefined where the key does not come from workload identity */
export function openCredential(
  options: Pick<Options, "workloadIdentity" | "upstreamProxy" | keyof TrustOptions>,
  tokens: WorkloadTokens | undefined,
): RenewedCredential | undefined {
  const { workloadIdentity, upstreamCa, upstreamProxy } = options;
  if (workloadIdentity === undefined || tokens === undefined) return undefined;
  // Without the client certificate, which is for the upstream.
  const secureContext = tls.createSecureContext({
    minVersion: options.upstreamTlsMinVersion,
    ...(upstreamCa === undefined ? {} : { ca: trustedRoots(upstreamCa) }),
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION | cleansePlaintext,
  });
  const forwardProxy = upstreamProxy && makeForwardProxy(upstreamProxy, options);
  let isStarting = true;
  return new RenewedCredential({
    renew: async () => {
      const lifetimeMs = await renewAccessToken(workloadIdentity, tokens, { secureContext, forwardProxy });
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
