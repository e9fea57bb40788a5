// The commands beside the proxy itself, with the line that the help has for each. Pure data: the proxy
// shows it and loads none of them. Mirrors native/launcher/dispatch.c.

export const commandList = {
  env: "print the arguments with which Codex uses the proxy",
  exec: "run a client against the proxy, without any key in its environment",
  rotate: "give the running proxy another key, read from stdin",
  token: "make a client token, or have the running proxy read their file again",
  status: "say whether the proxy of a server info file runs, and where",
  wait: "wait until the proxy of a server info file runs",
  stop: "shut the proxy of a server info file down, and wait until it has ended",
  top: "show what the running proxy does, live",
  audit: "verify an audit log that has a hash chain",
} as const satisfies Record<string, string>;

export type CommandName = keyof typeof commandList;
