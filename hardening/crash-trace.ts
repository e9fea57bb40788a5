// A native backtrace on stderr when the process crashes, since it leaves no core file. Optional:
// segfault-handler loads only in the Node that compiled it, and nothing secret depends on it.

import { createRequire } from "node:module";

interface SegfaultHandler {
  registerHandler(file: string): void;
}

/**
 * Install the handler. Needs `--disable-wasm-trap-handler`, or WebAssembly traps, which V8 takes
 * from the same signal, would end the process instead of throwing.
 *
 * @returns false where the package is absent or built for another Node
 */
export function traceCrashes(): boolean {
  if (!process.execArgv.includes("--disable-wasm-trap-handler")) return false;
  try {
    const handler = createRequire(import.meta.url)("segfault-handler") as SegfaultHandler;
    // Without a file name it writes a world-readable file into the working directory.
    handler.registerHandler("/dev/null");
    return true;
  } catch {
    return false;
  }
}
