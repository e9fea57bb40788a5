// What a user has allowed for as long as the thread lasts: exact commands in exact folders, and changes of
// exact files; nothing wider.

export class SessionApprovals {
  readonly #keys = new Set<string>();

  add(command: readonly string[], cwd: string): void {
    this.#keys.add(keyOf(command, cwd));
  }

  has(command: readonly string[], cwd: string): boolean {
    return this.#keys.has(keyOf(command, cwd));
  }

  /** @param paths - absolute; each is allowed by itself */
  addFiles(paths: readonly string[]): void {
    for (const path of paths) this.#keys.add(fileKey(path));
  }

  /** Whether every one of these files has been allowed; false for none. */
  hasFiles(paths: readonly string[]): boolean {
    return paths.length > 0 && paths.every((path) => this.#keys.has(fileKey(path)));
  }
}

function keyOf(command: readonly string[], cwd: string): string {
  return JSON.stringify([cwd, command]);
}

function fileKey(path: string): string {
  return JSON.stringify(path);
}
