// By what the caller, and so whatever he runs, could become the proxy's user or root, and take the key
// after all. Looked at from outside, without trying any of it but sudo, which says so itself.

import { spawnSync } from "node:child_process";
import fs from "node:fs";
import { dirname, resolve } from "node:path";
import type { ServerInfo } from "../server-info.ts";

const sudoTimeoutMs = 2000;

// Shorter ones stand in environments by chance.
const minTellingLength = 8;

// Groups whose members are root by another name.
const powerfulGroups = new Set([
  "sudo",
  "wheel",
  "admin",
  "docker",
  "podman",
  "lxd",
  "incus",
  "libvirt",
  "disk",
]);

const rootSockets = [
  "/run/docker.sock",
  "/run/podman/podman.sock",
  "/run/containerd/containerd.sock",
  "/run/crio/crio.sock",
  "/var/lib/lxd/unix.socket",
  "/var/lib/incus/unix.socket",
];

/**
 * Name every way that is open, one sentence each.
 *
 * @param file - the server info file, for who may replace it
 */
export function findWaysToTheKey(info: ServerInfo, file: string): string[] {
  if (process.geteuid?.() === 0) return ["it runs as root, who can take the key from the proxy"];
  return [sudo(), groups(), sockets(), capabilities(), sameUser(info), folder(file)].filter(
    (way) => way !== undefined,
  );
}

/**
 * Name the processes that this user can look into and that have one of the values in their environment: the
 * shell from which a variable was exported, usually.
 */
export function findHolders(values: readonly string[]): string[] {
  const telling = values.filter((value) => value.length >= minTellingLength);
  if (telling.length === 0 || process.geteuid?.() === 0) return []; // root is told already, and is many
  const pids = fs.readdirSync("/proc").filter((name) => /^\d+$/.test(name) && name !== String(process.pid));
  return pids
    .filter((pid) => {
      const environment = readText(`/proc/${pid}/environ`);
      return telling.some((value) => environment.includes(value));
    })
    .map((pid) => `process ${pid} (${readText(`/proc/${pid}/comm`).trim()})`);
}

function sudo(): string | undefined {
  const { status } = spawnSync("sudo", ["-n", "true"], { stdio: "ignore", timeout: sudoTimeoutMs });
  return status === 0 ? "this user is root by sudo, without a password" : undefined;
}

function groups(): string | undefined {
  const ids = new Set([process.getegid?.(), ...(process.getgroups?.() ?? [])].map(String));
  const names = readText("/etc/group")
    .split("\n")
    .map((line) => line.split(":"))
    .filter(([name, , id]) => ids.has(id ?? "") && powerfulGroups.has(name ?? ""))
    .map(([name]) => name);
  return names.length > 0 ? `members of the group ${names.join(", ")} can become root` : undefined;
}

function sockets(): string | undefined {
  const open = rootSockets.filter((path) => isWritable(path));
  return open.length > 0 ? `who may write to ${open.join(", ")} can become root` : undefined;
}

function capabilities(): string | undefined {
  const effective = statusMember("self", "CapEff")?.[0] ?? "0";
  return /^0*$/.test(effective) ? undefined : `this process has capabilities (${effective})`;
}

function sameUser(info: ServerInfo): string | undefined {
  const uids = statusMember(String(info.pid), "Uid") ?? [];
  if (!uids.includes(String(process.getuid?.()))) return undefined;
  const scope = readText("/proc/sys/kernel/yama/ptrace_scope").trim();
  const debugging =
    scope === "" || scope === "0"
      ? ", and may debug whatever else this user runs, the shell it came from too"
      : "";
  return `the proxy serves as this very user, who can end it${debugging}`;
}

// Who can replace the file can send the clients of all users to a port of his own.
function folder(file: string): string | undefined {
  const path = dirname(resolve(file));
  try {
    const status = fs.statSync(path);
    const uid = process.geteuid?.();
    const isKept = (status.mode & 0o1000) !== 0 && status.uid !== uid && fs.statSync(file).uid !== uid;
    return isWritable(path) && !isKept ? `this user can replace server info: ${path} is writable` : undefined;
  } catch {
    return undefined;
  }
}

function statusMember(pid: string, name: string): string[] | undefined {
  const line = readText(`/proc/${pid}/status`)
    .split("\n")
    .find((line) => line.startsWith(`${name}:`));
  return line
    ?.slice(name.length + 1)
    .trim()
    .split(/\s+/);
}

function isWritable(path: string): boolean {
  try {
    fs.accessSync(path, fs.constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function readText(path: string): string {
  try {
    return fs.readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
