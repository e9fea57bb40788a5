// The body of an answer as its sender wrote it, whatever it was compressed with. None is asked for: a
// compressor may hold events back. But some gateways compress without being asked.

import { pipeline, type Readable, type Transform } from "node:stream";
import zlib from "node:zlib";
import { AgentError } from "../errors.ts";

/** More than one is rare, and a long list is an attack. */
const maxCodings = 3;

// What has come is given out at once, and an end without a trailer is left to the reader to judge.
const gzipFlush = { flush: zlib.constants.Z_SYNC_FLUSH, finishFlush: zlib.constants.Z_SYNC_FLUSH };
const brotliFlush = {
  flush: zlib.constants.BROTLI_OPERATION_FLUSH,
  finishFlush: zlib.constants.BROTLI_OPERATION_FLUSH,
};

// Node 22.15 and later
const { createZstdDecompress } = zlib as { readonly createZstdDecompress?: () => Transform };

const decoders = new Map<string, (() => Transform) | undefined>([
  ["gzip", () => zlib.createGunzip(gzipFlush)],
  ["x-gzip", () => zlib.createGunzip(gzipFlush)],
  ["deflate", () => zlib.createInflate(gzipFlush)],
  ["br", () => zlib.createBrotliDecompress(brotliFlush)],
  ["zstd", createZstdDecompress],
]);

/**
 * @param contentEncoding - the header of that name
 * @returns `body` itself where it is not compressed; destroying what is returned destroys it too
 * @throws {AgentError} HTTP_ENCODING for a coding that this Node does not know; `body` is destroyed then
 */
export function decodedBody(body: Readable, contentEncoding: string | string[] | undefined): Readable {
  const codings = String(contentEncoding ?? "")
    .toLowerCase()
    .split(",")
    .map((coding) => coding.trim())
    .filter((coding) => coding !== "" && coding !== "identity");
  const makers = codings.map((coding) => decoders.get(coding));
  const unknown = codings.find((_, index) => makers[index] === undefined);
  if (unknown !== undefined || makers.length > maxCodings) {
    body.destroy();
    const what = unknown === undefined ? "more often than anybody would" : `with \`${unknown.slice(0, 40)}\``;
    throw new AgentError(`the answer is compressed ${what}, and cannot be read`, { code: "HTTP_ENCODING" });
  }
  return makers.reduceRight<Readable>((source, make) => {
    const decoder = (make as () => Transform)();
    source.on("error", () => {}); // whoever reads the decoder is told
    pipeline(source, decoder, () => {});
    return decoder;
  }, body);
}
