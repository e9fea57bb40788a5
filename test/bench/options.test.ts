// The command line of the benchmark.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { fullScale, quickScale } from "../../bench/measures/measure.ts";
import { parseOptions } from "../../bench/options.ts";
import { parseCores } from "../../bench/processes.ts";

const known = { measures: ["streams", "streams-tls", "start"], peers: ["ours", "nginx"] };

test("without options everything is measured in three rounds, and kept", () => {
  assert.deepEqual(parseOptions([], known), {
    rounds: 3,
    scale: fullScale,
    hasPriority: false,
    measures: known.measures,
    peers: known.peers,
    out: "bench/results",
  });
});

test("a part of it is not kept unless a folder is named", () => {
  assert.equal(parseOptions(["--only", "start"], known).out, undefined);
  assert.equal(parseOptions(["--only", "start", "--out", "/tmp/x"], known).out, "/tmp/x");
});

test("measures are chosen by the beginning of their names, proxies by their names", () => {
  const { measures, peers } = parseOptions(["--only", "streams", "--peers", "nginx"], known);
  assert.deepEqual({ measures, peers }, { measures: ["streams", "streams-tls"], peers: ["nginx"] });
});

test("--quick is one short round, unless rounds are given", () => {
  const { rounds, scale } = parseOptions(["--quick"], known);
  assert.deepEqual({ rounds, scale }, { rounds: 1, scale: quickScale });
  assert.equal(parseOptions(["--quick", "--rounds", "4"], known).rounds, 4);
});

test("with --priority everything counts, as nothing else has its turn", () => {
  const { scale, hasPriority } = parseOptions(["--priority"], known);
  assert.deepEqual({ noisy: scale.noisy, hasPriority }, { noisy: 1, hasPriority: true });
});

describe("what does not exist is refused", () => {
  for (const args of [["--only", "nothing"], ["--peers", "apache"], ["--rounds", "0"], ["--fast"]]) {
    test(args.join(" "), () => {
      assert.throws(() => parseOptions(args, known));
    });
  }
});

test("a list of cores as the kernel writes it is taken apart", () => {
  assert.deepEqual(parseCores("0-2,5"), [0, 1, 2, 5]);
  assert.deepEqual(parseCores("3"), [3]);
});
