// The file that takes the place of the built-in instructions. It is read with the configuration, as in the
// original: whoever names a file that is not there learns it at once, whatever the command.

import { ConfigError } from "./errors.ts";
import { readSourceFile, type SourceFile } from "./source-file.ts";

/**
 * @param what - the file, as errors call it
 * @param path - absolute
 * @returns the text without white space around it
 * @throws ConfigError if it cannot be read or says nothing
 */
export async function readInstructions(what: string, path: string): Promise<string> {
  let source: SourceFile | undefined;
  try {
    source = await readSourceFile(path);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw unusable(what, path, error.message.replace(`cannot read ${path}: `, ""), error);
  }
  if (source === undefined) throw unusable(what, path, "No such file or directory (os error 2)");
  const text = source.text.replace(/^\ufeff/, "").trim();
  if (text === "") throw new ConfigError("CONFIG_INSTRUCTIONS_UNUSABLE", `${what} is empty: ${path}`);
  return text;
}

// ENOENT in the words of the original, which is what scripts meet.
function unusable(what: string, path: string, reason: string, cause?: unknown): ConfigError {
  return new ConfigError("CONFIG_INSTRUCTIONS_UNUSABLE", `failed to read ${what} ${path}: ${reason}`, {
    cause,
  });
}
