// One reader for files of others: whole, or refused with the reason.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { readBoundedFile, UnreadableFile } from "../../agent/bounded-file.ts";

const place = fs.mkdtempSync(join(tmpdir(), "bounded-file-"));
after(() => fs.rmSync(place, { recursive: true, force: true }));

async function reasonFor(path: string, maxBytes = 100): Promise<string> {
  try {
    await readBoundedFile(path, maxBytes);
  } catch (error) {
    assert.ok(error instanceof UnreadableFile);
    return error.reason;
  }
  return "read";
}

describe("a bounded file", () => {
  test("is read byte for byte up to its bound, through links, and no further", async () => {
    const path = join(place, "file");
    fs.writeFileSync(path, "0123456789");
    fs.symlinkSync("file", join(place, "link"));
    const { bytes, stats } = await readBoundedFile(join(place, "link"), 10);
    assert.deepEqual([bytes.toString(), stats.ino], ["0123456789", fs.statSync(path).ino]);
    assert.equal(await reasonFor(path, 9), "too-large");
    fs.writeFileSync(path, "");
    assert.equal((await readBoundedFile(path, 0)).bytes.length, 0);
  });

  test("is read whole where its size is not told, as in /proc", async () => {
    const path = `/proc/${process.pid}/status`;
    assert.equal(fs.statSync(path).size, 0);
    assert.match((await readBoundedFile(path, 65_536)).bytes.toString(), /^Name:\t/);
    assert.equal(await reasonFor(path, 20), "too-large");
  });

  test("of several chunks is put together in order", async () => {
    const path = join(place, "large");
    const content = Buffer.from(Array.from({ length: 300_000 }, (_, index) => index % 251));
    fs.writeFileSync(path, content);
    assert.ok((await readBoundedFile(path, 300_000)).bytes.equals(content));
  });

  test("is nothing else that stands in a file's place, and nothing is waited for", async () => {
    execFileSync("mkfifo", [join(place, "fifo")]);
    fs.symlinkSync("round", join(place, "round"));
    const reasons: Record<string, string> = {};
    for (const path of ["none", "file/below", "fifo", "round", "."])
      reasons[path] = await reasonFor(join(place, path));
    assert.deepEqual(
      { ...reasons, device: await reasonFor("/dev/zero") },
      {
        ...{ none: "absent", "file/below": "absent", fifo: "not-regular", round: "refused", ".": "folder" },
        device: "not-regular",
      },
    );
  });

  test("may be a pipe where that is wanted, and is bounded there too", async () => {
    const pipe = join(place, "wanted");
    execFileSync("mkfifo", [pipe]);
    const options = { takesStreams: true };
    const [, { bytes }] = await Promise.all([
      fs.promises.writeFile(pipe, "said"),
      readBoundedFile(pipe, 100, options),
    ]);
    assert.equal(bytes.toString(), "said");
    await assert.rejects(readBoundedFile("/dev/zero", 100, options), { reason: "too-large" });
    await assert.rejects(readBoundedFile(place, 100, options), { reason: "folder" });
  });

  test("is no link where none is wanted", async () => {
    fs.writeFileSync(join(place, "target"), "x");
    fs.symlinkSync("target", join(place, "pointer"));
    const options = { refusesLink: true };
    const { bytes } = await readBoundedFile(join(place, "target"), 1, options);
    assert.equal(bytes.toString(), "x");
    await assert.rejects(readBoundedFile(join(place, "pointer"), 1, options), (error) => {
      assert.ok(error instanceof UnreadableFile);
      return error.reason === "refused" && (error.cause as NodeJS.ErrnoException).code === "ELOOP";
    });
  });
});
