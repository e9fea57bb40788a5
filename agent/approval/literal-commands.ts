// Every command that a script holds, wherever it stands: in loops, conditions, substitutions and behind
// redirections. Parts of words that are known only when it runs are left open.

import { type ShellNode, withShellTree } from "./shell-grammar.ts";

/** Stands in a word for what is not known. */
export const unknownPart = "\u{FFFC}";

/** The commands of a script, as far as they can be read; undefined for a script that has no tree. */
export function literalCommands(script: string): Promise<readonly (readonly string[])[] | undefined> {
  return withShellTree(script, (root) =>
    root.descendantsOfType("command").map((command) => {
      const words = command.children.filter(({ type }) => type !== "variable_assignment");
      return words.map(literalText);
    }),
  );
}

// A loose reading: it warns, and decides nothing that is allowed without being asked.
function literalText(node: ShellNode): string {
  switch (node.type) {
    case "command_name":
    case "concatenation":
      return node.children.map(literalText).join("");
    case "string":
      return node.children
        .filter(({ type }) => type !== '"')
        .map((part) =>
          part.type === "string_content" ? part.text.replace(/\\(["\\$`])/g, "$1") : unknownPart,
        )
        .join("");
    case "raw_string":
      return node.text.slice(1, -1);
    case "ansi_c_string":
      return unescaped(node.text.slice(2, -1));
    case "word":
    case "number":
      return node.text.replace(/\\\n/g, "").replace(/\\([\s\S])/g, "$1");
    default:
      return node.isNamed ? unknownPart : node.text;
  }
}

function unescaped(text: string): string {
  return text.replace(/\\(x[0-9a-fA-F]{1,2}|u[0-9a-fA-F]{1,4}|[0-7]{1,3}|[\s\S])/g, (_, code: string) => {
    if (/^[xu]./.test(code)) return String.fromCodePoint(Number.parseInt(code.slice(1), 16));
    return /^[0-7]/.test(code) ? String.fromCodePoint(Number.parseInt(code, 8)) : code;
  });
}
