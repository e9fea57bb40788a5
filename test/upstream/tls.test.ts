// The same hostile upstream over TLS, and what TLS adds: handshakes that fail, certificates that are
// not its own, records that are cut.

import fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before } from "node:test";
import tls from "node:tls";
import { makeAuthority, makeSelfSigned } from "../mock/certificate.ts";
import { type BadServers, tlsCases } from "./cases/tls.ts";
import { type Lane, openLane } from "./lane.ts";
import { testTable } from "./table.ts";
import { testCases } from "./test-cases.ts";

let lane: Lane;
let badServers: BadServers;
let folder: string;

const dayMs = 86_400_000;

function validity(fromDays: number, toDays: number) {
  return {
    notBefore: new Date(Date.now() + fromDays * dayMs),
    notAfter: new Date(Date.now() + toDays * dayMs),
  };
}

before(async () => {
  const authority = makeAuthority();
  const own = authority.issue(["127.0.0.1"]);
  badServers = {
    expired: tls.createSecureContext(authority.issue(["127.0.0.1"], validity(-2, -1))),
    notYetValid: tls.createSecureContext(authority.issue(["127.0.0.1"], validity(1, 2))),
    otherName: tls.createSecureContext(authority.issue(["other.example"])),
    selfSigned: tls.createSecureContext(makeSelfSigned(["127.0.0.1"])),
    otherAuthority: tls.createSecureContext(makeAuthority("Another authority").issue(["127.0.0.1"])),
    sameNameAuthority: tls.createSecureContext(makeAuthority().issue(["127.0.0.1"])),
    tls11: tls.createSecureContext({
      ...own,
      minVersion: "TLSv1",
      maxVersion: "TLSv1.1",
      ciphers: "DEFAULT@SECLEVEL=0",
    }),
  };
  folder = fs.mkdtempSync(join(tmpdir(), "codex-upstream-"));
  const caFile = join(folder, "ca.pem");
  fs.writeFileSync(caFile, authority.cert);
  lane = await openLane(["--upstream-ca", caFile], tls.createSecureContext(own));
});
after(async () => {
  await lane.close();
  fs.rmSync(folder, { recursive: true });
});

testTable("TLS", () => lane);
testCases(
  "an upstream whose TLS cannot be relied on",
  tlsCases(() => badServers),
  () => lane,
);
