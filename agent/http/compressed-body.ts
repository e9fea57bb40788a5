// Bodies of requests for a service that takes them compressed: a conversation is sent whole each time, and
// is mostly text that was sent before.

import { promisify } from "node:util";
import zlib from "node:zlib";

export interface CompressedBody {
  readonly bytes: Buffer;
  readonly headers: { readonly "content-encoding": "zstd" };
}

type Zstd = (data: Buffer, callback: (error: Error | null, bytes: Buffer) => void) => void;
// Node 22.15 and later
const { zstdCompress } = zlib as { readonly zstdCompress?: Zstd };

/** @returns undefined where this Node cannot compress as such services expect it */
export async function compressedBody(text: string): Promise<CompressedBody | undefined> {
  if (zstdCompress === undefined) return undefined;
  const bytes = await promisify(zstdCompress)(Buffer.from(text));
  return { bytes, headers: { "content-encoding": "zstd" } };
}
