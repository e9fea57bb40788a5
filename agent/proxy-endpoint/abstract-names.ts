// Whether this Node reaches an abstract socket by its name. Node 20 fills names up with NUL bytes: the kernel
// takes that for another name, which anybody may have, and never leads to the proxy's.
// Both sides of the socket have this file, word for word: neither may import the other.

import { randomUUID } from "node:crypto";
import fs from "node:fs";
import net from "node:net";

let answer: boolean | undefined;

/** @returns false as well where it cannot be found out */
export function keepsAbstractNames(): boolean {
  answer ??= findOut();
  return answer;
}

function findOut(): boolean {
  const name = `codex-${randomUUID()}`;
  const server = net.createServer().on("error", () => {});
  try {
    server.listen(`\0${name}`); // bound before it returns
    return fs.readFileSync("/proc/net/unix", "latin1").includes(`@${name}\n`);
  } catch {
    return false;
  } finally {
    server.close();
  }
}
