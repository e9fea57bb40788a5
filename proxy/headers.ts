// Which headers pass from one side to the other: those that belong to a single connection or tell
// who the client is stay behind, the rest goes on as it came, in its order, duplicates included.

// RFC 9110 7.6.1, and the older Keep-Alive. What Connection names goes too.
const hopByHop = new Set(["connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"]);

const droppedFromRequests = new Set([
  ...hopByHop,
  "authorization", // the upstream gets ours, first
  "host", // the upstream's own
  "cookie", // a client of an API has none; a browser would add them unasked
  "expect", // answered here; RFC 9110 10.1.1
  "forwarded", // RFC 7239
]);

const droppedRequestPrefixes = ["proxy-", "x-forwarded-"];

const droppedFromResponses = new Set([
  ...hopByHop,
  "proxy-authenticate",
  "proxy-authentication-info",
  "set-cookie",
]);

/** Header names that `Connection` declares to be for this hop only, in lower case. */
function namedByConnection(flat: readonly string[]): ReadonlySet<string> {
  const names = new Set<string>();
  for (let i = 0; i + 1 < flat.length; i += 2) {
    if (flat[i]?.toLowerCase() !== "connection") continue;
    for (const name of (flat[i + 1] ?? "").split(",")) names.add(name.trim().toLowerCase());
  }
  // Framing and the media type are not a hop's to drop: a client that names them would change what
  // the upstream reads.
  names.delete("content-length");
  names.delete("content-type");
  return names;
}

function filter(flat: readonly string[], isDropped: (name: string) => boolean): string[] {
  const named = namedByConnection(flat);
  const kept: string[] = [];
  for (let i = 0; i + 1 < flat.length; i += 2) {
    const name = flat[i] ?? "";
    const lowerCase = name.toLowerCase();
    if (!named.has(lowerCase) && !isDropped(lowerCase)) kept.push(name, flat[i + 1] ?? "");
  }
  return kept;
}

/**
 * @param rawHeaders - the client's, as name, value, name, value, …
 * @param authorization - the value to send as `authorization`
 */
export function upstreamHeaders(rawHeaders: readonly string[], authorization: string): string[] {
  const passed = filter(
    rawHeaders,
    (name) =>
      droppedFromRequests.has(name) || droppedRequestPrefixes.some((prefix) => name.startsWith(prefix)),
  );
  // First, so that nothing in another header can stand before the placeholder that it holds.
  return ["authorization", authorization, ...passed];
}

/** @param rawHeaders - the upstream's, as name, value, name, value, … */
export function clientHeaders(rawHeaders: readonly string[]): string[] {
  return filter(rawHeaders, (name) => droppedFromResponses.has(name));
}
