// A process that holds listening sockets and never takes a connection from them, as systemd does: it
// passes them to one service after the other. Its descriptors from 4 on are the sockets; 3 is for orders.

import { type ChildProcess, spawn } from "node:child_process";
import type { HolderEvent, HolderOrder } from "./played-systemd.ts";

const firstSocketFd = 4;
const services = new Map<number, ChildProcess>();
const tell = (event: HolderEvent) => {
  if (process.connected) process.send?.(event);
};

process.on("message", (order: HolderOrder) => {
  if (order.kind === "signal") {
    services.get(order.id)?.kill(order.signal);
    return;
  }
  // LISTEN_PID is the pid of what is executed in the end.
  const script = 'test "$LISTEN_PID" || export LISTEN_PID=$$; exec "$@"';
  const sockets = order.sockets.map((index) => firstSocketFd + index);
  const child = spawn("sh", ["-c", script, "sh", ...order.command], {
    env: { ...process.env, LISTEN_FDS: String(sockets.length), ...order.env },
    stdio: ["pipe", "ignore", "pipe", ...sockets],
  });
  services.set(order.id, child);
  child.stdin?.on("error", () => {});
  child.stdin?.end(order.input);
  child.stderr?.on("data", (chunk) => tell({ kind: "stderr", id: order.id, text: String(chunk) }));
  child.once("close", (code, signal) => tell({ kind: "ended", id: order.id, code, signal }));
  tell({ kind: "started", id: order.id, pid: child.pid ?? 0 });
});
process.once("disconnect", () => {
  for (const child of services.values()) child.kill("SIGKILL");
  process.exit();
});
