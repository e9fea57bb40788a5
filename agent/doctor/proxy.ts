// Whether the proxy that requests are to go through is there, and is that proxy. No request is sent to it.

import type { Config } from "../config/config.ts";
import { resolveProxy } from "../proxy-endpoint/endpoint.ts";
import type { DoctorContext, Finding } from "./check.ts";

/** @param config - undefined where it does not load; then CODEX_PROXY alone is looked at */
export async function checkProxy(
  config: Config | undefined,
  { environment }: Pick<DoctorContext, "environment">,
): Promise<Finding> {
  const reference = config === undefined ? environment.CODEX_PROXY : config.proxy;
  if (!reference) {
    return { status: "ok", summary: "none: requests go to the provider directly", details: {} };
  }
  const details = { proxy: reference };
  try {
    const { address, clientToken } = await resolveProxy(reference, environment);
    return {
      status: "ok",
      summary: `takes connections at ${address.label}`,
      details: { ...details, "client token": clientToken === undefined ? "none" : "from CODEX_PROXY_TOKEN" },
    };
  } catch (error) {
    const { message, hint } = error as { readonly message: string; readonly hint?: string };
    const finding: Finding = { status: "fail", summary: message, details };
    return hint === undefined ? finding : { ...finding, remediation: hint };
  }
}
