// Items as a terminal may see them: no text in them, whoever wrote it, can steer it. Colours of ours are
// put in afterwards.

import { withVisibleControls } from "../../agent/foreign-text.ts";
import type { ThreadItem } from "../../agent/thread/thread-events.ts";

/** The same item with every control character visible, names of members included. */
export function harmlessItem<Item extends ThreadItem>(item: Item): Item {
  return harmless(item) as Item;
}

function harmless(value: unknown): unknown {
  if (typeof value === "string") return withVisibleControls(value);
  if (Array.isArray(value)) return value.map(harmless);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [withVisibleControls(name), harmless(member)]),
  );
}
