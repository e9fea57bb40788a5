// The completion script for elvish, 0.17 and later.

import type { ValueKind } from "./completion-tree.ts";
import type { Candidate, CompletionTables } from "./tables.ts";

const quote = (text: string) => `'${text.replaceAll("'", "''")}'`;
const list = (words: readonly string[]) => `[${words.map(quote).join(" ")}]`;

function complete(value: ValueKind): string {
  switch (value.kind) {
    case "words":
      return list(value.words);
    case "file":
    case "directory":
    case "program":
      return quote("file");
    case "anything":
      return quote("");
  }
}

// [&] is a map; [] would be a list.
const map = (entries: readonly (readonly [key: string, value: string])[]) =>
  entries.length === 0
    ? "[&]"
    : `[\n${entries.map(([key, value]) => `    &${quote(key)}=${value}`).join("\n")}\n]`;

const candidates = (all: readonly Candidate[]) =>
  `[${all.map(({ name, summary }) => `[${quote(name)} ${quote(summary)}]`).join(" ")}]`;

const byKey = (groups: CompletionTables["values"]) =>
  map(groups.flatMap(({ keys, value }) => keys.map((key) => [key, complete(value)] as const)));

/** @returns the script */
export function elvishScript(tables: CompletionTables): string {
  return `# elvish completion of codex: eval (codex completion elvish | slurp)

use str

var codex-descents = ${map([...tables.descents].flatMap(([path, keys]) => keys.map((key) => [key, quote(path)] as const)))}
var codex-values = ${byKey(tables.values)}
var codex-many-valued = ${map(tables.manyValued.map((key) => [key, "$true"] as const))}
var codex-passing = ${map(tables.passing.map((key) => [key, "$true"] as const))}
var codex-options = ${map([...tables.options].map(([path, all]) => [path, candidates(all)] as const))}
var codex-subcommands = ${map([...tables.subcommands].map(([path, all]) => [path, candidates(all)] as const))}
var codex-arguments = ${byKey(tables.arguments)}

fn codex-show {|pairs|
    for pair $pairs {
        edit:complex-candidate $pair[0] &display=$pair[0]' ('$pair[1]')'
    }
}

fn codex-complete-value {|kind prefix current|
    if (eq (kind-of $kind) list) {
        for word $kind { put $prefix$word }
    } elif (eq $kind file) {
        edit:complete-filename $current
    }
}

set edit:completion:arg-completer[codex] = {|@words|
    var command = codex
    var awaiting = ''
    var ended = $false
    var count = (num 0)
    var current = $words[-1]
    var prefix = ''
    for word $words[1..-1] {
        if $ended {
            set count = (+ $count 1)
            continue
        }
        if (not-eq $awaiting '') {
            if (not (has-key $codex-many-valued $awaiting)) {
                set awaiting = ''
                continue
            }
            if (not (str:has-prefix $word '-')) { continue }
            set awaiting = ''
        }
        var key = $command' '$word
        if (has-key $codex-descents $key) {
            set command = $codex-descents[$key]
        } elif (has-key $codex-values $key) {
            set awaiting = $key
        } elif (eq $word '--') {
            set ended = $true
        } elif (or (not (str:has-prefix $word '-')) (eq $word '-')) {
            set count = (+ $count 1)
            set ended = (has-key $codex-passing $command)
        }
    }
    if (and (has-key $codex-many-valued $awaiting) (str:has-prefix $current '-')) { set awaiting = '' }
    if (and (eq $awaiting '') (not $ended) (str:has-prefix $current '--') (str:contains $current '=')) {
        var name = [(str:split '=' $current)][0]
        set prefix = $name'='
        set awaiting = $command' '$name
    }
    if (not-eq $awaiting '') {
        if (has-key $codex-values $awaiting) {
            codex-complete-value $codex-values[$awaiting] $prefix $current
        }
    } elif (and (not $ended) (str:has-prefix $current '-')) {
        codex-show $codex-options[$command]
    } else {
        if (and (not $ended) (== $count 0) (has-key $codex-subcommands $command)) {
            codex-show $codex-subcommands[$command]
        }
        for key [$command' '(to-string $count) $command' *'] {
            if (has-key $codex-arguments $key) {
                codex-complete-value $codex-arguments[$key] '' $current
            }
        }
    }
}
`;
}
