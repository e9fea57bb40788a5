// The table of subcommands. A row holds what help, completion and a usage error need to know; the module
// is loaded when the command is called.

import type { CommandEntry } from "./command.ts";

export const commandTable: readonly CommandEntry[] = [
  {
    name: "login",
    aliases: [],
    summary: "Manage login",
    isHidden: false,
    load: () => import("./commands/login.ts"),
  },
  {
    name: "logout",
    aliases: [],
    summary: "Remove stored authentication credentials",
    isHidden: false,
    load: () => import("./commands/logout.ts"),
  },
  {
    name: "exec",
    aliases: ["e"],
    summary: "Work on one prompt without a terminal",
    isHidden: false,
    load: () => import("./commands/exec.ts"),
  },
  {
    name: "review",
    aliases: [],
    summary: "Review changes of the current repository",
    isHidden: false,
    load: () => import("./commands/review.ts"),
  },
  {
    name: "apply",
    aliases: ["a"],
    summary: "Apply the latest diff of a task in the cloud to the repository",
    isHidden: false,
    load: () => import("./commands/apply.ts"),
  },
  {
    name: "archive",
    aliases: [],
    summary: "Archive a saved session by id or name",
    isHidden: false,
    load: () => import("./commands/archive.ts"),
  },
  {
    name: "unarchive",
    aliases: [],
    summary: "Unarchive a saved session by id or name",
    isHidden: false,
    load: () => import("./commands/unarchive.ts"),
  },
  {
    name: "delete",
    aliases: [],
    summary: "Permanently delete a saved session by id or name",
    isHidden: false,
    load: () => import("./commands/delete.ts"),
  },
  {
    name: "completion",
    aliases: [],
    summary: "Generate shell completion scripts",
    isHidden: false,
    load: () => import("./commands/completion.ts"),
  },
  {
    name: "config",
    aliases: [],
    summary: "Show the configuration in force and where it came from",
    isHidden: false,
    load: () => import("./commands/config.ts"),
  },
  {
    name: "doctor",
    aliases: [],
    summary: "Find out what is wrong with installation, configuration and machine",
    isHidden: false,
    load: () => import("./commands/doctor.ts"),
  },
  {
    name: "features",
    aliases: [],
    summary: "Inspect feature flags",
    isHidden: false,
    load: () => import("./commands/features.ts"),
  },
  {
    name: "sandbox",
    aliases: ["debug"],
    summary: "Run commands within a Codex-provided sandbox",
    isHidden: false,
    load: () => import("./commands/sandbox.ts"),
  },
  {
    name: "responses-api-proxy",
    aliases: [],
    summary: "Run the proxy that holds the API key",
    isHidden: true,
    load: () => import("./commands/responses-api-proxy.ts"),
  },
];

/** Subcommands of the original that are not in this version, each with its aliases. */
export const missingCommands: readonly (readonly [name: string, ...aliases: readonly string[]])[] = [
  ["mcp"],
  ["mcp-server"],
  ["app-server"],
  ["resume"],
  ["cloud", "cloud-tasks"],
];
