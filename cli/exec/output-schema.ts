// The file of --output-schema: a JSON schema that goes to the service as it is.

import { readBoundedFile, UnreadableFile } from "../../agent/bounded-file.ts";
import { reasonOf, systemError } from "../../agent/system-error.ts";
import { RefusedStart } from "./refused-start.ts";

const maxBytes = 4 * 1024 * 1024;

/** @throws {RefusedStart} for a file that cannot be read, or is not JSON */
export async function readOutputSchema(file: string): Promise<unknown> {
  let text: string;
  try {
    const { bytes } = await readBoundedFile(file, maxBytes, { takesStreams: true });
    text = bytes.toString("utf8");
  } catch (error) {
    const reason = error instanceof UnreadableFile ? words(error) : reasonOf(error);
    throw new RefusedStart(`Failed to read output schema file ${file}: ${reason}`);
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new RefusedStart(`Output schema file ${file} is not valid JSON: ${(error as Error).message}`);
  }
}

function words({ reason, cause }: UnreadableFile): string {
  if (reason === "too-large") return `it is larger than ${maxBytes} bytes`;
  return reasonOf(reason === "folder" ? systemError("EISDIR") : cause);
}
