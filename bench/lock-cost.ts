// What the seccomp lock costs: requests per second with and without it, in alternating rounds of one
// run. The one without is a copy of the package in which lock.js does nothing.
//
//   npm run bench:lock [ROUNDS]   default 5

import fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sendMany } from "../test/many-requests.ts";
import { startMockUpstream } from "../test/mock/upstream.ts";
import { packageRoot, quietUser, startProxy } from "../test/proxy-process.ts";

const rounds = Number(process.argv[2] ?? 5);
const requestsPerRound = 4000;

const folder = fs.mkdtempSync(join(tmpdir(), "codex-unlocked-"));
for (const part of ["package.json", "dist", "native/build"]) {
  fs.cpSync(join(packageRoot, part), join(folder, part), { recursive: true });
}
fs.symlinkSync(join(packageRoot, "node_modules"), join(folder, "node_modules"));
fs.writeFileSync(join(folder, "dist/hardening/lock.js"), "export function lockProcess() { return true; }\n");

const upstream = await startMockUpstream();
const args = [...quietUser, "--upstream-url", upstream.url];
const locked = await startProxy({ args });
const unlocked = await startProxy({ args, command: join(folder, "native/build/codex-responses-api-proxy") });

async function rate(port: number): Promise<number> {
  const began = performance.now();
  await sendMany(port, requestsPerRound);
  return requestsPerRound / ((performance.now() - began) / 1000);
}

await rate(locked.port);
await rate(unlocked.port);
const ratios: number[] = [];
for (let round = 0; round < rounds; round++) {
  const without = await rate(unlocked.port);
  const withLock = await rate(locked.port);
  ratios.push(withLock / without);
  process.stdout.write(
    `round ${round + 1}: ${without.toFixed(0)} req/s without, ${withLock.toFixed(0)} with\n`,
  );
}
ratios.sort((a, b) => a - b);
const median = ratios[Math.floor(ratios.length / 2)] as number;
process.stdout.write(
  `median ratio with/without: ${median.toFixed(3)} (Node ${process.version}, ${rounds} rounds)\n`,
);

await locked.stop();
await unlocked.stop();
await upstream.close();
fs.rmSync(folder, { recursive: true });
