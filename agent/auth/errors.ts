// Everything that can go wrong with credentials, in one table: exit status and the remedy. No message
// holds a key, a token or a piece of one.

import { AgentError } from "../errors.ts";

const signInAgain = "run `codex logout`, then `codex login`";

const failures = {
  AUTH_FILE_MALFORMED: [1, "run `codex login` to replace it, or `codex logout` to remove it"],
  AUTH_FILE_UNREADABLE: [1, "see who may read the file and its folder"],
  AUTH_FILE_KIND: [1, "move it out of the way, then run `codex login`"],
  AUTH_FILE_UNWRITABLE: [1, "see who may write the file and its folder, and that the disk is not full"],
  AUTH_FILE_FOREIGN: [1, "set CODEX_HOME to a folder that only you can write to"],
  AUTH_KEYRING_UNAVAILABLE: [
    1,
    'start a Secret Service (like gnome-keyring), or set cli_auth_credentials_store = "file"',
  ],
  AUTH_MODE_UNSUPPORTED: [1, "run `codex login` to log in by a way that this version knows"],
  AUTH_LOCKED: [1, "another codex is refreshing the same login: try again in a moment"],
  AUTH_REFRESH_REFUSED: [1, signInAgain],
  AUTH_REFRESH_FAILED: [1, "try again; nothing was changed"],
  AUTH_ACCOUNT_CHANGED: [1, "start again with the login that is in force now"],
  AUTH_RESTRICTED: [1, undefined],
  AUTH_ISSUER_UNREACHABLE: [1, "check the network, and HTTPS_PROXY, SSL_CERT_FILE or CODEX_CA_CERTIFICATE"],
  AUTH_ISSUER_REFUSED: [1, undefined],
  AUTH_ISSUER_ANSWER: [
    1,
    "check --experimental_issuer, CODEX_DEVICE_AUTH_BASE_URL and CODEX_REFRESH_TOKEN_URL_OVERRIDE if given",
  ],
  AUTH_PORT_IN_USE: [1, "end the program that listens there, or run `codex login --device-auth`"],
  AUTH_CALLBACK_FOREIGN: [1, "log in with a browser of that user, or run `codex login --device-auth`"],
  AUTH_LOGIN_CANCELLED: [1, undefined],
  AUTH_LOGIN_REFUSED: [1, undefined],
  AUTH_DEVICE_DISABLED: [1, undefined],
  AUTH_DEVICE_TIMEOUT: [1, "run the command again for a new code"],
  AUTH_ACCESS_TOKEN_KIND: [1, "give a personal access token: it begins with at-"],
} as const;

export type AuthErrorCode = keyof typeof failures;

/** An error of login, of stored credentials or of their refresh. */
export class AuthError extends AgentError {
  override readonly name = "AuthError";
  declare readonly code: AuthErrorCode;

  constructor(code: AuthErrorCode, message: string, options: { cause?: unknown } = {}) {
    const [exitStatus, hint] = failures[code];
    super(message, { code, exitStatus, hint, ...options });
  }
}
