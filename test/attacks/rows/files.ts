// Files that others plant, or may write: where server info goes, and what the proxy runs.

import { execFileSync, spawnSync } from "node:child_process";
import fs from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { packageRoot } from "../../proxy-process.ts";
import type { Outcome, Row, Target } from "../outcome.ts";
import { copyPackage } from "../package-copy.ts";
import { isRoot, type World, waitUntil } from "../world.ts";

const serverInfoControl = fileURLToPath(new URL("../controls/server-info.js", import.meta.url));
const thief = fileURLToPath(new URL("../programs/thief.js", import.meta.url));

const victimsUid = 60001;
const strangersUid = 60002;

/** A folder with a link at `info.json` to a file of the victim's uid; the link is a stranger's. */
async function followLink(mode: number, target: Target, world: World): Promise<Outcome> {
  const folder = world.folder(target);
  const [precious, link] = [join(world.folder(target), "precious"), join(folder, "info.json")];
  fs.writeFileSync(precious, "precious");
  fs.chownSync(precious, victimsUid, victimsUid);
  fs.symlinkSync(precious, link);
  fs.lchownSync(link, strangersUid, strangersUid);
  if (mode === 0o755) fs.chownSync(folder, strangersUid, strangersUid);
  fs.chmodSync(folder, mode);

  const start = await world.tryStart(target, {
    folder: world.folder(target),
    through: ["env", `CONTROL_SERVER_INFO=${link}`],
    control: serverInfoControl,
    args: ["--server-info", link],
  });
  if ("victim" in start) await world.end(start.victim);
  if (fs.readFileSync(precious, "utf8") !== "precious") return "gets process";
  if ("victim" in start) return "no effect";
  return /cannot write --server-info|symbolic link|another user/.test(start.refusal)
    ? "refuses to start"
    : "denied";
}

/** @returns its entry */
function installVictim(target: Target, root: string, world: World): string {
  fs.mkdirSync(root);
  if (target === "proxy") return copyPackage(root).entry;
  const entry = entryOf(root);
  fs.mkdirSync(dirname(entry), { recursive: true });
  fs.writeFileSync(join(root, "package.json"), '{"type":"module"}');
  fs.chmodSync(root, 0o755);
  fs.copyFileSync(world.plainProxy, entry);
  return entry;
}

const entryOf = (root: string) => join(root, "dist/proxy/main.js");
const launcherOf = (root: string) => join(root, "native/build/codex-responses-api-proxy");
const nodeOf = (root: string) => join(root, "node");

interface Replacement {
  readonly name: string;
  /** what an administrator got wrong: gives the uid that serves a way to write */
  readonly open: (root: string) => void;
  /** what the attacker then does: a shell command, $0 being the thief and $1 the package */
  readonly command: string;
}

const entryFile: Replacement = {
  name: "entry file replaced",
  open: (root) => fs.chownSync(entryOf(root), victimsUid, victimsUid),
  command: 'cat "$0" > "$1/dist/proxy/main.js"',
};

const packageFolder: Replacement = {
  name: "folder of the package replaced",
  open: (root) => fs.chmodSync(root, 0o777),
  command:
    'cd "$1" && mv dist old && mkdir dist && cp -r old/. dist/ && rm -f dist/proxy/main.js && cp "$0" dist/proxy/main.js',
};

// A module that is loaded before the key is read. The others could not read it from stdin any more.
const modules: Replacement = {
  name: "folder of the modules that are loaded replaced",
  open: (root) => {
    fs.mkdirSync(join(root, "node_modules"), { recursive: true });
    fs.chmodSync(join(root, "node_modules"), 0o777);
    if (fs.existsSync(launcherOf(root))) return;
    // The control loads one, too.
    fs.writeFileSync(entryOf(root), `import "segfault-handler";\n${fs.readFileSync(entryOf(root), "utf8")}`);
  },
  command:
    'cd "$1/node_modules" && { ! [ -e segfault-handler ] || mv segfault-handler old; } && mkdir segfault-handler && ' +
    "echo \"const fs = require('fs'); fs.writeSync(2, fs.readFileSync(0));\" > segfault-handler/index.js",
};

const nodeItself: Replacement = {
  name: "Node replaced",
  open: (root) => fs.chownSync(nodeOf(root), victimsUid, victimsUid),
  command: "printf '#!/bin/sh\\ncat >&2\\n' > \"$1/node\"",
};

// A launcher starts the Node that has built it.
function buildWithOwnNode(target: Target, root: string): void {
  fs.copyFileSync(process.execPath, nodeOf(root));
  fs.chmodSync(nodeOf(root), 0o755);
  if (target === "control") return;
  fs.cpSync(join(packageRoot, "native"), join(root, "native"), { recursive: true });
  execFileSync(nodeOf(root), [join(root, "native/build.mjs")], { stdio: "ignore" });
}

/** A package of which the uid that serves may change a part, started by root or by that uid. */
function replacedRow(replacement: Replacement, byRoot: boolean, proxy: Outcome): Row {
  const { name, open, command } = replacement;
  return {
    attack: `${name}, ${byRoot ? "started by root to serve as that uid" : "started by that uid"}`,
    attacker: "same uid",
    control: "gets key",
    proxy,
    run: async (target, world) => {
      if (!isRoot) return "not possible here: needs a start by root";
      const root = join(world.root, `package-${target}-${name.replaceAll(/\W+/g, "-")}-${byRoot}`);
      const entry = installVictim(target, root, world);
      if (replacement === nodeItself) buildWithOwnNode(target, root);
      open(root);
      const attack = [...world.as("same uid"), "sh", "-c", command, thief, root];
      const { status, stderr } = spawnSync("env", attack, { encoding: "utf8" });
      if (status !== 0) throw new Error(`could not replace anything: ${stderr}`);

      const user = target === "proxy" ? ["--user", `${victimsUid}:${victimsUid}`] : [];
      const start = world.beginStart(target, {
        ...(byRoot ? { as: [], args: user } : {}),
        ...(replacement === nodeItself ? { node: nodeOf(root) } : {}),
        launcher: launcherOf(root),
        control: entry,
      });
      await waitUntil(() => start.hasEnded() || start.isUp(), 5000);
      start.kill("SIGKILL");
      await start.ended;
      fs.rmSync(root, { recursive: true });
      const said = start.output.stderr;
      if (proxy === "gets key") world.surrender(start);
      if (said.includes(world.key)) return "gets key";
      if (said.includes(root) && /^codex: error: /m.test(said)) return "refuses to start";
      throw new Error(`neither stolen nor refused: ${said}`);
    },
  };
}

export const fileRows: readonly Row[] = [
  {
    attack: "a link planted for server info, in a folder of the attacker",
    attacker: "other uid",
    control: "gets process",
    proxy: "refuses to start",
    run: (target, world) => followLink(0o755, target, world),
  },
  {
    attack: "a link planted for server info, in a folder like /tmp",
    attacker: "other uid",
    // The kernel follows no such link where fs.protected_symlinks is 1.
    control: isProtected() ? "denied" : "gets process",
    proxy: "refuses to start",
    run: (target, world) => followLink(0o1777, target, world),
  },
  replacedRow(entryFile, true, "refuses to start"),
  replacedRow(packageFolder, true, "refuses to start"),
  replacedRow(modules, true, "refuses to start"),
  replacedRow(nodeItself, true, "refuses to start"),
  // Whoever serves itself decides what it runs: nothing is claimed here.
  replacedRow(entryFile, false, "gets key"),
];

function isProtected(): boolean {
  try {
    return fs.readFileSync("/proc/sys/fs/protected_symlinks", "utf8").trim() === "1";
  } catch {
    return false;
  }
}
