// Reads a key or token from stdin. It never comes from an argument, which other users could see.

import type { Session } from "../command.ts";

// No key is longer; a wrong file is not read to its end.
const maxBytes = 64 * 1024;

/**
 * @returns the secret without white space around it; undefined where there is none, which has then been said
 */
export async function readSecret(
  { stdin, stderr }: Session,
  { what, onTerminal }: { readonly what: string; readonly onTerminal: string },
): Promise<string | undefined> {
  if (stdin.isTTY) {
    stderr.write(`${onTerminal}\n`);
    return undefined;
  }
  stderr.write(`Reading ${what} from stdin...\n`);
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of stdin) {
      chunks.push(Buffer.from(chunk));
      bytes += chunk.length;
      if (bytes > maxBytes) break;
    }
  } catch (error) {
    stderr.write(`Failed to read ${what} from stdin: ${(error as NodeJS.ErrnoException).code}\n`);
    return undefined;
  }
  const secret = Buffer.concat(chunks).toString("utf8").trim();
  if (bytes > maxBytes || /[\p{Cc}\s\ufffd]/u.test(secret)) {
    stderr.write(`What came from stdin is not one ${what}: it is too long, or of more than one word.\n`);
    return undefined;
  }
  if (secret === "") {
    stderr.write(`No ${what} provided via stdin.\n`);
    return undefined;
  }
  return secret;
}
