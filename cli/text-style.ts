// Colours for a terminal, or none.

/** What a text may look like; white, black and grey are left to the terminal. */
export type Style = "bold" | "cyan" | "green" | "yellow" | "red" | "dim" | "speaker";

const codes: Readonly<Record<Style, string>> = {
  bold: "1",
  dim: "2",
  red: "31",
  green: "32",
  yellow: "33",
  cyan: "36",
  speaker: "3;35", // italic magenta
};

/** Puts a text into a style. */
export type Paint = (style: Style, text: string) => string;

/** @param hasColours - whether what is painted goes to somebody who sees colours */
export function painter(hasColours: boolean): Paint {
  if (!hasColours) return (_, text) => text;
  return (style, text) => `\x1b[${codes[style]}m${text}\x1b[0m`;
}
