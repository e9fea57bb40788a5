// What an option of this command line can be and commander has no word for: another name that help does
// not show, values separated by commas, one value each time and any number of times.

import { Option } from "commander";

interface Traits {
  readonly aliases: readonly string[];
  readonly isRepeatable: boolean;
  readonly delimiter: string | undefined;
}

const none: Traits = { aliases: [], isRepeatable: false, delimiter: undefined };
const traits = new WeakMap<Option, Traits>();

/** @returns what was said of the option by the functions below */
export function traitsOf(option: Option): Traits {
  return traits.get(option) ?? none;
}

function mark(option: Option, change: Partial<Traits>): Option {
  traits.set(option, { ...traitsOf(option), ...change });
  return option;
}

/** Give an option another long name, `--NAME`, which help does not show. */
export function withAlias(option: Option, alias: string): Option {
  return mark(option, { aliases: [...traitsOf(option).aliases, alias] });
}

/** An option that takes one value each time, any number of times; its value is an array. */
export function repeatable(flags: string, description: string): Option {
  const option = new Option(flags, description);
  option.argParser((value: string, before: readonly string[] | undefined) => [...(before ?? []), value]);
  return mark(option, { isRepeatable: true });
}

/** As repeatable(), and each value can be several, separated by commas. */
export function repeatableList(flags: string, description: string): Option {
  return mark(repeatable(flags, description), { delimiter: "," });
}

/** An option of which a value can be several, separated by commas. Its flags say `<NAME...>`. */
export function commaSeparated(flags: string, description: string): Option {
  return mark(new Option(flags, description), { delimiter: "," });
}
