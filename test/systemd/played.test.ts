// The unit's own command where systemd cannot be booted: started as systemd would, with sockets, a credential,
// a watchdog and an ear for what it says. What is the machine's in it is put where a test may write.

import assert from "node:assert/strict";
import fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { quietUser, testKey } from "../proxy-process.ts";
import { NotifyReceiver, onLoopback, onPath, PlayedSystemd } from "../sockets/played-systemd.ts";
import { waitFor } from "../wait-for.ts";
import { readUnit, valuesOf } from "./unit-file.ts";

let folder: string;
before(() => {
  folder = fs.mkdtempSync(join(tmpdir(), "codex-played-"));
  fs.chmodSync(folder, 0o755);
});
after(() => fs.rmSync(folder, { recursive: true }));

test("the service's command serves by the sockets, the credential and the watchdog that the unit asks for", async () => {
  const unit = readUnit("codex-responses-api-proxy.service");
  const [, ...own] = (valuesOf(unit, "ExecStart")[0] as string).split(" ");
  const args = own.map((argument) =>
    argument
      .replace("/run/codex-responses-api-proxy", folder)
      .replace("codex-clients", `${process.getegid?.()}`)
      .replace("=journal", "=stderr"),
  );
  const credentials = join(folder, "credentials");
  fs.mkdirSync(credentials, { mode: 0o700 });
  fs.writeFileSync(join(credentials, "openai-api-key"), `${testKey}\n`, { mode: 0o400 });
  fs.chmodSync(credentials, 0o500);

  const receiver = await NotifyReceiver.listen(join(folder, "notify"));
  const manager = await PlayedSystemd.hold(onLoopback(), onPath(join(folder, "client.sock")));
  const service = manager.start({
    args: [...args, ...quietUser],
    env: {
      NOTIFY_SOCKET: join(folder, "notify"),
      CREDENTIALS_DIRECTORY: credentials,
      LISTEN_FDNAMES: "client:client",
      WATCHDOG_USEC: "200000",
    },
  });
  try {
    await service.served();
    await waitFor(() => receiver.has("READY=1") && receiver.has("WATCHDOG=1"), "readiness and signs of life");
    const url = `http://127.0.0.1:${manager.ports[0]}/v1/models`;
    assert.equal((await fetch(url)).status, 403); // served, and refused as it is no request to forward
    assert.ok(
      receiver.has(`STATUS=serving on 127.0.0.1:${manager.ports[0]}, unix:${folder}/client.sock.made, admin`),
    );
    service.kill("SIGTERM");
    assert.deepEqual(await service.ended(), { code: 0, signal: null });
    assert.ok(receiver.has("STOPPING=1"));
  } finally {
    await manager.endAll();
    await manager.close();
    await receiver.close();
  }
});
