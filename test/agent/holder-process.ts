// A process with a lock. `LOCK hold [SILENCE_MS]` keeps it; `LOCK count COUNTER lives|dies` adds 20 to a number under
// it, one by one, and dies by SIGKILL inside the last of them if it is told to.

import fs from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { withFileLock } from "../../agent/file-lock.ts";

const [lock = "", mode, counter = "", fate] = process.argv.slice(2);
if (mode === "hold") {
  const silenceMs = Number(counter || 10_000);
  await withFileLock(
    lock,
    async () => {
      console.log("held");
      await sleep(600_000);
    },
    { silenceMs },
  );
}
console.log("begins");
for (let round = 1; round <= 20; round++) {
  await withFileLock(lock, async () => {
    // Two inside at once: this throws, and the count comes out wrong.
    fs.writeFileSync(`${counter}.inside`, "", { flag: "wx" });
    const before = Number(fs.readFileSync(counter, "utf8"));
    await sleep(1);
    fs.writeFileSync(counter, String(before + 1));
    fs.rmSync(`${counter}.inside`);
    if (round === 20 && fate === "dies") process.kill(process.pid, "SIGKILL");
  });
}
