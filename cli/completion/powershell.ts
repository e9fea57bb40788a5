// The completion script for PowerShell, 5.1 and later.

import type { ValueKind } from "./completion-tree.ts";
import type { CompletionTables } from "./tables.ts";

const quote = (text: string) => `'${text.replaceAll("'", "''")}'`;
const list = (words: readonly string[]) => `@(${words.map(quote).join(", ")})`;

function complete(value: ValueKind): string {
  if (value.kind === "words") return list(value.words);
  return quote(value.kind === "anything" ? "" : "file");
}

// Keys differ by case (-c and -C), which the tables of @{} do not tell apart.
const table = (name: string, entries: readonly (readonly [key: string, value: string])[]) =>
  [
    `    $${name} = [System.Collections.Hashtable]::new([System.StringComparer]::Ordinal)`,
    ...entries.map(([key, value]) => `    $${name}[${quote(key)}] = ${value}`),
  ].join("\n");

const byKey = (groups: CompletionTables["values"]) =>
  groups.flatMap(({ keys, value }) => keys.map((key) => [key, complete(value)] as const));

const described = (named: CompletionTables["options"]) =>
  [...named].map(
    ([path, all]) =>
      [
        path,
        `@(${all.map(({ name, summary }) => `,@(${quote(name)}, ${quote(summary)})`).join("; ")})`,
      ] as const,
  );

/** @returns the script */
export function powershellScript(tables: CompletionTables): string {
  return `# PowerShell completion of codex: codex completion powershell | Out-String | Invoke-Expression

Register-ArgumentCompleter -Native -CommandName 'codex' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
${table(
  "descents",
  [...tables.descents].flatMap(([path, keys]) => keys.map((key) => [key, quote(path)] as const)),
)}
${table("values", byKey(tables.values))}
    $manyValued = ${list(tables.manyValued)}
    $passing = ${list(tables.passing)}
${table("options", described(tables.options))}
${table("subcommands", described(tables.subcommands))}
${table("positionals", byKey(tables.arguments))}

    $command = 'codex'
    $awaiting = ''
    $ended = $false
    $count = 0
    $prefix = ''
    foreach ($element in ($commandAst.CommandElements | Select-Object -Skip 1)) {
        if ($element.Extent.EndOffset -ge $cursorPosition) { break }
        $word = $element.Extent.Text
        if ($ended) { $count++; continue }
        if ($awaiting) {
            if (-not ($manyValued -ccontains $awaiting)) { $awaiting = ''; continue }
            if (-not $word.StartsWith('-')) { continue }
            $awaiting = ''
        }
        $key = "$command $word"
        if ($descents.ContainsKey($key)) { $command = $descents[$key] }
        elseif ($values.ContainsKey($key)) { $awaiting = $key }
        elseif ($word -ceq '--') { $ended = $true }
        elseif ($word -ceq '-' -or -not $word.StartsWith('-')) { $count++; $ended = $passing -ccontains $command }
    }
    if ($wordToComplete.StartsWith('-') -and $manyValued -ccontains $awaiting) { $awaiting = '' }
    if (-not $awaiting -and -not $ended -and $wordToComplete -like '--*=*') {
        $prefix = $wordToComplete.Substring(0, $wordToComplete.IndexOf('=') + 1)
        $awaiting = "$command " + $prefix.TrimEnd('=')
    }
    $found = @()
    if ($awaiting) {
        if ($values[$awaiting] -is [array]) { $found = $values[$awaiting] | ForEach-Object { ,@("$prefix$_", $_) } }
    } elseif (-not $ended -and $wordToComplete.StartsWith('-')) {
        $found = $options[$command]
    } else {
        if (-not $ended -and $count -eq 0 -and $subcommands.ContainsKey($command)) { $found += $subcommands[$command] }
        foreach ($key in "$command $count", "$command *") {
            if ($positionals[$key] -is [array]) { $found += $positionals[$key] | ForEach-Object { ,@($_, $_) } }
        }
    }
    # Where nothing is found PowerShell offers files.
    $found | Where-Object { $_ -and $_[0].StartsWith($wordToComplete, [System.StringComparison]::Ordinal) } | ForEach-Object {
        [System.Management.Automation.CompletionResult]::new($_[0], $_[0], 'ParameterValue', $_[1])
    }
}
`;
}
