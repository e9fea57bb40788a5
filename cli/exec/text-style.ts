// Colours for a terminal, or none.

export type Style = "bold" | "cyan" | "green" | "red" | "dim" | "speaker";

const codes: Readonly<Record<Style, string>> = {
  bold: "1",
  dim: "2",
  red: "31",
  green: "32",
  cyan: "36",
  speaker: "3;35", // italic magenta
};

/** Puts a text into a style. */
export type Paint = (style: Style, text: string) => string;

export function painter(hasColours: boolean): Paint {
  if (!hasColours) return (_, text) => text;
  return (style, text) => `\x1b[${codes[style]}m${text}\x1b[0m`;
}

// Not tab and line feed; a carriage return only where it does not belong to a line's end.
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const controls = /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]|\r(?!\n)/g;

/**
 * Text of others for a terminal: control characters become visible, so that it can neither paint over what
 * stands there nor reach the clipboard, the title or the keyboard.
 */
export function harmless(text: string): string {
  return text.replace(controls, (control) => {
    const code = control.charCodeAt(0);
    return code < 0x20 ? String.fromCharCode(0x2400 + code) : code === 0x7f ? "\u2421" : "\ufffd";
  });
}
