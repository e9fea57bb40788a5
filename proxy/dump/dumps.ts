// --dump-dir: every forwarded request and its answer, in two files with one number. For debugging; the
// files hold prompts and answers in the clear.

import type { Secret } from "../../hardening/secret.ts";
import type { ObserveExchange } from "../exchange-observer.ts";
import { openFileLimit } from "../open-file-limit.ts";
import type { Options } from "../options.ts";
import { sayWarning } from "../terminal.ts";
import { DumpDisk, type DumpFile } from "./dump-disk.ts";
import { DumpedExchange } from "./dump-exchange.ts";
import { pathOfDumpFolder } from "./dump-folder.ts";

/**
 * Begin to dump.
 *
 * @returns what to call for each request; undefined where no dumps are wanted
 */
export function startDumps(options: Options, secret: Secret): ObserveExchange | undefined {
  if (options.dumpFd === undefined || options.check) return undefined;
  const disk = new DumpDisk(pathOfDumpFolder(options), maxOpenDumps());
  const underway = new Set<DumpedExchange>();
  let sequence = 0;

  process.on("exit", () => {
    for (const exchange of underway) {
      exchange.requestEnd(false);
      exchange.responseEnd(false);
    }
    disk.flush();
  });

  return () => {
    sequence++;
    const name = `${String(sequence).padStart(6, "0")}-${Date.now()}`;
    const files: DumpFile[] = [];
    let isGivenUp = false;
    const giveUp = (reason: string) => {
      if (isGivenUp) return;
      isGivenUp = true;
      underway.delete(exchange);
      for (const file of files) file.giveUp(reason);
      sayWarning(`dump ${name} given up: ${reason}`);
    };
    const create = (part: string): DumpFile => {
      const file = isGivenUp ? nowhere : disk.create(`${name}-${part}.json`, giveUp);
      files.push(file);
      return file;
    };
    const exchange: DumpedExchange = new DumpedExchange(
      {
        createRequest: () => create("request"),
        createResponse: () => create("response"),
        giveUp,
        onEnd: () => underway.delete(exchange),
      },
      secret,
    );
    underway.add(exchange);
    return exchange;
  };
}

const nowhere: DumpFile = { append: () => {}, end: () => {}, giveUp: () => {} };

// Streams come first: each takes two descriptors, and without any left no client gets in.
function maxOpenDumps(): number {
  return Math.floor((openFileLimit() ?? 1024) / 4);
}
