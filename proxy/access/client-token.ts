// Client tokens: what one looks like, and the file that lists them by their hashes. A line is
//
//   NAME SHA256 [uid=N] [expires=2027-01-31T12:00:00Z]   # comment
//
// Nothing of a line is ever repeated in a message: a token may have been put where its hash belongs.

import { createHash, randomBytes } from "node:crypto";

/** One line of the file. */
export interface ClientToken {
  readonly name: string;
  /** SHA-256 of the token */
  readonly digest: Buffer;
  /** the only user who may send it */
  readonly uid?: number;
  /** Unix time in milliseconds from which on it is refused */
  readonly expiresAtMs?: number;
}

/** A file of client tokens that cannot be used; the message names the line. */
export class ClientTokenFileError extends Error {
  override readonly name = "ClientTokenFileError";
}

// Told apart from keys at a glance, by people and by scanners for leaked secrets.
const prefix = "cxp_";
const tokenBytes = 32;

// Each of them is compared with every request's token.
export const maxClientTokens = 1_000;
export const maxUid = 4_294_967_294;

/** Make a token of 256 random bits. */
export function makeClientToken(): string {
  return `${prefix}${randomBytes(tokenBytes).toString("base64url")}`;
}

/** The hash by which a token is known. */
export function digestOf(token: string): Buffer {
  return createHash("sha256").update(token, "latin1").digest();
}

/** The line of the file for a token. */
export function formatClientToken({ name, digest, uid, expiresAtMs }: ClientToken): string {
  const fields = [name, digest.toString("hex")];
  if (uid !== undefined) fields.push(`uid=${uid}`);
  if (expiresAtMs !== undefined) {
    fields.push(`expires=${new Date(expiresAtMs).toISOString().replace(".000Z", "Z")}`);
  }
  return fields.join(" ");
}

/**
 * Read the file's content.
 *
 * @throws {ClientTokenFileError} for the first line that is not right
 */
export function parseClientTokens(text: string): readonly ClientToken[] {
  if (text.startsWith("\ufeff")) {
    throw new ClientTokenFileError("line 1: it begins with a byte order mark; save it without one");
  }
  const tokens: ClientToken[] = [];
  const lineOf = new Map<string, number>();
  for (const [index, line] of text.split("\n").entries()) {
    const fields = fieldsOf(line);
    if (fields.length === 0) continue;
    const fail = (reason: string): never => {
      throw new ClientTokenFileError(`line ${index + 1}: ${reason}`);
    };
    const token = parseLine(fields, fail);
    for (const key of [token.name, token.digest.toString("hex")]) {
      const first = lineOf.get(key);
      if (first !== undefined) fail(`the same ${key === token.name ? "name" : "token"} as in line ${first}`);
      lineOf.set(key, index + 1);
    }
    if (tokens.push(token) > maxClientTokens) fail(`there are more than ${maxClientTokens} tokens`);
  }
  return tokens;
}

function fieldsOf(line: string): readonly string[] {
  const fields = line.split(/[ \t\r]+/).filter((field) => field !== "");
  const comment = fields.findIndex((field) => field.startsWith("#"));
  return comment < 0 ? fields : fields.slice(0, comment);
}

type Fail = (reason: string) => never;

function parseLine([name = "", hash = "", ...more]: readonly string[], fail: Fail): ClientToken {
  if (!isTokenName(name))
    fail("a name is 1 to 64 letters, digits or . _ @ -, and begins with a letter or digit");
  if (!/^[0-9a-f]{64}$/i.test(hash)) fail("the second field is not a SHA-256 of 64 hexadecimal digits");
  let token: ClientToken = { name, digest: Buffer.from(hash, "hex") };
  for (const field of more) {
    const [key, value = ""] = splitAtFirst(field, "=");
    if (key === "uid" && token.uid === undefined) token = { ...token, uid: parseUid(value, fail) };
    else if (key === "expires" && token.expiresAtMs === undefined) {
      token = { ...token, expiresAtMs: parseTime(value) ?? fail(timeForm) };
    } else fail("after the hash may follow uid=N and expires=TIME, each once");
  }
  return token;
}

const timeForm =
  "expires is a UTC time like 2027-01-31T12:00:00Z, or a day like 2027-01-31, which it does not see";

/** What names tokens: fit for a log, a label and a file name. */
export function isTokenName(name: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$/.test(name);
}

function parseUid(text: string, fail: Fail): number {
  if (/^\d{1,10}$/.test(text) && Number(text) <= maxUid) return Number(text);
  return fail("uid is a number");
}

/** Unix time in milliseconds; a day alone is its first moment. undefined for what is no such time. */
export function parseTime(text: string): number | undefined {
  if (!/^\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\dZ)?$/.test(text)) return undefined;
  const time = Date.parse(text);
  // Date takes the 31st of any month.
  const isReal = Number.isFinite(time) && new Date(time).toISOString().startsWith(text.slice(0, 10));
  return isReal ? time : undefined;
}

function splitAtFirst(text: string, separator: string): [string, string?] {
  const at = text.indexOf(separator);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}
