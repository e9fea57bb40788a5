// Where the prompt of `codex exec` comes from: the argument, or all of stdin.

import { RefusedStart } from "./refused-start.ts";

/** Stdin as far as it matters here. */
export interface PromptInput extends AsyncIterable<Uint8Array | string> {
  readonly isTTY?: boolean;
}

const imagesHint = "\nhint: -i takes all words that follow it: put the prompt in front of it, or behind `--`";

/**
 * @param argument - `-` or undefined mean stdin
 * @param hasImages - whether pictures were named, of which one may have been meant as the prompt
 * @returns the prompt as it was given, blanks and line ends included
 * @throws {RefusedStart} where there is none
 */
export async function readPrompt(
  argument: string | undefined,
  stdin: PromptInput,
  stderr: { write(text: string): unknown },
  hasImages = false,
): Promise<string> {
  if (argument !== undefined && argument !== "-") return argument;
  const hint = hasImages && argument === undefined ? imagesHint : "";
  if (argument === undefined && stdin.isTTY === true) {
    throw new RefusedStart(
      `No prompt provided. Either specify one as an argument or pipe the prompt into stdin.${hint}`,
    );
  }
  if (argument === undefined) stderr.write("Reading prompt from stdin...\n");
  const text = await readText(stdin);
  if (text.trim() === "") throw new RefusedStart(`No prompt provided via stdin.${hint}`);
  return text;
}

async function readText(stdin: PromptInput): Promise<string> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of stdin) chunks.push(Buffer.from(chunk as Uint8Array));
    return new TextDecoder("utf-8", { fatal: true }).decode(Buffer.concat(chunks));
  } catch (cause) {
    const reason = cause instanceof TypeError ? "it is not UTF-8" : (cause as NodeJS.ErrnoException).code;
    throw new RefusedStart(`Failed to read prompt from stdin: ${reason}`);
  }
}
