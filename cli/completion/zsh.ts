// The completion script for zsh: to be sourced, or put into fpath as _codex.

import type { ValueKind } from "./completion-tree.ts";
import type { Candidate, CompletionTables } from "./tables.ts";

const quote = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;
const pattern = (keys: readonly string[]) => keys.map(quote).join("|");

// What _describe splits at its first colon.
const described = ({ name, summary }: Candidate) =>
  quote(`${name.replaceAll(":", "\\:")}:${summary.replaceAll("\\", "\\\\").replaceAll(":", "\\:")}`);

function complete(value: ValueKind): string {
  switch (value.kind) {
    case "words":
      return `compadd -- ${value.words.map(quote).join(" ")}`;
    case "file":
      return "_files";
    case "directory":
      return "_files -/";
    case "program":
      return "if (( count == 0 )) { _command_names -e } else { _files }";
    case "anything":
      return ":";
  }
}

/** @returns the script */
export function zshScript(tables: CompletionTables): string {
  const positional = tables.arguments.map(({ keys, value }) => {
    const patterns = keys.map((key) => (key.endsWith("*") ? `${quote(key.slice(0, -1))}*` : quote(key)));
    return `    (${patterns.join("|")}) ${complete(value)} ;;`;
  });
  return `#compdef codex
# zsh completion of codex: source <(codex completion zsh), or this file as _codex in a folder of fpath

_codex() {
  local command=codex awaiting= ended= word
  local -i count=0 index
  local -a candidates
  for (( index = 2; index < CURRENT; index++ )); do
    word=\${words[index]}
    if [[ -n $ended ]]; then count+=1; continue; fi
    if [[ -n $awaiting ]]; then
      case $awaiting in
        (${pattern(tables.manyValued) || "''"}) [[ $word != -* ]] && continue ;;
        (*) awaiting=; continue ;;
      esac
      awaiting=
    fi
    case "$command $word" in
${[...tables.descents].map(([path, keys]) => `      (${pattern(keys)}) command=${quote(path)} ;;`).join("\n")}
      (${tables.values.flatMap(({ keys }) => keys.map(quote)).join("|\\\n      ")}) awaiting="$command $word" ;;
      (*' --') ended=1 ;;
      (*' -'?*) ;;
      (*)
        count+=1
        case $command in (${pattern(tables.passing) || "''"}) ended=1 ;; esac
        ;;
    esac
  done
  word=\${words[CURRENT]}
  if [[ $word == -* ]]; then case $awaiting in (${pattern(tables.manyValued) || "''"}) awaiting= ;; esac; fi
  if [[ -z $awaiting$ended && $word == --*=* ]]; then
    awaiting="$command \${word%%=*}"
    compset -P '*='
  fi
  if [[ -n $awaiting ]]; then
    case $awaiting in
${tables.values.map(({ keys, value }) => `    (${pattern(keys)}) ${complete(value)} ;;`).join("\n")}
    esac
    return
  fi
  if [[ -z $ended && $word == -* ]]; then
    case $command in
${[...tables.options].map(([path, candidates]) => `    (${quote(path)}) candidates=(${candidates.map(described).join(" ")}) ;;`).join("\n")}
    esac
    _describe -o option candidates
    return
  fi
  if [[ -z $ended ]] && (( count == 0 )); then
    case $command in
${[...tables.subcommands].map(([path, candidates]) => `    (${quote(path)}) candidates=(${candidates.map(described).join(" ")}) ;;`).join("\n")}
    esac
    (( $#candidates )) && _describe command candidates
  fi
  case "$command $count" in
${positional.join("\n")}
  esac
}

if [[ $funcstack[1] == _codex ]]; then
  _codex "$@"
else
  compdef _codex codex
fi
`;
}
