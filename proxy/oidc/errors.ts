// Every way in which workload identity can fail, at the start and at a renewal: message and what to
// do. Words of the original where it has them. No message holds a byte of a reply or a token.

const failures = {
  OIDC_ERR_REQUEST_URL: [
    "GitHub OIDC request URL must be HTTPS without user info or fragment",
    'give the job\'s own: --github-oidc-request-url "$ACTIONS_ID_TOKEN_REQUEST_URL"',
  ],
  OIDC_ERR_UPSTREAM: [
    "workload identity requires the default OpenAI Responses endpoint",
    "leave out --upstream-url, or --github-oidc and give a key",
  ],
  OIDC_ERR_GITHUB: [
    "GitHub OIDC token request failed",
    "the job needs `permissions: id-token: write`, and the request token of this very job",
  ],
  OIDC_ERR_EXCHANGE: [
    "OpenAI workload identity token exchange failed",
    "compare the audience, the provider and the service account with those set up at OpenAI",
  ],
  OIDC_ERR_REPLY: ["OpenAI workload identity returned an invalid token response", "try again later"],
  OIDC_ERR_TOKEN_TYPE: ["unsupported workload identity token type", "look for a newer version of this proxy"],
  OIDC_ERR_LIFETIME: ["invalid token lifetime", "try again later"],
  OIDC_ERR_EXPIRED: ["expired workload identity token", "compare the clock of this machine with another"],
  OIDC_ERR_STILL_WRITING: [
    "a request is still being sent with the token before the present one",
    "try again later",
  ],
} as const satisfies Record<string, readonly [message: string, hint: string]>;

export type WorkloadIdentityErrorCode = keyof typeof failures;

/** At the start it ends the process with `exitCode`; later its message is logged. */
export class WorkloadIdentityError extends Error {
  override readonly name = "WorkloadIdentityError";
  readonly code: WorkloadIdentityErrorCode;
  readonly exitCode = 1;
  readonly hint: string;

  /** @param detail - appended to the message; never text of a reply */
  constructor(code: WorkloadIdentityErrorCode, detail?: string, options?: ErrorOptions) {
    const [message, hint] = failures[code];
    super(detail === undefined ? message : `${message}: ${detail}`, options);
    this.code = code;
    this.hint = hint;
  }
}
