// Applies a patch and ends by SIGKILL right before the given call that changes something.

import { applyPlan } from "../../../agent/apply-patch/apply.ts";
import { machineFileSystem, type PatchFileSystem } from "../../../agent/apply-patch/file-system.ts";
import { planPatch } from "../../../agent/apply-patch/plan.ts";

const [fatalCall, patch = ""] = process.argv.slice(2);
let calls = 0;
const reading = ["lstat", "readlink", "readFile"];
const counted = Object.fromEntries(
  Object.entries(machineFileSystem).map(([name, call]) => [
    name,
    typeof call !== "function" || reading.includes(name)
      ? call
      : (...args: never[]) => {
          calls += 1;
          if (calls === Number(fatalCall)) process.kill(process.pid, "SIGKILL");
          return (call as (...args: never[]) => unknown)(...args);
        },
  ]),
);
await applyPlan(await planPatch(patch, process.cwd()), counted as unknown as PatchFileSystem);
