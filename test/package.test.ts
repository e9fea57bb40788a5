// The package as users get it: what is in it, that it installs, and what its command does unbuilt.

import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import fs from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { after, before, describe, test } from "node:test";
import { packageRoot, runProxy, startProxy, testKey } from "./proxy-process.ts";

const name = "codex-responses-api-proxy";
let folder: string;
let tarball: string;

before(() => {
  folder = fs.mkdtempSync(join(tmpdir(), "codex-pack-"));
  // A copy, as packing puts the placeholder where other tests are running the launcher.
  const copy = join(folder, "source");
  fs.cpSync(packageRoot, copy, {
    recursive: true,
    filter: (path) => !/\/(\.git|node_modules|bench\/node_modules)$/.test(path),
  });
  fs.symlinkSync(join(packageRoot, "node_modules"), join(copy, "node_modules"));
  const packed = execFileSync(
    "npm",
    ["pack", "--json", "--ignore-scripts=false", "--pack-destination", folder],
    {
      cwd: copy,
      encoding: "utf8",
      env: { ...process.env, npm_config_loglevel: "error" },
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  tarball = join(folder, JSON.parse(packed.slice(packed.indexOf("[")))[0].filename);
});
after(() => fs.rmSync(folder, { recursive: true, force: true }));

test("npm has nothing to ask about install scripts of a checkout: of each it is said whether it runs", () => {
  const read = (file: string) => JSON.parse(fs.readFileSync(join(packageRoot, file), "utf8"));
  const packages: Record<string, { readonly hasInstallScript?: boolean }> =
    read("npm-shrinkwrap.json").packages;
  const withScripts = Object.entries(packages)
    .filter(([path, { hasInstallScript }]) => path !== "" && hasInstallScript === true)
    .map(([path]) => path.replace(/^.*node_modules\//, ""));
  const decided = Object.keys(read("package.json").allowScripts);
  assert.notDeepEqual(withScripts, []);
  assert.deepEqual(
    withScripts.filter((one) => !decided.includes(one)),
    [],
  );
});

test("the tarball holds what runs and what builds it, and nothing else", () => {
  const entries = execFileSync("tar", ["-tzf", tarball], { encoding: "utf8" }).trim().split("\n");
  const unexpected = entries.filter(
    (entry) =>
      !/^package\/(dist\/agent\/approval\/tree-sitter-bash\.wasm|dist\/(agent|cli|hardening|proxy)(\/[a-z-]+)*\/[a-z-]+\.js|dist\/agent\/instructions\/prompts\/[a-z-]+\.md|dist\/man\/[a-z-]+\.1|native\/((addon|command|launcher|sandbox)\/[a-z-]+\.(c|cc|h)|[a-z-]+\.h|(build|pack)\.mjs|placeholder\.sh)|docs\/[a-z-]+\.(md|json|yaml)|docs\/container\/[A-Za-z.-]+|systemd\/[a-zA-Z0-9@./-]+\.(service|socket|conf)|(README|SECURITY|CHANGELOG)\.md|LICENSE|package\.json|npm-shrinkwrap\.json)$/.test(
        entry,
      ),
  );
  assert.deepEqual(unexpected, [`package/native/build/${name}`]);
});

test("no file in it holds a secret, a path of the machine that packed it, or a source map", () => {
  const unpacked = fs.mkdtempSync(join(folder, "unpacked-"));
  execFileSync("tar", ["-xzf", tarball, "-C", unpacked]);
  const found = findIn(unpacked, [packageRoot, folder]);
  assert.deepEqual(found, []);
  // The same search finds what it looks for.
  const planted = join(unpacked, "package", "planted.js");
  fs.writeFileSync(planted, `const key = "${["sk", "proj-0123456789abcdefghij"].join("-")}";\n`);
  assert.deepEqual(findIn(unpacked, []), ["package/planted.js: a key"]);
});

const secrets: readonly (readonly [name: string, pattern: RegExp])[] = [
  ["a key", /\bsk-[A-Za-z0-9_-]{20,}/],
  ["a private key", /-----BEGIN [A-Z ]*PRIVATE KEY-----\s+[A-Za-z0-9+/]{20,}/],
  ["a token of GitHub, npm or AWS", /\b(ghp_[A-Za-z0-9]{30,}|npm_[A-Za-z0-9]{30,}|AKIA[A-Z0-9]{16})\b/],
  ["a source map", /^\/\/# sourceMappingURL=/m],
];

/** What of {@link secrets} and of `paths` stands in the files below a folder. */
function findIn(root: string, paths: readonly string[]): string[] {
  const files = fs
    .readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile());
  return files.flatMap((entry) => {
    const file = join(entry.parentPath, entry.name);
    const text = fs.readFileSync(file, "latin1");
    const names = [
      ...secrets.filter(([, pattern]) => pattern.test(text)).map(([name]) => name),
      ...paths.filter((path) => text.includes(path)).map((path) => `the path ${path}`),
    ];
    return names.map((name) => `${relative(root, file)}: ${name}`);
  });
}

test("the placeholder in it reads nothing, says how to build, and exits 1", async () => {
  execFileSync("tar", ["-xzf", tarball, "-C", folder, `package/native/build/${name}`]);
  const placeholder = join(folder, "package/native/build", name);
  assert.equal(fs.statSync(placeholder).mode & 0o111, 0o111);
  const { stdout, stderr, status } = spawnSync("sh", ["-c", `printf unread | (${placeholder}; cat)`], {
    encoding: "utf8",
  });
  assert.deepEqual({ stdout, status }, { stdout: "unread", status: 0 });
  assert.match(stderr, /codex: error: the native launcher .* is not built\ncodex: hint: .*npm rebuild/);
  assert.equal((await runProxy({ command: placeholder })).code, 1);
});

test("the placeholder of a global install names the prefix that it lies in", () => {
  const prefix = join(folder, "a prefix");
  const build = join(prefix, "lib/node_modules", name, "native/build");
  fs.mkdirSync(build, { recursive: true });
  fs.mkdirSync(join(prefix, "bin"));
  fs.copyFileSync(join(packageRoot, "native/placeholder.sh"), join(build, name));
  fs.chmodSync(join(build, name), 0o755);
  fs.symlinkSync(`../lib/node_modules/${name}/native/build/${name}`, join(prefix, "bin/codex"));
  const { stderr } = spawnSync(join(prefix, "bin/codex"), { encoding: "utf8" });
  const command = `npm rebuild -g --prefix '${fs.realpathSync(prefix)}' ${name} --allow-scripts=${name}`;
  assert.equal(stderr.trimEnd().split(", then run: ")[1], command);
});

describe("npm i -g", () => {
  const registry = spawnSync("npm", ["ping", "--fetch-retries=0"], { timeout: 30_000 }).status === 0;

  const skip = !registry && "the npm registry is out of reach";
  test("links both commands, and they work", { skip }, async () => {
    const prefix = join(folder, "prefix");
    const installed = spawnSync(
      "npm",
      ["install", "-g", "--prefix", prefix, "--no-audit", "--no-fund", tarball],
      { encoding: "utf8", timeout: 300_000 },
    );
    assert.equal(installed.status, 0, installed.stderr);
    assert.deepEqual(fs.readdirSync(join(prefix, "bin")).toSorted(), ["codex", name]);
    const proxy = await startProxy({ command: join(prefix, "bin", name), input: testKey });
    await proxy.stop();
    const codex = spawnSync(join(prefix, "bin", "codex"), ["--version"], { encoding: "utf8" });
    assert.equal(codex.stderr, "");
    assert.match(codex.stdout, /^codex-cli 0\.50\.0 \(codex-responses-api-proxy \d+\.\d+\.\d+\)\n$/);
  });
});
