// The two readers of the command line agree: what the launcher passes on, commander reads as the
// launcher did, so neither has an opinion of its own on where an option ends.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { StartError } from "../../proxy/errors.ts";
import { makeCommand } from "../../proxy/options.ts";
import { compileNativeFunction, type NativeFunction } from "./native-function.ts";
import { fc, runsOfPrograms } from "./settings.ts";

let readByLauncher: NativeFunction;
before(() => {
  readByLauncher = compileNativeFunction("options");
});
after(() => readByLauncher.remove());

const defaults = makeCommand("0").opts();
const options = makeCommand("0").options.map(({ long }) => long as string);
const ignored = ["--config", "-c", "--enable", "--disable"];
// As argv: no NUL, and no bytes that are not UTF-8.
const value = fc.oneof(
  fc.constantFrom(
    "",
    "1",
    "8080",
    "a",
    "-",
    "--",
    "-1",
    "--check",
    "--port",
    "=",
    "a=b",
    "all",
    "none",
    "65536",
    "\n",
    " ",
  ),
  fc.string({ unit: "binary" }).map((text) => text.replaceAll("\0", "")),
);
const word = fc.oneof(
  fc.constantFrom(...options, ...ignored),
  fc.tuple(fc.constantFrom(...options, ...ignored), value).map(([name, text]) => `${name}=${text}`),
  value,
);
const option = fc.oneof(fc.tuple(fc.constantFrom(...options, ...ignored), value), fc.tuple(word));
const commandLine = fc.array(option, { maxLength: 8 }).map((parts) => parts.flat());

/** Commander's values for arguments that the launcher has made canonical. */
function readByCommander(canonical: readonly string[]): Record<string, unknown> | undefined {
  try {
    return makeCommand("0")
      .exitOverride()
      .configureOutput({ writeErr: () => {}, writeOut: () => {} })
      .parse(canonical, { from: "user" })
      .opts();
  } catch (error) {
    // A value that is refused; where it ends, both knew.
    if (error instanceof StartError) return undefined;
    throw error;
  }
}

const utf8 = (text: string) => Buffer.from(text, "latin1").toString("utf8");

test("commander reads the launcher's canonical arguments as the launcher does", () => {
  let taken = 0;
  fc.assert(
    fc.property(commandLine, (args) => {
      const printed = readByLauncher.call(args);
      if (printed === undefined) return;
      const [port, check, requiresNothing, answersOnly, ...more] = printed.split("\0").slice(0, -1).map(utf8);
      const launcher = more.slice(0, 7);
      const canonical = more.slice(7);
      assert.match(port as string, /^\d{1,5}$/);
      if (answersOnly === "1") return; // --help and --version end the program
      const values = readByCommander(canonical);
      if (values === undefined) return;
      taken++;
      assert.deepEqual(
        [values.check === true ? "1" : "0", values.requireHardening === "none" ? "1" : "0"],
        [check, requiresNothing],
      );
      const {
        serverInfo,
        upstreamCa,
        upstreamUrl,
        upstreamProxy,
        upstreamClientCert,
        upstreamClientKey,
        dumpDir,
      } = values;
      const [, , , proxyText = ""] = launcher;
      assert.equal(
        (upstreamProxy as URL | undefined)?.href ?? "",
        proxyText === "" ? "" : new URL(proxyText).href,
      );
      assert.deepEqual(
        [serverInfo, upstreamCa, upstreamUrl, proxyText, upstreamClientCert, upstreamClientKey, dumpDir].map(
          (value) => value ?? "",
        ),
        launcher,
      );
      const given = Object.keys(values).filter((name) => defaults[name] !== values[name]);
      const passedOn = new Set(canonical.map((text) => text.split("=", 1)[0]));
      for (const name of given) {
        const long = `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
        assert.ok(passedOn.has(long), `${long} has a value that nobody gave`);
      }
    }),
    { numRuns: runsOfPrograms * 2 },
  );
  assert.ok(taken > 50, `only ${taken} command lines were taken, which shows little`);
});
