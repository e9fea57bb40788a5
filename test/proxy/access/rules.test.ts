// The rule on groups, for users whom the kernel cannot tell apart.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Accounts } from "../../../proxy/access/accounts.ts";
import { PeerRules } from "../../../proxy/access/rules.ts";

test("a uid that stands for many is let in by no group, whatever groups it is said to have", async () => {
  const accounts = new Accounts(async () => ({ name: "anybody", groups: [1234] }));
  const options = { allowUsers: [], allowGroups: ["1234"], allowUids: [] };
  const rules = new PeerRules(options, new Set([65_534]), accounts);
  const verdict = async (uid: number, groups?: readonly number[]) =>
    rules.decide({ transport: groups === undefined ? "tcp" : "unix", uid, ...(groups && { groups }) });
  assert.equal(await verdict(60_001), undefined, "the control");
  assert.equal(await verdict(60_001, [1234]), undefined, "the control on a unix socket");
  const refusal = "uid 65534 stands for users who cannot be told apart";
  assert.deepEqual([await verdict(65_534), await verdict(65_534, [1234])], [refusal, refusal]);
});
