// Text that others wrote, made fit to be shown: on a terminal it can neither paint over what stands there
// nor reach the clipboard, the title or the keyboard, and in a message it is one short line.

// Not tab and line feed; a carriage return only where it does not belong to a line's end.
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const controls = /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]|\r(?!\n)/g;

/** Text of several lines for a terminal: control characters become visible ones. */
export function withVisibleControls(text: string): string {
  return text.replace(controls, (control) => {
    const code = control.charCodeAt(0);
    return code < 0x20 ? String.fromCharCode(0x2400 + code) : code === 0x7f ? "\u2421" : "\ufffd";
  });
}

const maxLineLength = 200;

/**
 * Words as one short line, without control characters and without `secrets`.
 *
 * @param maxLength - in characters
 */
export function oneLine(
  words: string,
  secrets: readonly string[] = [],
  maxLength: number = maxLineLength,
): string {
  let line = words;
  for (const secret of secrets) if (secret !== "") line = line.replaceAll(secret, "<redacted>");
  line = line.replaceAll(/[\p{C}\p{Zl}\p{Zp}]+/gu, " ").trim();
  const characters = Array.from(line);
  return characters.length > maxLength ? `${characters.slice(0, maxLength).join("")}…` : line;
}
