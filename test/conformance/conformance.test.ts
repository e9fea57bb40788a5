// The corpus against the proxy: every request gets the verdict that stands beside it within two
// seconds, and nothing ever reaches the upstream that could be read in two ways.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { type RunningProxy, startProxy } from "../proxy-process.ts";
import { corpusArguments, readCorpus } from "./case.ts";
import { type Recorder, startRecorder } from "./recorder.ts";
import { assertVerdict, runCase } from "./run-case.ts";

const corpus = readCorpus();
const cases = corpus.flatMap((file) => file.cases);

let recorder: Recorder;
let proxy: RunningProxy;

before(async () => {
  recorder = await startRecorder();
  proxy = await startProxy({
    args: ["--upstream-url", `http://127.0.0.1:${recorder.port}/v1/responses`, ...corpusArguments],
  });
});

after(async () => {
  await proxy.stop();
  await recorder.close();
});

test("the corpus has at least two hundred cases, each with a name of its own and a clause", () => {
  assert.ok(cases.length >= 200, `${cases.length} cases`);
  assert.equal(new Set(cases.map(({ id }) => id)).size, cases.length);
  assert.deepEqual(
    cases.filter(({ clause }) => !/^(RFC \d{4} [\dA-Z][\d.]*|policy)\b/.test(clause)).map(({ id }) => id),
    [],
  );
});

for (const file of corpus) {
  describe(`${file.name}: ${file.about}`, () => {
    for (const one of file.cases) {
      test(`${one.id} (${one.clause})`, async () => {
        assertVerdict(one, await runCase(one, proxy.port, recorder), recorder.port);
      });
    }
  });
}
