// Sessions of `codex exec` side by side with 0.50.0: the same script for both, and then the same requests,
// the same lines of JSON, the same files and the same exit codes, but for the differences that are listed
// here and in docs/compatibility.md with their reasons.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { playExec } from "./exec-chain.ts";
import { always, type Compared, differences } from "./exec-differences.ts";
import { plays } from "./exec-plays.ts";
import { ours, reference } from "./originals.ts";

describe("a session of codex exec beside 0.50.0", { skip: reference.skip, concurrency: 2 }, () => {
  for (const [title, play] of Object.entries(plays)) {
    test(`${title}: asks, prints and changes the same`, async () => {
      const [own, original] = await Promise.all(
        [ours, reference].map(async (subject): Promise<Compared> => {
          const { codes, lines, stderr, requests, files } = await playExec(subject, play);
          return { codes, lines, stderr, requests, files };
        }),
      );
      const wanted = [...always, ...(differences[title as keyof typeof plays] ?? [])].reduce(
        (seen, difference) => difference(seen),
        original as Compared,
      );
      assert.deepEqual(own, wanted);
    });
  }
});
