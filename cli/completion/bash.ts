// The completion script for bash, 3.2 and later.

import type { ValueKind } from "./completion-tree.ts";
import type { Candidate, CompletionTables } from "./tables.ts";

const quote = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;
const pattern = (keys: readonly string[]) => keys.map(quote).join("|");
const names = (candidates: readonly Candidate[]) => quote(candidates.map(({ name }) => name).join(" "));

function complete(value: ValueKind): string {
  switch (value.kind) {
    case "words":
      return `__codex_words ${quote(value.words.join(" "))}`;
    case "file":
      return "__codex_files -f";
    case "directory":
      return "__codex_files -d";
    case "program":
      return "__codex_program";
    case "anything":
      return ":";
  }
}

// A case without branches would be a syntax error.
const branches = (lines: readonly string[]) => [...lines, "        *) : ;;"].join("\n");

/** @returns the script */
export function bashScript(tables: CompletionTables): string {
  const positional = tables.arguments.map(({ keys, value }) => {
    const patterns = keys.map((key) => (key.endsWith("*") ? `${quote(key.slice(0, -1))}*` : quote(key)));
    return `        ${patterns.join("|")}) ${complete(value)} ;;`;
  });
  return `# bash completion of codex: eval "$(codex completion bash)"

__codex_words() {
    COMPREPLY=($(compgen -W "$1" -- "$current"))
}

__codex_files() {
    local file
    compopt -o filenames 2>/dev/null
    while IFS= read -r file; do COMPREPLY+=("$file"); done < <(compgen "$1" -- "$current")
}

__codex_program() {
    if [[ $count == 0 && $current != */* ]]; then COMPREPLY=($(compgen -c -- "$current")); else __codex_files -f; fi
}

_codex() {
    local current=\${COMP_WORDS[COMP_CWORD]} command=codex awaiting= ended= count=0 index word
    COMPREPLY=()
    # A word with = in it comes in three.
    [[ $current == "=" ]] && current=
    for ((index = 1; index < COMP_CWORD; index++)); do
        word=\${COMP_WORDS[index]}
        if [[ -n $ended ]]; then count=$((count + 1)); continue; fi
        if [[ -n $awaiting ]]; then
            [[ $word == "=" ]] && continue
            case $awaiting in
                ${pattern(tables.manyValued) || "''"}) [[ $word != -* ]] && continue ;;
                *) awaiting=; continue ;;
            esac
            awaiting=
        fi
        if [[ $word == "=" ]]; then index=$((index + 1)); continue; fi
        case "$command $word" in
${[...tables.descents].map(([path, keys]) => `            ${pattern(keys)}) command=${quote(path)} ;;`).join("\n")}
            ${tables.values.flatMap(({ keys }) => keys.map(quote)).join("|\\\n            ")}) awaiting="$command $word" ;;
            *' --') ended=1 ;;
            *' -'?*) ;;
            *)
                count=$((count + 1))
                case $command in ${pattern(tables.passing) || "''"}) ended=1 ;; esac
                ;;
        esac
    done
    if [[ $current == -* ]]; then case $awaiting in ${pattern(tables.manyValued) || "''"}) awaiting= ;; esac; fi
    if [[ -n $awaiting ]]; then
        case $awaiting in
${branches(tables.values.map(({ keys, value }) => `        ${pattern(keys)}) ${complete(value)} ;;`))}
        esac
        return
    fi
    [[ \${COMP_WORDS[COMP_CWORD]} == "=" || \${COMP_WORDS[COMP_CWORD - 1]} == "=" ]] && return
    if [[ -z $ended && $current == -* ]]; then
        case $command in
${branches([...tables.options].map(([path, candidates]) => `        ${quote(path)}) __codex_words ${names(candidates)} ;;`))}
        esac
        return
    fi
    case "$command $count" in
${branches(positional)}
    esac
    [[ -n $ended || $count != 0 ]] && return
    case $command in
${branches([...tables.subcommands].map(([path, candidates]) => `        ${quote(path)}) COMPREPLY+=($(compgen -W ${names(candidates)} -- "$current")) ;;`))}
    esac
}

complete -F _codex codex
`;
}
