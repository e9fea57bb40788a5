// Text that somebody else chose, made harmless for logs, labels and terminals: printable ASCII without
// quotes, backslashes and the like, and short.

// What is left is enough for a model name, a request id, a user name, a path.
const strange = /[^A-Za-z0-9 ._:/@+=,()~#-]/g;
const plain = /^[A-Za-z0-9 ._:/@+=,()~#-]*$/;

/** @returns the text with everything strange as `?`, cut with `~` at its end where it is too long */
export function plainText(text: string, maxLength: number): string {
  if (text.length <= maxLength && plain.test(text)) return text;
  const cut = text.length > maxLength ? `${text.slice(0, maxLength - 1)}~` : text;
  return cut.replace(strange, "?");
}
