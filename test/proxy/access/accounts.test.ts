// Users' names and groups are asked for one at a time, remembered for a minute, and never made up.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Account } from "../../../hardening/accounts.ts";
import { Accounts } from "../../../proxy/access/accounts.ts";
import { PeerRules } from "../../../proxy/access/rules.ts";

const account = (uid: number): Account => ({ name: `user${uid}`, groups: [uid, 500] });

describe("accounts", () => {
  test("are asked for once a minute, and known by name from then on", async () => {
    let now = 0;
    const asked: number[] = [];
    const accounts = new Accounts(
      async (uid) => {
        asked.push(uid);
        return account(uid);
      },
      () => now,
    );
    assert.equal(accounts.nameOf(7), undefined);
    await Promise.all([accounts.of(7), accounts.of(7)]);
    now = 59_999;
    await accounts.of(7);
    assert.deepEqual([asked, accounts.nameOf(7)], [[7], "user7"]);
    now = 60_000;
    const again = accounts.of(7);
    assert.equal(accounts.nameOf(7), "user7", "not forgotten while it is asked again");
    await again;
    assert.deepEqual(asked, [7, 7]);
  });

  test("are asked for one after the other, and not for more than a few at a time", async () => {
    let asking = 0;
    let most = 0;
    const accounts = new Accounts(async (uid) => {
      most = Math.max(most, ++asking);
      await new Promise((resolve) => setImmediate(resolve));
      asking--;
      return account(uid);
    });
    const answers = await Promise.allSettled(Array.from({ length: 100 }, (_, uid) => accounts.of(uid)));
    assert.equal(most, 1);
    assert.equal(answers.filter(({ status }) => status === "fulfilled").length, 64);
  });

  test("of a database that hangs are not waited for longer than 5 s", async (context) => {
    context.mock.timers.enable({ apis: ["setTimeout"] });
    const accounts = new Accounts(() => new Promise(() => {}));
    const answer = accounts.of(7);
    context.mock.timers.tick(5_000);
    await assert.rejects(answer, /does not answer/);
  });

  test("that could not be had are asked for again", async () => {
    let fails = true;
    const accounts = new Accounts(async (uid) => {
      if (fails) throw new Error("no database");
      return account(uid);
    });
    await assert.rejects(accounts.of(7));
    fails = false;
    assert.equal((await accounts.of(7))?.name, "user7");
  });
});

describe("the rule on groups", () => {
  const rules = (lookUp: (uid: number) => Promise<Account | undefined>) =>
    new PeerRules(
      { allowUsers: [], allowUids: [3], allowGroups: ["500"] },
      new Set([65_534]),
      new Accounts(lookUp),
    );
  const tcp = { transport: "tcp" } as const;

  test("lets members in, and refuses when in doubt", async () => {
    const known = rules(async (uid) =>
      uid === 9 ? undefined : { name: "x", groups: uid === 7 ? [1, 500] : [1] },
    );
    assert.equal(await known.decide({ ...tcp, uid: 7 }), undefined);
    assert.equal(await known.decide({ ...tcp, uid: 8 }), "not allowed by --allow-uid, --allow-group");
    assert.equal(await known.decide({ ...tcp, uid: 9 }), "not allowed by --allow-uid, --allow-group");
    const failing = rules(() => Promise.reject(new Error("no database")));
    assert.equal(await failing.decide({ ...tcp, uid: 7 }), "its groups cannot be looked up");
    assert.equal(failing.decide({ ...tcp, uid: 3 }), undefined);
    assert.equal(
      failing.decide({ ...tcp, failure: "unclear" }),
      "whose connection this is cannot be told (unclear)",
    );
    assert.match(String(failing.decide({ ...tcp, uid: 65_534 })), /cannot be told apart/);
  });

  test("takes the kernel's word on a unix socket", () => {
    const failing = rules(() => Promise.reject(new Error("no database")));
    const unix = { transport: "unix" } as const;
    assert.equal(failing.decide({ ...unix, uid: 7, groups: [1, 500] }), undefined);
    assert.equal(
      failing.decide({ ...unix, uid: 7, groups: [1] }),
      "not allowed by --allow-uid, --allow-group",
    );
  });
});
