// Every way in which the hardened start can refuse to go on: code, exit status, message, what to do.
// No message holds a byte of the key. The exit codes of the original (1, 5, 6, 7) keep their meaning.

const errors = {
  HRD_ERR_KEY_MISSING: [
    1,
    "API key must be provided via stdin",
    'codex-responses-api-proxy < key.txt, or: read -rs KEY && codex-responses-api-proxy <<< "$KEY"',
  ],
  HRD_ERR_KEY_BAD_CHARACTER: [
    1,
    "API key may only contain ASCII letters, numbers, or any of - . _ ~ + / =",
    "look for blanks, quotes or a byte order mark around the key",
  ],
  HRD_ERR_KEY_TOO_LARGE: [
    1,
    "API key is too large to fit in the 4096-byte buffer",
    "the input must be the key alone, on one line",
  ],
  HRD_ERR_KEY_TOO_LONG_TO_TYPE: [
    1,
    "API key is too long to be typed: a terminal takes 4094 characters a line",
    "codex-responses-api-proxy < key.txt",
  ],
  HRD_ERR_KEY_MORE_THAN_ONE_LINE: [
    1,
    "stdin holds more than the API key: only line ends may follow it",
    "the input must be the key alone, on one line",
  ],
  HRD_ERR_KEY_STALLED: [
    1,
    "no API key arrived on stdin within 30 seconds",
    "end the key with a newline, or close stdin after it",
  ],
  HRD_ERR_KEY_UNREADABLE: [1, "cannot read the API key from stdin", "check what stdin is connected to"],
  HRD_ERR_REQUEST_TOKEN: [
    1,
    "invalid workload identity bearer credential",
    "with --github-oidc stdin takes the job's request token: printenv ACTIONS_ID_TOKEN_REQUEST_TOKEN",
  ],
  HRD_ERR_MEMORY: [
    8,
    "cannot lock memory for the API key",
    "raise the limit on locked memory: ulimit -l 64, or LimitMEMLOCK=64K in a systemd unit",
  ],
  HRD_ERR_TRACED: [
    9,
    "a debugger or tracer is attached to this process",
    "start it without strace, gdb or similar",
  ],
  HRD_ERR_INSPECTOR: [
    9,
    "the Node inspector is open in this process",
    "start it by its own command, without node options",
  ],
  HRD_ERR_USER_NAMESPACE: [
    9,
    "this process runs in a user namespace that its own user controls, who could read its memory",
    "start it outside of unshare, bwrap or a rootless container",
  ],
  HRD_ERR_USER: [
    2,
    "cannot serve as the user given with --user",
    "give a name or number, with :GROUP if need be",
  ],
  HRD_ERR_DROP: [10, "cannot give up root's privileges", "start it as the user that it should serve as"],
  HRD_ERR_LOCK: [10, "cannot lock the process down", "see codex-responses-api-proxy --check"],
  HRD_ERR_REQUIRED: [
    10,
    "a protection is off that --require-hardening asks for",
    "see codex-responses-api-proxy --check; --require-hardening=none starts all the same",
  ],
  HRD_ERR_LAUNCHER: [10, "the proxy must be started by its own launcher", "run codex-responses-api-proxy"],
} as const satisfies Record<string, readonly [exitCode: number, message: string, hint: string]>;

export type HardeningErrorCode = keyof typeof errors;

/** A refusal to start. `exitCode` and `hint` are for the terminal; `cause` is for debugging only. */
export class HardeningError extends Error {
  override readonly name = "HardeningError";
  readonly code: HardeningErrorCode;
  readonly exitCode: number;
  readonly hint: string;

  /**
   * @param detail - appended to the message: an errno name, never input
   * @param options - `exitCode` where one code stands for several causes, `keySource` where the key was
   *   not to come from stdin
   */
  constructor(
    code: HardeningErrorCode,
    detail?: string,
    options?: ErrorOptions & { readonly exitCode?: number; readonly keySource?: string | undefined },
  ) {
    const [exitCode, text, stdinHint] = errors[code];
    const { keySource } = options ?? {};
    const message = detail === undefined ? text : `${text} (${detail})`;
    super(keySource === undefined ? message : message.replaceAll("stdin", keySource), options);
    this.code = code;
    this.exitCode = options?.exitCode ?? exitCode;
    this.hint = keySource === undefined ? stdinHint : `${keySource} has to hold it alone, on one line`;
  }
}
