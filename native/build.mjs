// Builds the launcher and the addon by calling the C and C++ compiler directly: no header download,
// no Python, no make. Runs as this package's npm `install` script, with the Node that will be used.
//
//   node native/build.mjs [--out FOLDER]   build into native/FOLDER (default: build)
//
// CC, CXX: the compilers, with arguments if need be. Warnings are errors.

import { spawnSync } from "node:child_process";
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const nativeFolder = dirname(fileURLToPath(import.meta.url));
const launcherName = "codex-responses-api-proxy";
const require = createRequire(import.meta.url);

const cc = (process.env.CC || "cc").split(" ");
const cxx = (process.env.CXX || "c++").split(" ");
const hardeningFlags = ["-O2", "-Wall", "-Wextra", "-Werror", "-D_GNU_SOURCE", "-fstack-protector-strong"];

const launcherSources = [
  "main",
  "dispatch",
  "options",
  "paths",
  "environment",
  "codex-environment",
  "descriptors",
  "own-path",
  "process-identity",
  "server-info",
  "daemon",
  "listen",
  "listeners",
  "unix-socket",
  "activation",
  "service-manager",
  "accounts",
  "lock",
  "fail",
  "capabilities",
  "trusted-files",
  "landlock",
  "janitor",
  "dump-folder",
  "audit-log",
  "key-source",
  "unreadable",
];
const sandboxSources = [
  "sandbox",
  "refuse",
  "json",
  "policy",
  "roots",
  "landlock",
  "filter",
  "privileges",
  "placeholders",
  "attachments",
  "mounts",
  "terminals",
  "namespaces",
  "supervise",
  "bubblewrap",
  "report",
];
const commandSources = [
  "run",
  "descendants",
  "terminal",
  "carry",
  ...(process.platform === "linux" ? ["relay"] : []),
];
const addonCSources = ["constructor", "fatal-signals", "every-thread", "echo-scan", "key-fingerprint"];
const addonSources = [
  "addon",
  "secret-memory",
  "key",
  "key-reader",
  "key-transfer",
  "oidc",
  "token-reply",
  "json-members",
  "http-reply",
  "echo-mask",
  "process",
  "privileges",
  "seccomp-lock",
  "tcp",
  "accounts",
  "peer",
  "file-fence",
];

class BuildError extends Error {
  constructor(message, hint) {
    super(message);
    this.hint = hint;
  }
}

function compile([compiler, ...first], args) {
  const result = spawnSync(compiler, [...first, ...args], { encoding: "utf8" });
  if (result.error) {
    throw new BuildError(
      `no compiler: cannot run ${compiler} (${result.error.code})`,
      "install a C and C++ compiler (Debian: apt-get install build-essential; Fedora: dnf install gcc gcc-c++ glibc-static; Alpine: apk add build-base)",
    );
  }
  return result;
}

function mustCompile(compiler, args) {
  const result = compile(compiler, args);
  if (result.status !== 0) throw new BuildError(`${compiler.join(" ")} failed:\n${result.stderr}`);
}

// Flags of Node that close a way in; one that it does not know would end it at start.
const codexFlags = [
  "--disable-sigusr1", // Node 22.14, 23.7: no inspector by signal at all
];
const proxyFlags = [
  ...codexFlags,
  "--disable-wasm-trap-handler", // WebAssembly traps stay exceptions when another SIGSEGV handler is set
];

function writeFlags(file, wanted) {
  const known = wanted.filter((flag) => process.allowedNodeEnvironmentFlags.has(flag));
  writeFileSync(file, known.map((flag) => `"${flag}",\n`).join(""));
}

function canLinkStatically(scratch) {
  const source = join(scratch, "static.c");
  writeFileSync(source, "int main(void) { return 0; }\n");
  return compile(cc, ["-static", source, "-o", join(scratch, "static")]).status === 0;
}

function buildLauncher(scratch) {
  writeFlags(join(scratch, "node-flags.h"), proxyFlags);
  writeFlags(join(scratch, "codex-node-flags.h"), codexFlags);
  const isStatic = process.platform === "linux" && canLinkStatically(scratch);
  if (process.platform === "linux" && !isStatic) {
    console.error("codex: warning: libc.a is missing, so the launcher is linked dynamically: LD_PRELOAD and");
    console.error(
      "codex: warning: LD_AUDIT of whoever starts it are then not kept out of the launcher itself",
    );
    console.error(
      "codex: hint: Debian: apt-get install libc6-dev; Fedora: dnf install glibc-static; then npm rebuild",
    );
  }
  const target = join(scratch, launcherName);
  mustCompile(cc, [
    ...hardeningFlags,
    "-std=gnu11",
    `-DNODE_PATH=${JSON.stringify(process.execPath)}`,
    `-I${scratch}`,
    ...launcherSources.map((name) => join(nativeFolder, "launcher", `${name}.c`)),
    ...commandSources.map((name) => join(nativeFolder, "command", `${name}.c`)),
    ...(process.platform === "linux" ? sandboxSources : []).map((name) =>
      join(nativeFolder, "sandbox", `${name}.c`),
    ),
    ...(isStatic ? ["-static", "-DSTATIC_LAUNCHER"] : []),
    "-o",
    target,
  ]);
  return target;
}

function buildAddon(scratch) {
  const objects = addonCSources.map((name) => {
    const object = join(scratch, `${name}.o`);
    mustCompile(cc, [
      ...hardeningFlags,
      "-fPIC",
      "-c",
      join(nativeFolder, "addon", `${name}.c`),
      "-o",
      object,
    ]);
    return object;
  });
  const target = join(scratch, "hardening.node");
  mustCompile(cxx, [
    ...hardeningFlags,
    "-std=c++17",
    "-fPIC",
    "-shared",
    "-fvisibility=hidden",
    "-DNAPI_VERSION=8",
    "-DNAPI_DISABLE_CPP_EXCEPTIONS",
    "-DNODE_ADDON_API_DISABLE_DEPRECATED",
    `-isystem${require("node-api-headers").include_dir}`,
    `-isystem${require("node-addon-api").include_dir}`,
    ...addonSources.map((name) => join(nativeFolder, "addon", `${name}.cc`)),
    ...objects,
    ...(process.platform === "darwin"
      ? ["-undefined", "dynamic_lookup"]
      : ["-Wl,-z,relro,-z,now,-z,noexecstack"]),
    "-o",
    target,
  ]);
  return target;
}

// By rename, so that a running launcher or a loaded addon keeps the file it has.
function install(from, to) {
  copyFileSync(from, `${to}.new`);
  chmodSync(`${to}.new`, 0o755);
  renameSync(`${to}.new`, to);
}

function build(out) {
  if (process.platform === "win32") {
    throw new BuildError("Windows is not supported", "use a Linux or macOS host, or WSL 2");
  }
  const scratch = mkdtempSync(join(tmpdir(), "codex-native-"));
  try {
    // Both or neither: a launcher without its addon would be worse than the placeholder.
    const launcher = buildLauncher(scratch);
    const addon = buildAddon(scratch);
    mkdirSync(out, { recursive: true });
    install(addon, join(out, "hardening.node"));
    install(launcher, join(out, launcherName));
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

try {
  const [option, folder, ...rest] = process.argv.slice(2);
  if (option !== undefined && (option !== "--out" || folder === undefined || rest.length > 0)) {
    throw new BuildError("unknown arguments", "node native/build.mjs [--out FOLDER]");
  }
  build(join(nativeFolder, folder ?? "build"));
} catch (error) {
  if (!(error instanceof BuildError)) throw error;
  console.error(`codex: error: ${error.message}`);
  if (error.hint) console.error(`codex: hint: ${error.hint}`);
  process.exitCode = 1;
}
