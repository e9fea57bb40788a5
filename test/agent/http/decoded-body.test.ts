// Answers that are compressed, read as they were written.

import assert from "node:assert/strict";
import { once } from "node:events";
import { PassThrough, Readable } from "node:stream";
import { describe, test } from "node:test";
import zlib from "node:zlib";
import { decodedBody } from "../../../agent/http/decoded-body.ts";

const { zstdCompressSync } = zlib as { readonly zstdCompressSync?: (data: Buffer) => Buffer };
const text = "data: é😀\n\n".repeat(5_000);
const bytes = Buffer.from(text);

async function read(body: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

describe("the body of an answer", () => {
  const codings: readonly (readonly [coding: string, compressed: Buffer | undefined])[] = [
    ["gzip", zlib.gzipSync(bytes)],
    ["X-GZIP", zlib.gzipSync(bytes)],
    ["deflate", zlib.deflateSync(bytes)],
    ["br", zlib.brotliCompressSync(bytes)],
    ["zstd", zstdCompressSync?.(bytes)],
    ["gzip, br", zlib.brotliCompressSync(zlib.gzipSync(bytes))],
    ["identity", bytes],
    ["", bytes],
  ];
  for (const [coding, compressed] of codings) {
    const skip = compressed === undefined ? "this Node has no zstd" : false;
    test(`coded as "${coding}" is read as it was written`, { skip }, async () => {
      assert.equal(await read(decodedBody(Readable.from([compressed]), coding)), text);
    });
  }

  test("without the header is passed on as it is", () => {
    const body = Readable.from([bytes]);
    assert.equal(decodedBody(body, undefined), body);
  });

  for (const [coding, flushed] of [
    ["gzip", () => zlib.createGzip()],
    ["br", () => zlib.createBrotliCompress()],
  ] as const) {
    test(`coded as ${coding} is given out as it comes, before the end is there`, async () => {
      const compressor = flushed();
      const body = decodedBody(compressor, coding);
      for (const event of ["data: 1\n\n", "data: 2\n\n"]) {
        compressor.write(event);
        compressor.flush(
          coding === "br" ? zlib.constants.BROTLI_OPERATION_FLUSH : zlib.constants.Z_SYNC_FLUSH,
        );
        const [chunk] = (await once(body, "data")) as [Buffer];
        assert.equal(chunk.toString(), event);
      }
      body.destroy();
    });
  }

  test("that breaks off ends with what has come, and one that is broken fails", async () => {
    const whole = zlib.gzipSync(bytes);
    const cut = await read(decodedBody(Readable.from([whole.subarray(0, whole.length / 2)]), "gzip"));
    assert.ok(cut.length > 0 && text.startsWith(cut.replace(/\ufffd$/, "")));
    await assert.rejects(read(decodedBody(Readable.from([Buffer.from("no gzip")]), "gzip")), {
      code: "Z_DATA_ERROR",
    });
  });

  test("fails with its source, and is closed with its reader", async () => {
    const source = new PassThrough();
    const body = decodedBody(source, "gzip");
    const failed = once(body, "error");
    source.destroy(Object.assign(new Error("gone"), { code: "ECONNRESET" }));
    const [error] = (await failed) as [NodeJS.ErrnoException];
    assert.equal(error.code, "ECONNRESET");

    const other = new PassThrough();
    decodedBody(other, "gzip")
      .on("error", () => {})
      .destroy();
    await new Promise((resolve) => other.once("close", resolve));
  });

  for (const coding of ["compress", "gzip, gzip, gzip, gzip", "__proto__"]) {
    test(`coded as "${coding}" is refused, and its connection given up`, () => {
      const body = new PassThrough();
      assert.throws(() => decodedBody(body, coding), { code: "HTTP_ENCODING" });
      assert.ok(body.destroyed);
    });
  }
});
