// The commands beside the proxy itself, with the line that the help has for each. Pure data: the proxy
// shows it and loads none of them. Mirrors native/launcher/dispatch.c.

export const commandList = {
  status: "say whether the proxy of a server info file runs, and where",
} as const satisfies Record<string, string>;

export type CommandName = keyof typeof commandList;
