// What is measured of `codex exec`, each measure one run or a few, and figures by their names.

import fs from "node:fs";
import { join } from "node:path";
import { calls, says, saysInPieces, shellCall } from "../../test/mock/scenarios.ts";
import { inFolders, type Program, residentMiB, runExec } from "./program.ts";
import { writeThread } from "./recorded-thread.ts";

/** Milliseconds, microseconds or MiB, by the figure's title. */
export type Figures = Readonly<Record<string, number>>;

export interface Scale {
  readonly events: number;
  /** turns of the histories that are compared, shortest first */
  readonly turns: readonly number[];
  readonly toolCalls: number;
}

export interface Measure {
  readonly name: string;
  run(program: Program, scale: Scale): Promise<Figures>;
}

const start: Measure = {
  name: "start",
  run: (program) =>
    inFolders(async (place) => {
      const run = await runExec(program, { ...place, args: ["hi"], script: () => says("Hello.") });
      return {
        "start to first request, ms": run.firstRequestMs,
        "start to exit, ms": run.wallMs,
        "CPU of a whole run, ms": run.cpuMs,
      };
    }),
};

const events: Measure = {
  name: "events",
  run: (program, scale) =>
    inFolders(async (place) => {
      const cpuOf = async (count: number) => {
        const answer = saysInPieces(count);
        return (await runExec(program, { ...place, args: ["hi"], script: () => answer })).cpuMs;
      };
      const none = await cpuOf(1);
      const cost = (await cpuOf(scale.events)) - none;
      return { "CPU per streamed event, µs": (cost * 1000) / scale.events };
    }),
};

const history: Measure = {
  name: "history",
  run: async (program, scale) => {
    const figures: Record<string, number> = {};
    for (const turns of scale.turns) {
      await inFolders(async ({ home, cwd }) => {
        const id = writeThread({ home, cwd, turns });
        const run = await runExec(program, {
          ...{ home, cwd, args: ["resume", id, "go on"] },
          script: () => says("ok", { input: 100 }),
        });
        figures[`resume of ${turns} turns to first request, ms`] = run.firstRequestMs;
        figures[`resume of ${turns} turns, CPU, ms`] = run.cpuMs;
      });
    }
    return figures;
  },
};

const memory: Measure = {
  name: "memory",
  run: (program, scale) =>
    inFolders(async (place) => {
      fs.writeFileSync(join(place.cwd, "lines.txt"), "a line of some length, as they are\n".repeat(400));
      const at = new Map<number, number>();
      const early = 10;
      await runExec(
        program,
        {
          ...place,
          args: ["work"],
          script: (_, index) =>
            index < scale.toolCalls
              ? calls(shellCall(["cat", "lines.txt"], `call_${index}`))
              : says("Done.", { input: 100 }),
        },
        (_, index, pid) => {
          if (index === early || index === scale.toolCalls) at.set(index, residentMiB(pid));
        },
      );
      return {
        [`memory after ${early} calls, MiB`]: at.get(early) ?? Number.NaN,
        [`memory after ${scale.toolCalls} calls, MiB`]: at.get(scale.toolCalls) ?? Number.NaN,
      };
    }),
};

export const measures: readonly Measure[] = [start, events, history, memory];
