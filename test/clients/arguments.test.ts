// Argument lists, read by ours and by 0.50.0 side by side: what is wrong with them, in the same words and
// with the same status. Only the usage lines are left out of the comparison: they name the options of
// each program's own.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { inFreshPlace, ours, type Run, reference, runSubject } from "./originals.ts";

/** Lists that both refuse. */
const refused: readonly (readonly string[])[] = [
  // unknown options
  ["--bogus"],
  ["-x"],
  ["-xyz"],
  ["--jsno"],
  ["--modle", "o3"],
  ["exec", "--bogus"],
  ["exec", "--jsno"],
  ["exec", "-Z"],
  ["exec", "--skip-git-repo-chek", "hi"],
  ["exec", "--sandbx=read-only"],
  ["exec", "--ask-for-approval", "never", "hi"],
  ["exec", "a", "b"],
  ["exec", "resume", "--bogus"],
  ["exec", "resume", "a", "b", "c"],
  ["exec", "resume", "--last", "a", "b"],
  ["exec", "hi", "resume", "--last", "--last"],
  ["exec", "-a", "never", "hi"],
  ["features", "--bogus"],
  ["features", "list", "--bogus"],
  ["features", "list", "-m", "o3"],
  ["features", "--version"],
  ["login", "status", "--bogus"],
  ["logout", "-x"],
  ["--=x"],
  ["-=x"],
  // values: missing, wrong, where none belongs
  ["--sandbox"],
  ["-s"],
  ["-a"],
  ["-c"],
  ["--config"],
  ["--enable"],
  ["-m"],
  ["-m", "-x"],
  ["-m", "--oss"],
  ["-m", "--", "hi"],
  ["-C", "-s", "read-only"],
  ["-i"],
  ["exec", "-o"],
  ["exec", "--color"],
  ["--sandbox", "bogus"],
  ["--sandbox=bogus"],
  ["--sandbox="],
  ["--sandbox", ""],
  ["-sbogus"],
  ["-s=bogus"],
  ["--sandbox", "red-only"],
  ["-s", "Read-Only"],
  ["-a", "sometimes"],
  ["-a", "on-fail"],
  ["exec", "--sandbox", "red", "hi"],
  ["exec", "--color", "purple"],
  ["completion", "bogus"],
  ["completion", "tcsh"],
  ["completion", ""],
  ["--oss=true"],
  ["--full-auto="],
  ["--help=x"],
  ["--version=1"],
  ["exec", "--json=1"],
  // too often
  ["-m", "a", "-m", "b"],
  ["-ma", "--model=b"],
  ["--oss", "--oss"],
  ["-s", "read-only", "-s", "read-only"],
  ["-C", "/", "--cd", "/"],
  ["--yolo", "--yolo"],
  ["--yolo", "--dangerously-bypass-approvals-and-sandbox"],
  ["exec", "-m", "a", "-m", "b", "x"],
  ["exec", "--json", "--json", "x"],
  // not together
  ["--yolo", "--full-auto"],
  ["--full-auto", "--yolo"],
  ["--yolo", "-a", "never"],
  ["-a", "never", "--yolo"],
  ["--dangerously-bypass-approvals-and-sandbox", "--full-auto", "-a", "never"],
  ["exec", "--yolo", "--full-auto"],
  ["--yolo", "--full-auto", "exec", "--bogus"],
  ["--yolo", "--full-auto", "features", "list"],
  // words
  ["exec", "one", "two"],
  ["exec", "--", "one", "two"],
  ["completion", "bash", "extra"],
  ["completion", "bash", "--", "extra"],
  ["features", "bogus"],
  ["features", "lst"],
  ["features", "--", "list"],
  ["features", "list", "extra"],
  ["login", "bogus"],
  ["login", "statu"],
  ["logout", "bogus"],
  ["one", "two"],
  ["one", "exce"],
  ["one", "--", "two"],
  ["-", "exce"],
  ["help", "bogus"],
  ["help", "exce"],
  ["help", "features", "lst"],
  ["help", "-h"],
  ["help", "--bogus"],
  ["help", "completion", "bash"],
  ["features", "help", "bogus"],
  ["sandbox", "linux", "--bogus", "ls"],
  // the first mistake counts, but for values that were not looked at yet
  ["--bogus", "--help"],
  ["-s", "bogus", "--help"],
  ["-m", "a", "-m", "b", "--help"],
  ["--bogus", "-s", "bogus"],
  ["exec", "-s", "bogus", "--bogus"],
];

/** Lists that both take for help or version, whatever else is said. */
const answered: readonly (readonly string[])[] = [
  ["--help"],
  ["-h"],
  ["-hx"],
  ["-h", "--bogus"],
  ["--help", "exec", "--bogus"],
  ["exec", "-h"],
  ["-m", "o3", "exec", "--help"],
  ["e", "--help"],
  ["help"],
  ["help", "exec"],
  ["help", "e"],
  ["help", "features", "list"],
  ["features", "help"],
  ["features", "help", "list"],
  ["features", "list", "-h"],
  ["debug", "landlock", "--help"],
  ["sandbox", "seatbelt", "--help"],
  ["login", "status", "--help"],
  ["one", "exec", "--help"],
  ["--yolo", "--full-auto", "--help"],
  ["-i", "a", "--help"],
  ["-i", "a,b", "c", "-h"],
];

/** Lists by which both list features: overrides and other options in every spelling and place. */
const listing: readonly (readonly string[])[] = [
  ["features", "list"],
  ["-c", "a=b", "features", "list"],
  ["-ca=b", "features", "list"],
  ["-c=a=b", "features", "list"],
  ["--config=a=b", "features", "list"],
  ["features", "-c", "features.unified_exec=true", "list"],
  ["features", "list", "-cfeatures.unified_exec=true"],
  ["features", "list", "-c=features.unified_exec=true"],
  ["features", "list", "--config=features.unified_exec=true"],
  ["features", "list", "-c", "features.unified_exec=true", "-c", "features.unified_exec=false"],
  ["-c", "features.unified_exec=true", "features", "list", "-c", "features.unified_exec=false"],
  ["-c", "features.unified_exec=false", "--enable", "unified_exec", "features", "list"],
  ["--enable", "unified_exec", "features", "list", "-c", "features.unified_exec=false"],
  ["features", "list", "--enable", "unified_exec", "-c", "features.unified_exec=false"],
  ["--enable", "unified_exec", "--disable", "unified_exec", "features", "list"],
  ["--disable=unified_exec", "--enable=unified_exec", "features", "list"],
  ["features", "--enable", "unified_exec", "list", "--disable", "view_image_tool"],
  ["-m", "exec", "features", "list"],
  ["-mo3", "-sread-only", "--ask-for-approval=never", "features", "list"],
  ["--oss", "--full-auto", "--search", "features", "list"],
  ["-i", "a", "b,c", "--oss", "features", "list"],
  ["-i", "a", "-i", "b", "--oss", "features", "list"],
  ["--add-dir", "a", "--add-dir", "b", "features", "list"],
  ["one", "features", "list"],
  ["-", "features", "list"],
];

async function runBoth(args: readonly string[]): Promise<{ readonly ours: Run; readonly original: Run }> {
  const [own, original] = await Promise.all(
    [ours, reference].map((subject) => inFreshPlace((place) => runSubject(subject, { ...place, args }))),
  );
  return { ours: own as Run, original: original as Run };
}

/** Without the usage lines and what they are made of. */
function withoutUsage({ code, stdout, stderr }: Run): Run {
  const paragraphs = stderr.split("\n\n").filter((text) => !text.startsWith("Usage: "));
  return { code, stdout, stderr: paragraphs.join("\n\n") };
}

describe("argument lists", { skip: reference.skip }, () => {
  for (const args of refused) {
    test(`are refused in the same words: codex ${args.join(" ")}`, async () => {
      const both = await runBoth(args);
      assert.deepEqual(withoutUsage(both.ours), withoutUsage(both.original));
      assert.equal(both.ours.code, 2);
    });
  }

  for (const args of answered) {
    test(`are answered with the help of the same command: codex ${args.join(" ")}`, async () => {
      const both = await runBoth(args);
      const [own, original] = [both.ours, both.original].map(({ code, stdout, stderr }) => ({
        code,
        stderr,
        usage: /Usage: (codex(?: [a-z]+)*)/.exec(stdout)?.[1],
        isLong: stdout.includes("see a summary with"),
      }));
      assert.deepEqual(own, original);
      assert.equal(own?.code, 0);
    });
  }

  for (const args of listing) {
    test(`switch the same features: codex ${args.join(" ")}`, async () => {
      const both = await runBoth(args);
      assert.deepEqual(
        { code: both.ours.code, stdout: both.ours.stdout },
        { code: both.original.code, stdout: both.original.stdout },
      );
      assert.equal(both.ours.code, 0);
    });
  }

  test("without a subcommand that is needed there is short help on stderr, and status 2", async () => {
    const both = await runBoth(["features"]);
    for (const { code, stdout, stderr } of [both.ours, both.original]) {
      assert.deepEqual({ code, stdout }, { code: 2, stdout: "" });
      assert.match(stderr, /^Usage: codex features \[OPTIONS\] <COMMAND>$/m);
      assert.match(stderr, /see more with '--help'/);
    }
  });
});
