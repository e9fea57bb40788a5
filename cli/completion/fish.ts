// The completion script for fish, 3.1 and later.

import type { ValueKind } from "./completion-tree.ts";
import type { Candidate, CompletionTables } from "./tables.ts";

const quote = (text: string) => `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
const list = (keys: readonly string[]) => keys.map(quote).join(" ");

const described = (candidates: readonly Candidate[]) =>
  list(candidates.map(({ name, summary }) => `${name}\t${summary}`));

function complete(value: ValueKind): string {
  switch (value.kind) {
    case "words":
      return `printf '%s\\n' $prefix${list(value.words).replaceAll(" '", " $prefix'")}`;
    case "file":
      return "__fish_complete_path $current | string replace -r '^' -- \"$prefix\"";
    case "directory":
      return "__fish_complete_directories $current | string replace -r '^' -- \"$prefix\"";
    case "program":
      return "if test $count -eq 0; __fish_complete_command; else; __fish_complete_path $current; end";
    case "anything":
      return "true";
  }
}

const branch = (keys: readonly string[], body: string) => `        case ${list(keys)}\n            ${body}`;

/** @returns the script */
export function fishScript(tables: CompletionTables): string {
  const positional = tables.arguments.map(({ keys, value }) => branch(keys, complete(value)));
  return `# fish completion of codex: codex completion fish | source

function __fish_codex_candidates
    set -l command codex
    set -l awaiting
    set -l ended
    set -l count 0
    set -l prefix ''
    set -l current (commandline -ct)
    set -l tokens (commandline -opc)
    for word in $tokens[2..-1]
        if set -q ended[1]
            set count (math $count + 1)
            continue
        end
        if set -q awaiting[1]
            if contains -- $awaiting ${list(tables.manyValued)}; and not string match -q -- '-*' $word
                continue
            else if not contains -- $awaiting ${list(tables.manyValued)}
                set -e awaiting[1]
                continue
            end
            set -e awaiting[1]
        end
        switch "$command $word"
${[...tables.descents].map(([path, keys]) => branch(keys, `set command ${quote(path)}`)).join("\n")}
${branch(
  tables.values.flatMap(({ keys }) => keys),
  'set awaiting "$command $word"',
)}
            case '* --'
                set ended 1
            case '* -?*'
                true
            case '*'
                set count (math $count + 1)
                if contains -- $command ${list(tables.passing)}
                    set ended 1
                end
        end
    end
    if contains -- "$awaiting" ${list(tables.manyValued)}; and string match -q -- '-*' $current
        set -e awaiting[1]
    end
    if not set -q awaiting[1]; and not set -q ended[1]; and string match -q -- '--*=*' $current
        set prefix (string replace -r '=.*' '=' -- $current)
        set awaiting "$command "(string replace -r '=.*' '' -- $current)
        set current (string replace -r '^[^=]*=' '' -- $current)
    end
    if set -q awaiting[1]
        switch $awaiting
${tables.values.map(({ keys, value }) => branch(keys, complete(value))).join("\n")}
        end
        return
    end
    if not set -q ended[1]; and string match -q -- '-*' $current
        switch $command
${[...tables.options].map(([path, candidates]) => branch([path], `printf '%s\\n' ${described(candidates)}`)).join("\n")}
        end
        return
    end
    if not set -q ended[1]; and test $count -eq 0
        switch $command
${[...tables.subcommands].map(([path, candidates]) => branch([path], `printf '%s\\n' ${described(candidates)}`)).join("\n")}
        end
    end
    switch "$command $count"
${positional.length === 0 ? "        case ''" : positional.join("\n")}
    end
end

complete -c codex -f -a '(__fish_codex_candidates)'
`;
}
