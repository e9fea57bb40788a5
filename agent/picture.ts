// Pictures as the model takes them: data URLs. What a file is called says nothing; its first bytes do.

const signatures: readonly (readonly [mimeType: string, matches: (bytes: Buffer) => boolean])[] = [
  ["image/png", (bytes) => startsWith(bytes, "\x89PNG\r\n\x1a\n")],
  ["image/jpeg", (bytes) => startsWith(bytes, "\xff\xd8\xff")],
  ["image/gif", (bytes) => startsWith(bytes, "GIF87a") || startsWith(bytes, "GIF89a")],
  ["image/webp", (bytes) => startsWith(bytes, "RIFF") && bytes.toString("latin1", 8, 12) === "WEBP"],
];

/** What pictures may be, for messages. */
export const pictureFormats = "PNG, JPEG, GIF or WebP picture";

function startsWith(bytes: Buffer, text: string): boolean {
  return bytes.toString("latin1", 0, text.length) === text;
}

/** @returns undefined for what is none of the formats that models take */
export function pictureUrl(bytes: Buffer): string | undefined {
  const mimeType = signatures.find(([, matches]) => matches(bytes))?.[0];
  return mimeType === undefined ? undefined : `data:${mimeType};base64,${bytes.toString("base64")}`;
}
