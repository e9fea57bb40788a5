// What docs/container/Dockerfile promises, without its builder: the proxy runs from a read-only root
// with Node, its libraries and this package in it, no shell, no user names, no capability.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { type MockUpstream, startMockUpstream } from "../mock/upstream.ts";
import {
  packageRoot,
  type RunOptions,
  runProxy,
  skipWithoutOtherUser,
  startProxy,
  testKey,
} from "../proxy-process.ts";

const user = 65532;
const inside = "/opt/proxy/native/build/codex-responses-api-proxy";

// Mounts of its own, gone with the process. Its arguments: the folder, the package, Node, the program.
const script = `set -e
root=$1 package=$2 node=$3; shift 3
mount --make-rprivate /
mount -t tmpfs -o mode=755 none "$root"
for file in "$node" $(ldd "$node" | grep -o '/[^ ]*'); do
  mkdir -p "$root$(dirname "$file")" && cp -L "$file" "$root$file"
done
mkdir -p "$root/opt/proxy" "$root/proc" "$root/dev" "$root/run/codex" "$root/etc"
mount --bind "$package" "$root/opt/proxy" && mount -o remount,bind,ro "$root/opt/proxy"
mount --rbind /proc "$root/proc"
for device in null urandom; do touch "$root/dev/$device"; mount --bind "/dev/$device" "$root/dev/$device"; done
mount -t tmpfs -o uid=${user},gid=${user},mode=755 none "$root/run/codex"
find "$root" -xdev -type f -perm -1 > "$root/run/codex/executables"
mount -o remount,ro "$root"
exec chroot --userspec=${user}:${user} --groups= "$root" "$@"
`;

let folder: string;
let upstream: MockUpstream;

before(async () => {
  folder = fs.mkdtempSync(join(tmpdir(), "codex-container-"));
  fs.chmodSync(folder, 0o755);
  fs.writeFileSync(join(folder, "root.sh"), script);
  fs.mkdirSync(join(folder, "root"));
  upstream = await startMockUpstream({ mode: "plain", expectedKey: testKey });
});
after(async () => {
  await upstream.close();
  fs.rmSync(folder, { recursive: true, force: true });
});

function inMinimalRoot(args: readonly string[]): RunOptions {
  const node = execFileSync(process.execPath, ["-p", "process.execPath"], { encoding: "utf8" }).trim();
  const enter = [
    "unshare",
    "--mount",
    "sh",
    join(folder, "root.sh"),
    join(folder, "root"),
    packageRoot,
    node,
  ];
  return { through: enter, command: inside, args };
}

test("every protection that secrecy rests on is on", { skip: skipWithoutOtherUser }, async () => {
  const { code, stdout } = await runProxy(inMinimalRoot(["--check", "--json"]));
  assert.equal(code, 0, stdout);
});

test("it forwards with the key, and writes server info", { skip: skipWithoutOtherUser }, async () => {
  const options = ["--server-info", "/run/codex/info.json", "--upstream-url", upstream.url];
  const proxy = await startProxy(inMinimalRoot(options));
  try {
    const root = `/proc/${proxy.pid}/root`;
    const executables = fs.readFileSync(join(root, "run/codex/executables"), "utf8").trim().split("\n");
    const programs = executables.map((file) => file.slice(join(folder, "root").length));
    assert.deepEqual(
      programs.filter((file) => !file.includes(".so")),
      [process.execPath],
      dirname(root),
    );
    const response = await fetch(`${proxy.baseUrl}/v1/responses`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: "{}",
    });
    assert.equal(response.status, 200);
    const info = JSON.parse(fs.readFileSync(join(root, "run/codex/info.json"), "utf8"));
    assert.equal(info.port, proxy.port);
  } finally {
    await proxy.stop();
  }
});
