// How a path of keys is written: `a.b."c d"`.

/** @returns one key as TOML writes it */
export function keyPartText(key: string): string {
  return /^[A-Za-z0-9_-]+$/.test(key) ? key : JSON.stringify(key).replaceAll("\u007f", "\\u007f");
}

/** @returns a path as TOML writes a dotted key; the empty path is the empty text */
export function keyText(path: readonly string[]): string {
  return path.map(keyPartText).join(".");
}
