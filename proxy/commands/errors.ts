// Every way in which a command can fail, with its exit code and what to do next. Messages hold no key:
// what may be one is not repeated.

const failures = {
  CMD_USAGE: [2, "see codex-responses-api-proxy COMMAND --help"],
  CMD_SERVER_INFO: [1, "give the file that the proxy was started with: --server-info FILE"],
  CMD_OUTPUT: [1, "check where stdout goes"],
  CMD_NO_PORT: [
    1,
    "Codex speaks no unix socket: codex-responses-api-proxy exec -- COMMAND makes a bridge to it",
  ],
  CMD_BRIDGE: [1, "start the proxy with --port too, beside --socket"],
  CMD_NOT_EXECUTABLE: [126, "give a program that this user may run"],
  CMD_NOT_FOUND: [127, "give a program, by its path or by a name that PATH leads to"],
  CMD_NOT_RUNNING: [3, "start the proxy, or give the file that it was started with: --server-info FILE"],
  CMD_TIMEOUT: [4, "give it more time with --timeout-ms, or look at what the proxy said"],
  CMD_NOT_PERMITTED: [
    1,
    "run it as root, as the user that the proxy serves as, or use GET /shutdown where --http-shutdown is on",
  ],
  CMD_AUDIT_FILE: [1, "give the files of --audit-log, the oldest first, as a user who may read them"],
  CMD_AUDIT_CHANGED: [1, "keep the files and find out who could write them; docs/operations.md says how"],
  CMD_UNREACHABLE: [3, "look at what the proxy said when it started, or start it again"],
  CMD_NO_ADMIN_SOCKET: [1, "start the proxy with --admin-socket PATH"],
  CMD_UNTRUSTED: [
    1,
    "a key is sent to root's processes, to one's own, and to the owner of the path that was given",
  ],
  CMD_TOKEN_FILE: [1, "give a file of client tokens that is yours to write, or leave --file out"],
  CMD_TOKENS_REFUSED: [1, "the client tokens before them stay in use; look at what is wrong and try again"],
  CMD_REFUSED: [1, "the key before it stays in use; look at what is wrong and try again"],
} as const satisfies Record<string, readonly [exitCode: number, hint: string]>;

export type CommandFailureCode = keyof typeof failures;

/** A command that cannot do what it was asked for: shown with its hint, then the process exits. */
export class CommandError extends Error {
  override readonly name = "CommandError";
  readonly code: CommandFailureCode;
  readonly exitCode: number;
  readonly hint: string;

  /** @param options - `hint` in place of the table's */
  constructor(
    code: CommandFailureCode,
    message: string,
    options?: ErrorOptions & { readonly hint?: string },
  ) {
    super(message, options);
    const [exitCode, hint] = failures[code];
    this.code = code;
    this.exitCode = exitCode;
    this.hint = options?.hint ?? hint;
  }
}
