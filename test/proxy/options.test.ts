// The command line: what is taken, what is refused with which exit code, and that the two processes
// that look at it agree.

import assert from "node:assert/strict";
import net, { type AddressInfo } from "node:net";
import { describe, test } from "node:test";
import { makeCommand } from "../../proxy/options.ts";
import { parseUpstreamUrl } from "../../proxy/upstream/url.ts";
import { runProxy, startProxy, testKey } from "../proxy-process.ts";

const run = (...args: string[]) => runProxy({ args, input: `${testKey}\n` });

describe("usage errors exit 2 with one line that names the option", () => {
  const cases: [string[], RegExp][] = [
    [["--port", "99999"], /invalid value for --port/],
    [["--port", "abc"], /invalid value for --port/],
    [["--port", "-1"], /the option '--port' needs a value/],
    [["--port"], /the option '--port' needs a value/],
    [["--port", "1", "--port", "2"], /'--port' cannot be used more than once/],
    [["--http-shutdown", "--http-shutdown"], /'--http-shutdown' cannot be used more than once/],
    [["--http-shutdown=yes"], /'--http-shutdown' takes no value/],
    [["--server-info", ""], /'--server-info' needs a value/],
    [["--server-info", "--check"], /'--server-info' needs a value/],
    [["--bogus=1"], /unknown option '--bogus'/],
    [["--allow-host", "http://box"], /invalid value for --allow-host: give a name or address alone/],
    [["--allow-host", "box:80"], /invalid value for --allow-host/],
    [["--listen-fd=3", "--listen-fd=4"], /unknown option '--listen-fd'/],
    [["-x"], /unknown option '-x'/],
    [["--max-body-bytes", "1k"], /invalid value for --max-body-bytes: give a whole number/],
    [
      ["--drain-timeout-ms", "99999999999"],
      /invalid value for --drain-timeout-ms: give a whole number, at most 2147483647/,
    ],
  ];
  for (const [args, message] of cases) {
    test(args.join(" "), async () => {
      const { code, stdout, stderr } = await run(...args);
      assert.deepEqual({ code, stdout }, { code: 2, stdout: "" });
      assert.match(stderr, message);
      assert.match(stderr, /^codex: error: .*\ncodex: hint: .*\n$/);
    });
  }
});

test("a key given as an argument is refused without being repeated", async () => {
  const places = ["--port", "--max-body-bytes", "--drain-timeout-ms", "--upstream-url", "--allow-host"];
  const cases = [
    [testKey],
    [`--api-key=${testKey}`],
    [`--${testKey}`],
    ...places.map((option) => [option, `${testKey}:x`]),
  ];
  for (const args of cases) {
    const { code, stderr } = await run(...args);
    assert.ok(code === 2 || args[0] === "--upstream-url", stderr);
    assert.ok(!stderr.includes(testKey));
    assert.ok(!stderr.includes(testKey.slice(0, 12)));
  }
});

test("the launcher knows every option of the help, with the same need for a value", async () => {
  for (const option of makeCommand("0").options) {
    const long = option.long as string;
    if (long === "--version") continue;
    if (option.required) {
      assert.match((await run(long)).stderr, new RegExp(`'${long}' needs a value`), long);
    } else {
      assert.match((await run(`${long}=1`)).stderr, new RegExp(`'${long}' takes no value`), long);
    }
  }
});

test("--help and --version answer on stdout, read no key and exit 0", async () => {
  for (const [flag, text] of [
    ["--help", /^Usage: codex-responses-api-proxy \[options\]/],
    ["-h", /--upstream-url <URL>/],
    ["--version", /^codex-responses-api-proxy \d+\.\d+\.\d+\n$/],
    ["-V", /^codex-responses-api-proxy /],
  ] as const) {
    const { code, stdout, stderr } = await runProxy({ args: [flag] });
    assert.deepEqual({ code, stderr }, { code: 0, stderr: "" });
    assert.match(stdout, text);
    assert.doesNotMatch(stdout, /listen-fd|ignore-hangup/);
  }
});

test("the original's global options are taken and mean nothing", async () => {
  const proxy = await startProxy({ args: ["-c", "model=x", "--enable", "a", "--disable=b"] });
  await proxy.stop();
});

test("a chosen port is used; when it is taken, one line says so with exit 1", async () => {
  const blocker = net.createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => blocker.once("listening", resolve));
  const { port } = blocker.address() as AddressInfo;
  const taken = await run("--port", String(port));
  assert.equal(taken.code, 1);
  assert.match(
    taken.stderr,
    new RegExp(`^codex: error: failed to bind 127\\.0\\.0\\.1:${port}: Address already in use\n`),
  );
  blocker.close();
  const proxy = await startProxy({ args: [`--port=${port}`] });
  assert.equal(proxy.port, port);
  await proxy.stop();
});

describe("--upstream-url", () => {
  const reasonOf = (text: string, allowInsecure = false): string => {
    try {
      return parseUpstreamUrl(text, allowInsecure).href;
    } catch (error) {
      return (error as Error).message;
    }
  };

  test("is taken as https, or as http to this machine", () => {
    for (const url of [
      "https://api.openai.com/v1/responses",
      "https://x.openai.azure.com/openai/responses?api-version=1",
      "http://localhost:1/v1/responses",
      "http://127.8.9.1/",
      "http://[::1]:80/x",
    ]) {
      assert.equal(reasonOf(url), new URL(url).href);
    }
    assert.equal(reasonOf("http://10.0.0.1/", true), "http://10.0.0.1/");
  });

  test("is refused with the reason otherwise, without what it holds", () => {
    assert.deepEqual(
      [
        "not a url",
        "http:127.0.0.1:80/x",
        "ftp://x/y",
        "https://user:hunter2@host/",
        "https://host/#f",
        "https://host/#",
        "http://10.0.0.1/",
      ].map((text) => reasonOf(text)),
      [
        "parsing --upstream-url: it is not an absolute URL",
        "parsing --upstream-url: it is not an absolute URL",
        "parsing --upstream-url: its scheme is not https",
        "parsing --upstream-url: it holds a user name or password",
        "parsing --upstream-url: it holds a fragment",
        "parsing --upstream-url: it holds a fragment",
        "--upstream-url is http to 10.0.0.1: the key would cross the network in the clear",
      ],
    );
  });

  test("is checked before the key is read", async () => {
    const { code, stderr } = await runProxy({ args: ["--upstream-url", "nonsense"] }); // stdin stays open
    assert.equal(code, 1);
    assert.match(stderr, /parsing --upstream-url/);
  });
});

describe("workload identity", () => {
  const all = {
    "--github-oidc": undefined,
    "--oidc-audience": "a",
    "--identity-provider-id": "i",
    "--service-account-id": "s",
    "--github-oidc-request-url": "https://token.example/oidc?api-version=2.0",
  } as const;
  const withChange = (change: Readonly<Record<string, string | undefined | null>>) =>
    Object.entries({ ...all, ...change }).flatMap(([name, value]) =>
      value === null ? [] : value === undefined ? [name] : [name, value],
    );

  test("takes all five options or none: one that is missing is named with exit 2", async () => {
    for (const name of Object.keys(all)) {
      const { code, stderr } = await run(...withChange({ [name]: null }));
      assert.equal(code, 2);
      const first = name === "--github-oidc" ? "--oidc-audience" : "--github-oidc";
      assert.match(
        stderr,
        new RegExp(`^codex: error: the option '${first}' needs ${name} as well\ncodex: hint: .*\n$`),
      );
    }
    const alone = await run("--github-oidc");
    assert.match(
      alone.stderr,
      /needs --oidc-audience, --identity-provider-id, --service-account-id, --github-oidc-request-url as well/,
    );
  });

  test("takes GitHub's URL as https, without user info or fragment, and quotes none that it refuses", async () => {
    for (const url of [
      "http://token.example/oidc",
      "https://user@token.example/oidc",
      "https://user:hunter2@token.example/oidc",
      "https://token.example/oidc#fragment",
      "https://token.example/oidc#",
      "https:token.example",
      "https://token.example\\@other/",
      "https://[::1/",
      "https://token.example:99999/",
      "token.example",
    ]) {
      const { code, stderr } = await run(...withChange({ "--github-oidc-request-url": url }));
      assert.equal(code, 1, url);
      assert.match(
        stderr,
        /^codex: error: GitHub OIDC request URL must be HTTPS without user info or fragment\ncodex: hint: .*\n$/,
      );
      assert.doesNotMatch(stderr, /hunter2|token\.example/);
    }
  });

  test("goes to the default upstream alone, written out or not", async () => {
    for (const url of [
      "https://api.openai.com/v1/responses?x=1",
      "https://api.openai.com/v1/",
      "https://other.example/v1/responses",
      "http://127.0.0.1:1/v1/responses",
    ]) {
      const { code, stderr } = await run(...withChange({ "--upstream-url": url }));
      assert.equal(code, 1, url);
      assert.match(
        stderr,
        /^codex: error: workload identity requires the default OpenAI Responses endpoint\n/,
      );
    }
    const { code, stderr } = await runProxy({
      args: [...withChange({ "--upstream-url": "https://api.openai.com/v1/responses" }), "--check"],
    });
    assert.equal(code, 0, stderr);
  });

  test("takes the request token from stdin, and says what is wrong with it", async () => {
    for (const [input, reason] of [
      ["", "stdin holds none"],
      ["secret token\n", "it holds a character that none has"],
    ] as const) {
      const { code, stderr } = await runProxy({ args: withChange({}), input });
      assert.equal(code, 1);
      assert.equal(
        stderr.split("\n")[0],
        `codex: error: invalid workload identity bearer credential (${reason})`,
      );
      assert.doesNotMatch(stderr, /secret/);
    }
  });
});

test("--upstream-ca that is missing or holds no certificate is named with exit 1", async () => {
  const missing = await run("--upstream-ca", "/nonexistent.pem");
  assert.deepEqual(
    [missing.code, /cannot read --upstream-ca \/nonexistent\.pem: ENOENT/.test(missing.stderr)],
    [1, true],
  );
  const empty = await run("--upstream-ca", "/etc/hostname");
  assert.deepEqual([empty.code, /holds no PEM certificate/.test(empty.stderr)], [1, true]);
});
