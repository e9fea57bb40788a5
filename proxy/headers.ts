// Which headers pass from one side to the other: those that belong to a single connection or tell
// who the client is stay behind, the rest goes on as it came, in its order, duplicates included.

// RFC 9110 7.6.1, and the older Keep-Alive. What Connection names goes too.
const hopByHop = ["connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"];

const droppedFromRequests: ReadonlySet<string> = new Set([
  ...hopByHop,
  "authorization", // the upstream gets ours, first
  "host", // the upstream's own
  "cookie", // a client of an API has none; a browser would add them unasked
  "expect", // answered here; RFC 9110 10.1.1
  "forwarded", // RFC 7239
  "x-codex-proxy-token", // for this proxy alone
  "http2-settings", // RFC 7540 3.2.1: belongs to an offer of h2c, which ends here
]);

const droppedRequestPrefixes = ["proxy-", "x-forwarded-"];

const droppedFromResponses: ReadonlySet<string> = new Set([
  ...hopByHop,
  "proxy-authenticate",
  "proxy-authentication-info",
  "set-cookie",
]);

// RFC 9110 6.5.1: what frames, routes, authenticates or controls is no trailer.
const droppedFromTrailers: ReadonlySet<string> = new Set([
  ...droppedFromResponses,
  "age",
  "authorization",
  "cache-control",
  "content-encoding",
  "content-length",
  "content-range",
  "content-type",
  "date",
  "expires",
  "host",
  "location",
  "retry-after",
  "vary",
  "www-authenticate",
]);

const nothing: ReadonlySet<string> = new Set();

/** Every value of a header, in order; `wanted` in lower case. */
export function valuesOf(flat: readonly string[], wanted: string): readonly string[] {
  const values: string[] = [];
  for (let i = 0; i + 1 < flat.length; i += 2) {
    const name = flat[i] as string;
    if (name.length === wanted.length && name.toLowerCase() === wanted) values.push(flat[i + 1] as string);
  }
  return values;
}

/** Header names that `Connection` declares to be for this hop only, in lower case. */
function namedByConnection(flat: readonly string[]): ReadonlySet<string> {
  let names: Set<string> | undefined;
  for (let i = 0; i + 1 < flat.length; i += 2) {
    const name = flat[i] as string;
    if (name.length !== 10 || name.toLowerCase() !== "connection") continue;
    const value = flat[i + 1] as string;
    if (value === "keep-alive" || value === "close") continue;
    names ??= new Set();
    for (const named of value.split(",")) names.add(named.trim().toLowerCase());
  }
  // Framing and the media type are not a hop's to drop: a client that names them would change what
  // the upstream reads.
  names?.delete("content-length");
  names?.delete("content-type");
  return names ?? nothing;
}

function filter(flat: readonly string[], isDropped: (name: string) => boolean): string[] {
  const named = namedByConnection(flat);
  const kept: string[] = [];
  for (let i = 0; i + 1 < flat.length; i += 2) {
    const name = flat[i] as string;
    const lowerCase = name.toLowerCase();
    if (!named.has(lowerCase) && !isDropped(lowerCase)) kept.push(name, flat[i + 1] as string);
  }
  return kept;
}

/** The headers that the proxy sends in its own name. */
export interface OwnHeaders {
  /** in lower case */
  readonly authHeader: string;
  readonly authValue: string;
  /** name, value, name, value, …; a client's headers of these names are dropped */
  readonly addedHeaders: readonly string[];
}

/** Make the rule for requests once, for all of them. */
export function requestHeaderRule(own: OwnHeaders): (rawHeaders: readonly string[]) => string[] {
  const replaced = own.addedHeaders.filter((_, index) => index % 2 === 0).map((name) => name.toLowerCase());
  const dropped = new Set([...droppedFromRequests, own.authHeader, ...replaced]);
  const isDropped = (name: string): boolean =>
    dropped.has(name) || droppedRequestPrefixes.some((prefix) => name.startsWith(prefix));
  return (rawHeaders) =>
    // The key's header first, so that nothing in another one can stand before the placeholder it holds.
    [own.authHeader, own.authValue, ...own.addedHeaders, ...filter(rawHeaders, isDropped)];
}

/** @param rawHeaders - the upstream's, as name, value, name, value, … */
export function clientHeaders(rawHeaders: readonly string[]): string[] {
  return filter(rawHeaders, (name) => droppedFromResponses.has(name));
}

/** @param rawTrailers - the upstream's, as name, value, name, value, … */
export function clientTrailers(rawTrailers: readonly string[]): [name: string, value: string][] {
  const flat = filter(rawTrailers, (name) => droppedFromTrailers.has(name));
  return flat.flatMap((name, index) => (index % 2 === 0 ? [[name, flat[index + 1] as string]] : []));
}
