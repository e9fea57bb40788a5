// Around `npm pack`: the tarball carries a shell placeholder in the launcher's place, because npm
// links a command only if its file exists before install scripts run.
//
//   node native/pack.mjs before   put the placeholder there, keep what was built
//   node native/pack.mjs after    put what was built back

import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, renameSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const nativeFolder = dirname(fileURLToPath(import.meta.url));
const placeholder = join(nativeFolder, "placeholder.sh");
const bin = join(nativeFolder, "build", "codex-responses-api-proxy");

if (process.argv[2] === "before") {
  mkdirSync(dirname(bin), { recursive: true });
  // After a pack that was broken off, the placeholder is still there and the launcher is set aside.
  const isPlaceholder = existsSync(bin) && readFileSync(bin).equals(readFileSync(placeholder));
  if (existsSync(bin) && !isPlaceholder) renameSync(bin, `${bin}.built`);
  copyFileSync(placeholder, bin);
  chmodSync(bin, 0o755);
} else if (existsSync(`${bin}.built`)) {
  renameSync(`${bin}.built`, bin);
}
