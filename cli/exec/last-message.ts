// The file of --output-last-message.

import fs from "node:fs";
import { reasonOf } from "../../agent/system-error.ts";
import type { TextSink } from "./exec-output.ts";

/** Write the last message without a line end. @returns whether it could be written */
export function writeLastMessage(file: string, text: string | undefined, stderr: TextSink): boolean {
  try {
    fs.writeFileSync(file, text ?? "");
  } catch (error) {
    stderr.write(`Failed to write last message file ${JSON.stringify(file)}: ${reasonOf(error)}\n`);
    return false;
  }
  if (text === undefined) stderr.write(`Warning: no last agent message; wrote empty content to ${file}\n`);
  return true;
}
