import assert from "node:assert/strict";
import { test } from "node:test";
import type { ReviewDecision } from "../../../agent/approval/approver.ts";
import { NotAllowed } from "../../../agent/approval/ask.ts";
import { guardPatch, runGuarded } from "../../../agent/approval/guard.ts";
import { SessionApprovals } from "../../../agent/approval/session-approvals.ts";
import { approvalPolicies } from "../../../agent/config/config.ts";
import type { SandboxPolicy } from "../../../agent/sandbox/policy.ts";
import { type ToolContext, ToolFailure, TurnAborted } from "../../../agent/tools/tool.ts";
import { turn, workspaceWrite } from "./turn.ts";

const commands = {
  safe: { callId: "1", command: ["ls"], cwd: "/", wantsEscalation: false },
  other: { callId: "1", command: ["make"], cwd: "/", wantsEscalation: false },
  dangerous: { callId: "1", command: ["rm", "-rf", "x"], cwd: "/", wantsEscalation: false },
  escalated: { callId: "1", command: ["make"], cwd: "/", wantsEscalation: true, justification: "it is late" },
};

const policies: Record<string, SandboxPolicy> = {
  sandboxed: workspaceWrite,
  full: { mode: "danger-full-access" },
};

// What happens, in the order in which it does: "ask" (with a reason), the mode of each attempt, the end.
async function story(
  run: (
    context: ToolContext,
    attempt: (policy: SandboxPolicy) => Promise<string>,
    isDenied: (result: string) => boolean,
  ) => Promise<unknown>,
  facts: Parameters<typeof turn>[0] & { readonly isDenied?: boolean },
): Promise<string> {
  const steps: string[] = [];
  const { context } = turn(facts);
  const { approver } = context;
  const heard = {
    ...context,
    approver: {
      decide: async (...[request, signal]: Parameters<typeof approver.decide>) => {
        steps.push(request.reason === undefined ? "ask" : `ask (${request.reason})`);
        return approver.decide(request, signal);
      },
    },
  };
  const attempt = async ({ mode }: SandboxPolicy) => {
    steps.push(mode);
    return mode;
  };
  try {
    await run(heard, attempt, (mode) => facts.isDenied === true && mode !== "danger-full-access");
  } catch (error) {
    steps.push((error as Error).message);
  }
  return steps.join(", ");
}

const escalationRefused = (name: string) =>
  `approval policy is ${name}; reject command — you should not ask for escalated permissions if the approval policy is ${name}`;

test("what is asked and where it runs is a matter of policy, sandbox and command", async () => {
  const told: Record<string, string> = {};
  for (const approvalPolicy of approvalPolicies)
    for (const [where, policy] of Object.entries(policies))
      for (const [what, command] of Object.entries(commands))
        told[`${approvalPolicy}, ${where}, ${what}`] = await story(
          (context, attempt, isDenied) => runGuarded(command, context, attempt, isDenied),
          { approvalPolicy, policy, answers: ["approved"] },
        );
  const full = "danger-full-access";
  assert.deepEqual(told, {
    "untrusted, sandboxed, safe": "workspace-write",
    "untrusted, sandboxed, other": "ask, workspace-write",
    "untrusted, sandboxed, dangerous": "ask, workspace-write",
    "untrusted, sandboxed, escalated": escalationRefused("UnlessTrusted"),
    "untrusted, full, safe": full,
    "untrusted, full, other": `ask, ${full}`,
    "untrusted, full, dangerous": `ask, ${full}`,
    "untrusted, full, escalated": escalationRefused("UnlessTrusted"),
    "on-failure, sandboxed, safe": "workspace-write",
    "on-failure, sandboxed, other": "workspace-write",
    "on-failure, sandboxed, dangerous": "workspace-write",
    "on-failure, sandboxed, escalated": escalationRefused("OnFailure"),
    "on-failure, full, safe": full,
    "on-failure, full, other": full,
    "on-failure, full, dangerous": full,
    "on-failure, full, escalated": escalationRefused("OnFailure"),
    "on-request, sandboxed, safe": "workspace-write",
    "on-request, sandboxed, other": "workspace-write",
    "on-request, sandboxed, dangerous": "ask, workspace-write",
    "on-request, sandboxed, escalated": `ask (it is late), ${full}`,
    "on-request, full, safe": full,
    "on-request, full, other": full,
    "on-request, full, dangerous": `ask, ${full}`,
    "on-request, full, escalated": full,
    "never, sandboxed, safe": "workspace-write",
    "never, sandboxed, other": "workspace-write",
    "never, sandboxed, dangerous": "workspace-write",
    "never, sandboxed, escalated": escalationRefused("Never"),
    "never, full, safe": full,
    "never, full, other": full,
    "never, full, dangerous": full,
    "never, full, escalated": escalationRefused("Never"),
  });
});

test("what the sandbox refused is run without it only where the policy asks and the answer is yes", async () => {
  const run = (context: ToolContext, attempt: never, isDenied: never) =>
    runGuarded(commands.other, context, attempt, isDenied);
  const told: string[] = [];
  for (const approvalPolicy of approvalPolicies)
    for (const answer of ["approved", "denied", "abort"] as const)
      told.push(
        `${approvalPolicy}, ${answer}: ${await story(run as Parameters<typeof story>[0], {
          approvalPolicy,
          policy: workspaceWrite,
          answers: approvalPolicy === "untrusted" ? ["approved", answer] : [answer],
          isDenied: true,
        })}`,
      );
  const again = "ask (command failed; retry without sandbox?)";
  assert.deepEqual(told, [
    `untrusted, approved: ask, workspace-write, ${again}, danger-full-access`,
    `untrusted, denied: ask, workspace-write, ${again}, exec command rejected by user`,
    `untrusted, abort: ask, workspace-write, ${again}, exec command rejected by user`,
    `on-failure, approved: workspace-write, ${again}, danger-full-access`,
    `on-failure, denied: workspace-write, ${again}, exec command rejected by user`,
    `on-failure, abort: workspace-write, ${again}, exec command rejected by user`,
    "on-request, approved: workspace-write",
    "on-request, denied: workspace-write",
    "on-request, abort: workspace-write",
    "never, approved: workspace-write",
    "never, denied: workspace-write",
    "never, abort: workspace-write",
  ]);
});

test("a safe command that the sandbox refused is asked about under untrusted", async () => {
  const told = await story(
    (context, attempt, isDenied) => runGuarded(commands.safe, context, attempt, isDenied),
    { approvalPolicy: "untrusted", policy: workspaceWrite, answers: ["approved"], isDenied: true },
  );
  assert.equal(told, "workspace-write, ask (command failed; retry without sandbox?), danger-full-access");
});

test("a refusal that nobody is asked about is told with the result", async () => {
  const { context } = turn({ approvalPolicy: "never", policy: workspaceWrite });
  assert.deepEqual(
    await runGuarded(
      commands.other,
      context,
      async () => 1,
      () => true,
    ),
    { result: 1, wasDenied: true, wasAsked: false },
  );
});

test("without a sandbox nothing is a refusal by it", async () => {
  const { context } = turn({ approvalPolicy: "on-failure", policy: { mode: "danger-full-access" } });
  assert.deepEqual(
    await runGuarded(
      commands.other,
      context,
      async () => 1,
      () => true,
    ),
    { result: 1, wasDenied: false, wasAsked: false },
  );
});

test("only a clear yes allows: one who throws, at once or later, or answers anything else has said no", async () => {
  const answers: (() => unknown)[] = [
    () => {
      throw new Error("the terminal is gone");
    },
    () => Promise.reject(new Error("the client is gone")),
    ...["denied", "Approved", "yes", "", undefined, null, true, 1, {}, ["approved"]].map(
      (answer) => async () => answer,
    ),
  ];
  const ends: unknown[] = [];
  for (const decide of answers) {
    const { context } = turn({
      approvalPolicy: "untrusted",
      policy: workspaceWrite,
      approver: { decide: decide as () => Promise<ReviewDecision> },
    });
    const run = runGuarded(
      commands.other,
      context,
      async () => "ran",
      () => false,
    );
    ends.push(await run.catch((error: unknown) => error));
  }
  assert.deepEqual(
    ends.map((end) => (end instanceof NotAllowed && end instanceof ToolFailure ? end.message : end)),
    answers.map(() => "exec command rejected by user"),
  );
});

test("abort ends the turn", async () => {
  const { context } = turn({ approvalPolicy: "untrusted", policy: workspaceWrite, answers: ["abort"] });
  await assert.rejects(
    runGuarded(
      commands.other,
      context,
      async () => 1,
      () => false,
    ),
    TurnAborted,
  );
});

test("an interrupt ends the wait for an answer, and a yes that comes with it runs nothing", async () => {
  const reason = new Error("interrupted");
  for (const late of ["never", "approved"] as const) {
    const interrupt = new AbortController();
    let runs = 0;
    const { context } = turn({
      approvalPolicy: "untrusted",
      policy: workspaceWrite,
      signal: interrupt.signal,
      approver: {
        decide: () => {
          interrupt.abort(reason);
          return late === "approved" ? Promise.resolve("approved") : new Promise(() => {});
        },
      },
    });
    const run = runGuarded(
      commands.other,
      context,
      async () => {
        runs += 1;
      },
      () => false,
    );
    await assert.rejects(run, reason);
    assert.equal(runs, 0);
  }
});

test("a turn that is over runs and asks nothing", async () => {
  const { context, asked } = turn({
    approvalPolicy: "never",
    policy: workspaceWrite,
    signal: AbortSignal.abort(new Error("over")),
  });
  let runs = 0;
  const run = runGuarded(
    commands.other,
    context,
    async () => {
      runs += 1;
    },
    () => false,
  );
  await assert.rejects(run, /^Error: over$/);
  assert.deepEqual([runs, asked], [0, []]);
});

test("an interrupt while it runs in the sandbox is the end: nobody is asked to run it again", async () => {
  const abort = new AbortController();
  const { context, asked } = turn({
    approvalPolicy: "on-failure",
    policy: workspaceWrite,
    answers: ["approved"],
    signal: abort.signal,
  });
  let runs = 0;
  const run = runGuarded(
    commands.other,
    context,
    async () => {
      runs += 1;
      abort.abort(new Error("over"));
    },
    () => true,
  );
  await assert.rejects(run, /^Error: over$/);
  assert.deepEqual([runs, asked], [1, []]);
});

test("an approval for the session holds for the very command in the very folder, and no other", async () => {
  const approvals = new SessionApprovals();
  const asks = async (command: readonly string[], cwd: string) => {
    const { context, asked } = turn({
      approvalPolicy: "untrusted",
      policy: workspaceWrite,
      answers: ["approved_for_session"],
      approvals,
    });
    const request = { callId: "1", command, cwd, wantsEscalation: false };
    await runGuarded(
      request,
      context,
      async () => 1,
      () => false,
    );
    return asked.length;
  };
  assert.deepEqual(
    [
      await asks(["make", "all"], "/a"),
      await asks(["make", "all"], "/a"),
      await asks(["make", "all"], "/b"),
      await asks(["make all"], "/a"),
      await asks(["make", "all", ""], "/a"),
      await asks(["make"], "/a"),
      await asks(["make", "all"], "/a"),
    ],
    [1, 0, 1, 1, 1, 1, 0],
  );
});

test("an approval of files for the session holds for these files, and does not let a command run", async () => {
  const approvals = new SessionApprovals();
  const asks = async (...paths: string[]) => {
    const { context, asked } = turn({
      approvalPolicy: "untrusted",
      policy: workspaceWrite,
      answers: ["approved_for_session"],
      approvals,
    });
    const changes = paths.map((path) => ({ kind: "add", path, content: "" }) as const);
    await guardPatch(
      { callId: "1", changes, cwd: "/" },
      context,
      async () => 1,
      () => false,
    );
    return asked.length;
  };
  assert.deepEqual(
    [await asks("/a", "/b"), await asks("/b"), await asks("/b", "/c"), await asks("/x/../a", "/c")],
    [1, 0, 1, 0],
  );
  assert.deepEqual(
    [approvals.has(["/a"], "/", "sandboxed"), approvals.has([], "/a", "sandboxed")].concat(
      approvals.hasFiles([], "sandboxed"),
    ),
    [false, false, false],
  );
});

test("a yes for the session to a run in the sandbox is none to a run without, and the other way round it is", async () => {
  const approvals = new SessionApprovals();
  const facts = { approvalPolicy: "untrusted", policy: workspaceWrite, approvals, isDenied: true } as const;
  const run: Parameters<typeof story>[0] = (context, attempt, isDenied) =>
    runGuarded(commands.other, context, attempt, isDenied);
  const again = "ask (command failed; retry without sandbox?)";
  assert.equal(
    await story(run, { ...facts, answers: ["approved_for_session", "denied"] }),
    `ask, workspace-write, ${again}, exec command rejected by user`,
  );
  assert.equal(
    await story(run, { ...facts, answers: ["approved_for_session"] }),
    `workspace-write, ${again}, danger-full-access`,
  );
  assert.equal(await story(run, facts), "workspace-write, danger-full-access");
});

test("a safe command that wants to leave the sandbox stays in it, and nobody is asked", async () => {
  const told = await story(
    (context, attempt, isDenied) =>
      runGuarded({ ...commands.safe, wantsEscalation: true }, context, attempt, isDenied),
    { approvalPolicy: "on-request", policy: workspaceWrite },
  );
  assert.equal(told, "workspace-write");
});
