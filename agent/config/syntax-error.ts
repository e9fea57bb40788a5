// A file that is not TOML, in the words of the original.

import { ConfigError } from "./errors.ts";
import { picture } from "./picture.ts";
import type { SourceFile } from "./source-file.ts";
import type { TomlSyntaxError } from "./toml.ts";

/** @returns the error of a file that is not TOML, with the words and the picture of the original */
export function syntaxError({ text, path }: SourceFile, error: TomlSyntaxError): ConfigError {
  const { line, column } = error;
  const head = `TOML parse error at line ${line}, column ${column}`;
  const message = [head, ...picture(text, { line, column }, false), error.message, `in ${path}`].join("\n");
  return new ConfigError("CONFIG_NOT_TOML", message, { cause: error });
}
