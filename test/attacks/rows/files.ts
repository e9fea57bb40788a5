// Files that others plant, or may write: where server info goes, and what the proxy runs.

import { spawnSync } from "node:child_process";
import fs from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Outcome, Row, Target } from "../outcome.ts";
import { copyPackage } from "../package-copy.ts";
import { holdsKey, isRoot, type World, waitUntil } from "../world.ts";

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

interface Opening {
  /** what the attacker may write */
  readonly path: (root: string) => string;
  readonly mode: number;
  /** false where the path is given to the uid that serves, true where it is open to everyone */
  readonly toEveryone: boolean;
}

/** @returns its entry */
function installVictim(target: Target, root: string, world: World): string {
  if (target === "proxy") return copyPackage(root).entry;
  const entry = join(root, "dist/proxy/main.js");
  fs.mkdirSync(dirname(entry), { recursive: true });
  fs.mkdirSync(join(root, "node_modules"));
  fs.writeFileSync(join(root, "package.json"), '{"type":"module"}');
  fs.chmodSync(root, 0o755);
  fs.copyFileSync(world.plainProxy, entry);
  return entry;
}

/** A package of which the uid that serves may change a part, started by root and by that uid. */
function replacedRow(attack: string, opening: Opening, byRoot: boolean, proxy: Outcome): Row {
  return {
    attack: `${attack}, ${byRoot ? "started by root to serve as that uid" : "started by that uid"}`,
    attacker: "same uid",
    control: "gets key",
    proxy,
    run: async (target, world) => {
      if (!isRoot) return "not possible here: needs a start by root";
      const root = join(world.root, `package-${target}-${attack.replaceAll(/\W+/g, "-")}-${byRoot}`);
      fs.mkdirSync(root);
      const entry = installVictim(target, root, world);
      const path = opening.path(root);
      if (opening.toEveryone) fs.chmodSync(path, opening.mode);
      else fs.chownSync(path, victimsUid, victimsUid);

      // What the attacker may do with it: write the entry, or put his own folder in its place.
      const replace =
        path === entry
          ? `cat "$0" > "$1"`
          : `mv "$2/dist" "$2/old" && mkdir -p "$2/dist/proxy" && cp -r "$2/old/." "$2/dist/" && rm -f "$1" && cp "$0" "$1"`;
      const [setpriv, ...args] = [...world.as("same uid"), "sh", "-c", replace, thief, entry, root];
      const stolen = join(dirname(entry), "stolen");
      spawnSync(setpriv as string, args, { stdio: "ignore" });
      if (path === entry) {
        // The thief writes beside itself, where root may write anyway.
        if (!byRoot) fs.chmodSync(dirname(entry), 0o777);
      }

      const start = world.beginStart(target, {
        ...(byRoot
          ? { as: [], args: target === "proxy" ? ["--user", `${victimsUid}:${victimsUid}`] : [] }
          : {}),
        launcher: join(root, "native/build/codex-responses-api-proxy"),
        control: entry,
      });
      await waitUntil(() => start.hasEnded() || start.isUp(), 5000);
      start.kill("SIGKILL");
      await start.ended;
      const said = start.output.stderr;
      const got = fs.existsSync(stolen) && holdsKey(fs.readFileSync(stolen));
      fs.rmSync(root, { recursive: true });
      if (got) return "gets key";
      if (said.includes(root) && /^codex: error: /m.test(said)) return "refuses to start";
      throw new Error(`neither stolen nor refused: ${said}`);
    },
  };
}

const entryOf = (root: string) => join(root, "dist/proxy/main.js");
const theEntry: Opening = { path: entryOf, mode: 0o666, toEveryone: false };
const theFolder: Opening = { path: (root) => root, mode: 0o777, toEveryone: true };

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
  replacedRow("entry file replaced", theEntry, true, "refuses to start"),
  replacedRow("folder of the package replaced", theFolder, true, "refuses to start"),
  // Whoever serves itself decides what it runs: nothing is claimed here.
  replacedRow("entry file replaced", theEntry, false, "gets key"),
];

function isProtected(): boolean {
  try {
    return fs.readFileSync("/proc/sys/fs/protected_symlinks", "utf8").trim() === "1";
  } catch {
    return false;
  }
}
