// A project with a repository, and beside it a folder that no patch may reach; a turn that works in it with a
// real executor behind the real sandbox; and who is asked.

import fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ApprovalRequest, ReviewDecision } from "../../../../agent/approval/approver.ts";
import type { ApprovalPolicy, Config, SandboxMode } from "../../../../agent/config/config.ts";
import { createExecutor } from "../../../../agent/execution/create-executor.ts";
import type { CommandRequest } from "../../../../agent/execution/executor.ts";
import { sandboxPolicy } from "../../../../agent/sandbox/policy.ts";
import { launcher } from "../../../proxy-process.ts";
import type { Files } from "../../apply-patch/cases/case.ts";
import { fillPlace } from "../../apply-patch/place.ts";
import { type Report, startTurn } from "../turn.ts";

export interface Project {
  readonly root: string;
  /** where the thread works */
  readonly work: string;
  /** beside it, and not writable for the thread */
  readonly outside: string;
  readonly home: string;
}

export interface ProjectTurn {
  readonly context: ReturnType<typeof startTurn>["context"];
  readonly reports: readonly Report[];
  readonly asked: readonly ApprovalRequest[];
  /** what was really run */
  readonly runs: readonly CommandRequest[];
  /** paths that onFilesChanging was told of */
  readonly changing: readonly string[];
}

export interface TurnRequest {
  readonly approvalPolicy?: ApprovalPolicy;
  readonly sandboxMode?: SandboxMode;
  readonly writableRoots?: readonly string[];
  readonly shellEnvironmentPolicy?: Partial<Config["shellEnvironmentPolicy"]>;
  /** the answers of a person, in their order */
  readonly answers?: readonly ReviewDecision[];
  /** what happens while the person thinks */
  readonly whileAsked?: () => void;
  /** what happens when all is checked and the program is about to start */
  readonly beforeRun?: () => void;
  readonly signal?: AbortSignal;
}

/** @param files - of the folder `work` */
export async function inProject<Result>(
  files: Files,
  work: (project: Project, startIn: (request: TurnRequest) => ProjectTurn) => Promise<Result>,
): Promise<Result> {
  const root = fs.realpathSync(fs.mkdtempSync(join(tmpdir(), "patch-tool-")));
  const project = {
    root,
    work: join(root, "work"),
    outside: join(root, "outside"),
    home: join(root, "home"),
  };
  for (const folder of Object.values(project)) fs.mkdirSync(folder, { recursive: true });
  fillPlace(project.work, files);
  const opened: { close(): void }[] = [];
  try {
    return await work(project, (request) => {
      const { turn, executor } = start(project, request);
      opened.push(executor);
      return turn;
    });
  } finally {
    for (const executor of opened) executor.close();
    fs.rmSync(root, { recursive: true, force: true });
  }
}

function start(project: Project, request: TurnRequest) {
  const environment = { PATH: process.env.PATH, HOME: project.home };
  const shellEnvironmentPolicy = {
    ...{
      inherit: "all",
      ignoreDefaultExcludes: false,
      exclude: [],
      set: {},
      includeOnly: [],
      useProfile: false,
    },
    ...request.shellEnvironmentPolicy,
  } as Config["shellEnvironmentPolicy"];
  const config: Partial<Config> = {
    cwd: project.work,
    codexHome: join(project.home, ".codex"),
    approvalPolicy: request.approvalPolicy ?? "never",
    sandboxMode: request.sandboxMode ?? "workspace-write",
    workspaceWrite: {
      writableRoots: request.writableRoots ?? [],
      networkAccess: false,
      excludeTmpdirEnvVar: true,
      excludeSlashTmp: true,
    },
    shellEnvironmentPolicy,
  };
  const executor = createExecutor({
    environment,
    launcher,
    codexHome: join(project.home, ".codex"),
    shellEnvironmentPolicy,
    warn: (message) => {
      throw new Error(message);
    },
  });
  const asked: ApprovalRequest[] = [];
  const runs: CommandRequest[] = [];
  const changing: string[] = [];
  const answers = [...(request.answers ?? [])];
  const { context, reports } = startTurn(config, {
    environment,
    policy: sandboxPolicy(config as Config, environment),
    executor: {
      ...executor,
      run: (command) => {
        runs.push(command);
        request.beforeRun?.();
        return executor.run(command);
      },
    },
    approver: {
      decide: async (question) => {
        asked.push(question);
        request.whileAsked?.();
        return answers.shift() ?? "denied";
      },
    },
    onFilesChanging: async (paths) => {
      changing.push(...paths);
    },
    ...(request.signal !== undefined && { signal: request.signal }),
  });
  return { turn: { context, reports, asked, runs, changing }, executor };
}
