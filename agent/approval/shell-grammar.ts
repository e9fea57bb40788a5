// Scripts as a real grammar of bash sees them. The grammar is WebAssembly, loaded when the first script is
// looked at; a script that takes too long to parse has no tree, and who asked for one must do without.

import { readFile } from "node:fs/promises";
import type { Node, Parser } from "web-tree-sitter";

export type ShellNode = Node;

const mostBytes = 1024 * 1024;
const mostMs = 1000;

let loading: Promise<Parser> | undefined;

/**
 * Parse a script and look at its tree, which lives no longer than `look`.
 *
 * @returns what `look` returned; undefined where there is no tree
 */
export async function withShellTree<T>(script: string, look: (root: ShellNode) => T): Promise<T | undefined> {
  if (script.length > mostBytes) return undefined;
  loading ??= load();
  const parser = await loading.catch(() => undefined);
  if (parser === undefined) return undefined;
  const end = performance.now() + mostMs;
  const tree = parser.parse(script, null, { progressCallback: () => performance.now() > end });
  if (tree === null) {
    parser.reset(); // or it would go on where it was stopped, with the next script
    return undefined;
  }
  try {
    return look(tree.rootNode);
  } finally {
    tree.delete();
  }
}

async function load(): Promise<Parser> {
  const [{ Language, Parser }, grammar] = await Promise.all([
    import("web-tree-sitter"),
    readFile(new URL("tree-sitter-bash.wasm", import.meta.url)),
  ]);
  await Parser.init();
  return new Parser().setLanguage(await Language.load(grammar));
}
