// Writes to config.toml on the user's behalf. One writer at a time; what the file says otherwise stays as
// it is; a file that cannot be read, or a change that would change more than was asked for, is left alone.

import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { ensureCodexHome } from "../codex-home.ts";
import { FileLockError, withFileLock } from "../file-lock.ts";
import { replaceFile, targetOf } from "../replace-file.ts";
import type { TomlTable, TomlValue } from "./config.ts";
import type { TextEdit } from "./edit-text.ts";
import { ConfigError } from "./errors.ts";
import { keyText } from "./key-text.ts";
import { readSourceFile } from "./source-file.ts";
import { syntaxError } from "./syntax-error.ts";
import { emptyTable, isTable, parseToml, TomlSyntaxError } from "./toml.ts";

export interface ConfigEdit {
  readonly path: readonly string[];
  /** undefined removes the key; a number that is whole is written as an integer */
  readonly value: TomlValue | undefined;
}

/**
 * Set and remove keys of config.toml. The file and its folder are made if need be, for their owner alone.
 *
 * @throws ConfigError if the file is not TOML, or nothing can be written; it is then as it was before
 */
export async function editConfig(codexHome: string, edits: readonly ConfigEdit[]): Promise<void> {
  const path = join(codexHome, "config.toml");
  try {
    await ensureCodexHome(codexHome);
    await withFileLock(`${await targetOf(path)}.write-lock`, () => rewrite(path, edits));
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    const hint = error instanceof FileLockError ? error.hint : undefined;
    throw new ConfigError("CONFIG_WRITE_FAILED", `cannot write ${path}: ${reasonOf(error)}`, {
      hint,
      cause: error,
    });
  }
}

async function rewrite(path: string, edits: readonly ConfigEdit[]): Promise<void> {
  const { parseTOML } = await import("toml-eslint-parser");
  const { editText, UnreachablePathError } = await import("./edit-text.ts");
  const exact = edits.map(({ path, value }) => ({ path, value: exactValue(value) }));
  // Others may write without a lock: an editor, or the original. What they wrote meanwhile is taken in.
  for (let attempt = 0; attempt < 10; attempt += 1) {
    const source = await readSourceFile(path);
    const written = source?.text ?? "";
    const mark = written.startsWith("\ufeff") ? "\ufeff" : "";
    const text = written.slice(mark.length);
    let edited: string | undefined;
    try {
      const parse = parsedBy(path, written, text, parseTOML);
      refuseValuesInTheWay(path, parseToml(text), exact);
      edited = editText(text, exact, parse);
    } catch (error) {
      if (!(error instanceof UnreachablePathError)) throw error;
    }
    if (
      edited === undefined ||
      !isDeepStrictEqual(withoutEmptyTables(parseToml(edited)), expected(parseToml(text), exact))
    ) {
      throw new ConfigError(
        "CONFIG_WRITE_FAILED",
        `cannot set ${exact.map(({ path }) => keyText(path)).join(", ")} in ${path}`,
        { hint: "the file has a form that cannot be changed safely; edit it by hand" },
      );
    }
    if (edited === text && source !== undefined) return;
    if ((await readSourceFile(path))?.text !== source?.text) continue;
    await replaceFile(path, mark + edited);
    return;
  }
  throw new ConfigError("CONFIG_WRITE_FAILED", `cannot write ${path}: it changes all the time`);
}

/** What is there by mistake is the user's to look at: no table takes the place of a plain value. */
function refuseValuesInTheWay(path: string, root: TomlTable, edits: readonly ConfigEdit[]): void {
  for (const { path: keys, value } of edits) {
    if (value === undefined) continue;
    let table = root;
    for (const [index, key] of keys.slice(0, -1).entries()) {
      const inner = Object.hasOwn(table, key) ? table[key] : undefined;
      if (inner === undefined) break;
      if (Array.isArray(inner) && inner.some(isTable)) break; // editText says what is to be said
      if (!isTable(inner)) {
        const blocking = keyText(keys.slice(0, index + 1));
        throw new ConfigError(
          "CONFIG_WRITE_FAILED",
          `cannot set ${keyText(keys)} in ${path}: ${blocking} is no table there`,
          { hint: `remove ${blocking} from the file, and try again` },
        );
      }
      table = inner;
    }
  }
}

/** Both parsers have to take the text: smol-toml's view of it is the one that loadConfig has. */
function parsedBy<Program>(
  path: string,
  written: string,
  text: string,
  parse: (text: string, options: { tomlVersion: "1.1" }) => Program,
): (text: string, options: { tomlVersion: "1.1" }) => Program {
  try {
    parseToml(text);
  } catch (error) {
    if (!(error instanceof TomlSyntaxError)) throw error;
    throw syntaxError({ path, text: written, uid: 0, mode: 0 }, error);
  }
  return parse;
}

function exactValue(value: TomlValue | undefined): TomlValue | undefined {
  if (typeof value === "number" && Number.isSafeInteger(value) && !Object.is(value, -0)) return BigInt(value);
  if (Array.isArray(value)) return value.map((element) => exactValue(element) as TomlValue);
  if (!isTable(value)) return value;
  const table = emptyTable();
  for (const [key, member] of Object.entries(value)) table[key] = exactValue(member) as TomlValue;
  return table;
}

/** What the file has to say afterwards. Whether an empty table is written or not makes no difference. */
function expected(tree: TomlTable, edits: readonly TextEdit[]): TomlTable {
  return withoutEmptyTables(edits.reduce((table, { path, value }) => changed(table, path, value), tree));
}

function changed(table: TomlTable, path: readonly string[], value: TomlValue | undefined): TomlTable {
  const copy = Object.assign(emptyTable(), table);
  const [key = "", ...rest] = path;
  if (rest.length === 0) {
    if (value === undefined) delete copy[key];
    else copy[key] = value;
    return copy;
  }
  const inner = copy[key];
  if (isTable(inner) || value !== undefined)
    copy[key] = changed(isTable(inner) ? inner : emptyTable(), rest, value);
  return copy;
}

function withoutEmptyTables(table: TomlTable): TomlTable {
  const kept = emptyTable();
  for (const [key, value] of Object.entries(table)) {
    const member = isTable(value) ? withoutEmptyTables(value) : value;
    if (!isTable(member) || Object.keys(member).length > 0) kept[key] = member;
  }
  return kept;
}

function reasonOf(error: unknown): string {
  if (error instanceof FileLockError && error.code !== "FILE_LOCK_IMPOSSIBLE") return error.message;
  const { code, message } = (error instanceof FileLockError ? error.cause : error) as NodeJS.ErrnoException;
  if (code === "ENOSPC" || code === "EDQUOT") return "the disk is full";
  if (code === "EROFS") return "the file system is read-only";
  if (code === "EACCES" || code === "EPERM") return "permission denied";
  return code ?? message;
}
