// The file of --output-schema: a JSON schema that goes to the service as it is.

import fs from "node:fs";
import { reasonOf } from "../../agent/system-error.ts";
import { RefusedStart } from "./refused-start.ts";

/** @throws {RefusedStart} for a file that cannot be read, or is not JSON */
export function readOutputSchema(file: string): unknown {
  let text: string;
  try {
    text = fs.readFileSync(file, "utf8");
  } catch (error) {
    throw new RefusedStart(`Failed to read output schema file ${file}: ${reasonOf(error)}`);
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new RefusedStart(`Output schema file ${file} is not valid JSON: ${(error as Error).message}`);
  }
}
