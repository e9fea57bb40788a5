// The file of client tokens: whatever it holds is either read, or refused by a line number alone.

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type ClientToken,
  ClientTokenFileError,
  formatClientToken,
  parseClientTokens,
} from "../../proxy/access/client-token.ts";
import { fc } from "./settings.ts";

const name = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$/);

const token: fc.Arbitrary<ClientToken> = fc
  .record({
    name,
    digest: fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes)),
    uid: fc.option(fc.integer({ min: 0, max: 4_294_967_294 }), { nil: undefined }),
    expiresAtMs: fc.option(
      fc.integer({ min: 0, max: 4_000_000_000 }).map((seconds) => seconds * 1000),
      {
        nil: undefined,
      },
    ),
  })
  .map(({ uid, expiresAtMs, ...rest }) => ({
    ...rest,
    ...(uid !== undefined && { uid }),
    ...(expiresAtMs !== undefined && { expiresAtMs }),
  }));

test("what was written is what is read", () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(token, { selector: (one) => one.name, maxLength: 5 }),
      fc.constantFrom("\n", "\r\n", "\n\n# a comment\n", "   # behind a line\n"),
      (tokens, end) => {
        const text = tokens.map((one) => formatClientToken(one) + end).join("");
        assert.deepEqual(parseClientTokens(text), tokens);
      },
    ),
  );
});

const field = fc.oneof(
  name,
  fc.stringMatching(/^[0-9a-f]{62,66}$/),
  fc.stringMatching(/^(uid|expires|gid)=[0-9TZ:-]{0,24}$/),
  fc.string({ unit: "binary", maxLength: 20 }),
  fc.constantFrom("#", "# x", "uid=1", "expires=2027-13-01", "expires=9999-99-99T99:99:99Z"),
);

test("anything else is refused by its line, and nothing of it is repeated", () => {
  const messages = new Set<string>();
  fc.assert(
    fc.property(fc.array(fc.array(field, { maxLength: 5 }), { maxLength: 4 }), (lines) => {
      try {
        parseClientTokens(lines.map((fields) => fields.join(" ")).join("\n"));
      } catch (error) {
        assert.ok(error instanceof ClientTokenFileError, String(error));
        messages.add(error.message.replace(/line \d+/g, "line N"));
      }
    }),
  );
  // As few as there are reasons: none depends on what was there.
  assert.ok(messages.size > 2 && messages.size <= 7, [...messages].join("\n"));
});
