// Pictures that a user attaches, as the model takes them: data URLs. What is no picture is refused before
// anything is sent.

import fs from "node:fs";
import { AgentError } from "../errors.ts";
import type { ContentPart } from "../model-client/items.ts";

const maxImageBytes = 50 * 1024 * 1024;

const signatures: readonly (readonly [mimeType: string, matches: (bytes: Buffer) => boolean])[] = [
  ["image/png", (bytes) => startsWith(bytes, "\x89PNG\r\n\x1a\n")],
  ["image/jpeg", (bytes) => startsWith(bytes, "\xff\xd8\xff")],
  ["image/gif", (bytes) => startsWith(bytes, "GIF87a") || startsWith(bytes, "GIF89a")],
  ["image/webp", (bytes) => startsWith(bytes, "RIFF") && bytes.toString("latin1", 8, 12) === "WEBP"],
];

function startsWith(bytes: Buffer, text: string): boolean {
  return bytes.toString("latin1", 0, text.length) === text;
}

/**
 * Read a picture for a message.
 *
 * @throws {AgentError} THREAD_IMAGE, naming the file
 */
export async function imagePart(file: string): Promise<ContentPart> {
  const refuse = (reason: string, cause?: unknown) =>
    new AgentError(`cannot attach the image ${file}: ${reason}`, { code: "THREAD_IMAGE", cause });
  let bytes: Buffer;
  try {
    const status = await fs.promises.stat(file);
    if (!status.isFile()) throw refuse("it is not a file");
    if (status.size > maxImageBytes) throw refuse(`it is larger than ${maxImageBytes / 1024 / 1024} MiB`);
    bytes = await fs.promises.readFile(file);
  } catch (error) {
    if (error instanceof AgentError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    throw refuse(code === "ENOENT" ? "there is no such file" : String(code), error);
  }
  const mimeType = signatures.find(([, matches]) => matches(bytes))?.[0];
  if (mimeType === undefined) throw refuse("it is not a PNG, JPEG, GIF or WebP picture");
  return { type: "input_image", image_url: `data:${mimeType};base64,${bytes.toString("base64")}` };
}
