// What a user has allowed for as long as the thread lasts: exact commands in exact folders, and changes of
// exact files; nothing wider. A yes to a run in the sandbox is none to one without.

/** Where something that was allowed may run; what may run without the sandbox may run in it too. */
export type Confinement = "sandboxed" | "unsandboxed";

export class SessionApprovals {
  readonly #keys = new Set<string>();

  add(command: readonly string[], cwd: string, confinement: Confinement): void {
    this.#keys.add(JSON.stringify([confinement, cwd, command]));
  }

  has(command: readonly string[], cwd: string, confinement: Confinement): boolean {
    return covering(confinement).some((one) => this.#keys.has(JSON.stringify([one, cwd, command])));
  }

  /** @param paths - absolute; each is allowed by itself */
  addFiles(paths: readonly string[], confinement: Confinement): void {
    for (const path of paths) this.#keys.add(JSON.stringify([confinement, path]));
  }

  /** Whether every one of these files has been allowed; false for none. */
  hasFiles(paths: readonly string[], confinement: Confinement): boolean {
    const isAllowed = (path: string) =>
      covering(confinement).some((one) => this.#keys.has(JSON.stringify([one, path])));
    return paths.length > 0 && paths.every(isAllowed);
  }
}

function covering(confinement: Confinement): readonly Confinement[] {
  return confinement === "sandboxed" ? ["sandboxed", "unsandboxed"] : ["unsandboxed"];
}
