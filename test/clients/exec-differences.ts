// In what a session of `codex exec` differs from one of 0.50.0, each difference with its reason; those that
// matter to a user are in docs/compatibility.md as well.

import type { Played } from "./exec-chain.ts";
import type { plays } from "./exec-plays.ts";

export type Compared = Pick<Played, "codes" | "lines" | "stderr" | "requests" | "files">;

/** What 0.50.0 did, turned into what is wanted of ours. */
type Difference = (original: Compared) => Compared;

/** Resources of MCP servers are offered where there is a server. */
const noResourceTools: Difference = (original) => ({
  ...original,
  requests: original.requests.map((body) => ({
    ...body,
    tools: (body.tools as { name?: string }[]).filter(({ name }) => !/mcp_resource/.test(name ?? "")),
  })),
});

export const always: readonly Difference[] = [noResourceTools];

export const differences: { readonly [title in keyof typeof plays]?: readonly Difference[] } = {};
