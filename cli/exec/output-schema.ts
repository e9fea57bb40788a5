// The file of --output-schema: a JSON schema that goes to the service as it is.

import fs from "node:fs";
import { getSystemErrorMap } from "node:util";
import { RefusedStart } from "./refused-start.ts";

/** @throws {RefusedStart} for a file that cannot be read, or is not JSON */
export function readOutputSchema(file: string): unknown {
  let text: string;
  try {
    text = fs.readFileSync(file, "utf8");
  } catch (error) {
    throw new RefusedStart(
      `Failed to read output schema file ${file}: ${osError(error as NodeJS.ErrnoException)}`,
    );
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new RefusedStart(`Output schema file ${file} is not valid JSON: ${(error as Error).message}`);
  }
}

// "No such file or directory (os error 2)", which scripts have seen
function osError({ errno, code }: NodeJS.ErrnoException): string {
  if (errno === undefined) return String(code);
  const text = getSystemErrorMap().get(errno)?.[1] ?? String(code);
  return `${text.charAt(0).toUpperCase()}${text.slice(1)} (os error ${-errno})`;
}
