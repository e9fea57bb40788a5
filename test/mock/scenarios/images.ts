// Pictures, small enough to stand in a request that is compared whole.

/** One red pixel. */
export const redPixelPng = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC",
  "base64",
);

/** The URLs of all pictures in the `input` of a request, of messages and of outputs, in order. */
export function imageUrlsIn(body: Readonly<Record<string, unknown>>): readonly string[] {
  const input = Array.isArray(body.input) ? (body.input as Record<string, unknown>[]) : [];
  return input
    .flatMap((item) => [item.content, item.output])
    .flatMap((parts) => (Array.isArray(parts) ? (parts as Record<string, unknown>[]) : []))
    .filter((part) => part.type === "input_image")
    .map((part) => String(part.image_url));
}
