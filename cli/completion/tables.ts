// The tree as tables by which a shell can follow a line word by word. Keys are words with a blank between
// them: the command so far, and what stands behind it.

import {
  allCommands,
  type CompletionCommand,
  type CompletionOption,
  type ValueKind,
} from "./completion-tree.ts";

/** A name that can be completed to, and what it is. */
export interface Candidate {
  readonly name: string;
  readonly summary: string;
}

export interface CompletionTables {
  /** `codex e` → `codex exec` */
  readonly descents: ReadonlyMap<string, readonly string[]>;
  /** options that take a value, `codex -m`; by what the value can be */
  readonly values: readonly { readonly keys: readonly string[]; readonly value: ValueKind }[];
  /** those of them that take several */
  readonly manyValued: readonly string[];
  /** commands of which all that follows the first argument belongs to a program */
  readonly passing: readonly string[];
  readonly options: ReadonlyMap<string, readonly Candidate[]>;
  readonly subcommands: ReadonlyMap<string, readonly Candidate[]>;
  /** `codex completion 0` → what the first argument can be; `*` for all from there on */
  readonly arguments: readonly { readonly keys: readonly string[]; readonly value: ValueKind }[];
}

type Group = { readonly keys: string[]; readonly value: ValueKind };

function group(entries: readonly (readonly [key: string, value: ValueKind])[]): Group[] {
  const groups = new Map<string, Group>();
  for (const [key, value] of entries) {
    const identity = JSON.stringify(value);
    const one = groups.get(identity) ?? { keys: [], value };
    one.keys.push(key);
    groups.set(identity, one);
  }
  return [...groups.values()];
}

function optionKeys(path: string, option: CompletionOption): string[] {
  return option.names.map((name) => `${path} ${name}`);
}

/** Make the tables of a program. */
export function completionTables(program: CompletionCommand): CompletionTables {
  const commands = allCommands(program);
  const descents = new Map<string, string[]>();
  for (const { path, subcommands } of commands) {
    for (const one of subcommands)
      descents.set(
        one.path,
        one.names.map((name) => `${path} ${name}`),
      );
  }
  const withValues = commands.flatMap(({ path, options }) =>
    options.flatMap((option) =>
      option.value === undefined ? [] : [{ keys: optionKeys(path, option), value: option.value, option }],
    ),
  );
  return {
    descents,
    values: group(withValues.flatMap(({ keys, value }) => keys.map((key) => [key, value] as const))),
    manyValued: withValues.filter(({ option }) => option.takesMany).flatMap(({ keys }) => keys),
    passing: commands.filter((one) => one.passesOptionsThrough).map(({ path }) => path),
    options: new Map(
      commands.map(({ path, options }) => [
        path,
        options.flatMap(({ names, summary }) => names.map((name) => ({ name, summary }))),
      ]),
    ),
    subcommands: new Map(
      commands
        .filter(({ subcommands }) => subcommands.length > 0)
        .map(({ path, subcommands }) => [
          path,
          subcommands.flatMap(({ names, summary }) => names.map((name) => ({ name, summary }))),
        ]),
    ),
    arguments: group(
      commands.flatMap((command) =>
        command.arguments.map((value, index) => {
          const isRest = command.repeatsLastArgument && index === command.arguments.length - 1;
          return [`${command.path} ${isRest ? "*" : index}`, value] as const;
        }),
      ),
    ),
  };
}
