// What a thread begins with, side by side with 0.50.0: the texts of AGENTS.md files and the environment, in
// the first request of `codex exec`.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { says } from "../mock/scenarios.ts";
import { type Play, playExec } from "./exec-chain.ts";
import { ours, reference, type Subject } from "./originals.ts";

interface Beginning extends Partial<Play> {
  readonly title: string;
  /** behind `exec … --json` */
  readonly args?: readonly string[];
}

const beginnings: readonly Beginning[] = [
  { title: "no files" },
  { title: "a file in a folder that is no repository", inGit: false, files: { "AGENTS.md": "here\n" } },
  {
    title: "files from the root to the working directory",
    files: {
      "AGENTS.md": "root\n",
      "a/AGENTS.md": " between ",
      "a/b/AGENTS.md": "deep",
      "a/b/c/AGENTS.md": "no",
    },
    args: ["-C", "a/b"],
  },
  {
    title: "a personal file, blanks around it",
    homeFiles: { "AGENTS.md": "\n\n mine \n" },
    files: { "AGENTS.md": "theirs" },
  },
  { title: "a personal file alone", homeFiles: { "AGENTS.md": "mine" } },
  {
    title: "a personal override",
    homeFiles: { "AGENTS.md": "mine", "AGENTS.override.md": "instead" },
  },
  {
    title: "a personal override that says nothing",
    homeFiles: { "AGENTS.md": "mine", "AGENTS.override.md": "  \n" },
  },
  { title: "an override", files: { "AGENTS.md": "theirs", "AGENTS.override.md": "instead" } },
  {
    title: "other names",
    files: { "TEAM.md": "team", "CLAUDE.md": "other", "a/AGENTS.md": "a", "a/TEAM.md": "no" },
    args: ["-C", "a", "-c", 'project_doc_fallback_filenames=["CLAUDE.md","TEAM.md"]'],
  },
  {
    title: "more than the budget",
    files: { "AGENTS.md": "Be nice.\n", "a/AGENTS.md": "sub and more" },
    args: ["-C", "a", "-c", "project_doc_max_bytes=12"],
  },
  {
    title: "a budget that is used up",
    files: { "AGENTS.md": "123456789012", "a/AGENTS.md": "no" },
    args: ["-C", "a", "-c", "project_doc_max_bytes=12"],
  },
  {
    title: "no budget",
    homeFiles: { "AGENTS.md": "mine" },
    files: { "AGENTS.md": "theirs" },
    args: ["-c", "project_doc_max_bytes=0"],
  },
  { title: "files of blanks", files: { "AGENTS.md": " \n", "a/AGENTS.md": "\n" }, args: ["-C", "a"] },
  { title: "bytes that are not UTF-8", files: { "AGENTS.md": Buffer.from("caf\xe9", "latin1") } },
  { title: "full access", args: ["--dangerously-bypass-approvals-and-sandbox"] },
  {
    title: "a workspace with the network and more roots",
    args: [
      ...["-s", "workspace-write", "-c", "sandbox_workspace_write.network_access=true"],
      ...["-c", 'sandbox_workspace_write.writable_roots=["/opt","/srv"]'],
    ],
  },
];

async function begin(subject: Subject, { title: _, args = [], ...play }: Beginning): Promise<unknown> {
  const { requests } = await playExec(subject, {
    script: [says("ok")],
    runs: [{ args: ["--skip-git-repo-check", ...args, "hi"] }],
    ...play,
  });
  return requests.map(({ input }) => input);
}

describe("a thread beside 0.50.0", { skip: reference.skip, concurrency: 2 }, () => {
  for (const beginning of beginnings) {
    test(`begins the same with ${beginning.title}`, async () => {
      const [own, original] = await Promise.all([begin(ours, beginning), begin(reference, beginning)]);
      assert.ok(Array.isArray(original) && original.length === 1);
      assert.deepEqual(own, original);
    });
  }
});
