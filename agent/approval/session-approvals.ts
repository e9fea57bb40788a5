// What a user has allowed for as long as the thread lasts: exact commands in exact folders, nothing wider.

export class SessionApprovals {
  readonly #keys = new Set<string>();

  add(command: readonly string[], cwd: string): void {
    this.#keys.add(keyOf(command, cwd));
  }

  has(command: readonly string[], cwd: string): boolean {
    return this.#keys.has(keyOf(command, cwd));
  }
}

function keyOf(command: readonly string[], cwd: string): string {
  return JSON.stringify([cwd, command]);
}
