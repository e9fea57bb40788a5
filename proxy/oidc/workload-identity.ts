// What the five options of workload identity say together.

import { StartError } from "../errors.ts";
import { WorkloadIdentityError } from "./errors.ts";

export interface WorkloadIdentity {
  /** GitHub's, https, usually with a query */
  readonly requestUrl: URL;
  readonly audience: string;
  readonly identityProviderId: string;
  readonly serviceAccountId: string;
}

/** The values of the options as they were parsed, undefined where not given. */
export interface WorkloadIdentityOptions {
  readonly githubOidc?: boolean;
  readonly oidcAudience?: string;
  readonly identityProviderId?: string;
  readonly serviceAccountId?: string;
  readonly githubOidcRequestUrl?: string;
}

const companions = {
  oidcAudience: "--oidc-audience",
  identityProviderId: "--identity-provider-id",
  serviceAccountId: "--service-account-id",
  githubOidcRequestUrl: "--github-oidc-request-url",
} as const;

/**
 * Check the five options, which come all together or not at all.
 *
 * @param isDefaultUpstream - whether requests go where the access token is meant for
 * @returns undefined where none of them is given
 * @throws {StartError} PXY_START_USAGE where some are missing
 * @throws {WorkloadIdentityError} OIDC_ERR_REQUEST_URL, OIDC_ERR_UPSTREAM
 */
export function readWorkloadIdentity(
  options: WorkloadIdentityOptions,
  isDefaultUpstream: boolean,
): WorkloadIdentity | undefined {
  const names = Object.keys(companions) as (keyof typeof companions)[];
  const given = names.filter((name) => options[name] !== undefined);
  if (!options.githubOidc && given.length === 0) return undefined;
  const missing: string[] = options.githubOidc ? [] : ["--github-oidc"];
  for (const name of names) if (options[name] === undefined) missing.push(companions[name]);
  if (missing.length > 0) {
    const present = options.githubOidc ? "--github-oidc" : companions[given[0] as keyof typeof companions];
    throw new StartError("PXY_START_USAGE", `the option '${present}' needs ${missing.join(", ")} as well`);
  }
  const { oidcAudience, identityProviderId, serviceAccountId, githubOidcRequestUrl } =
    options as Required<WorkloadIdentityOptions>;
  const requestUrl = parseRequestUrl(githubOidcRequestUrl);
  if (!isDefaultUpstream) throw new WorkloadIdentityError("OIDC_ERR_UPSTREAM");
  return { requestUrl, audience: oidcAudience, identityProviderId, serviceAccountId };
}

function parseRequestUrl(text: string): URL {
  // The launcher reads the port too, for its rule on connections: only forms that have one reading.
  if (!/^https:\/\/[^\\\s/?#@]+([/?][^\\\s#]*)?$/i.test(text) || !URL.canParse(text)) {
    throw new WorkloadIdentityError("OIDC_ERR_REQUEST_URL");
  }
  return new URL(text);
}
