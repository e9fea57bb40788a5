// A CODEX_HOME of a test's own, and what loadConfig makes of it.

import fs from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { FlagOverrides } from "../../../agent/config/flags.ts";
import { type LoadedConfig, loadConfigWith } from "../../../agent/config/load.ts";

export interface LoadRequest {
  readonly overrides?: readonly string[];
  readonly flags?: FlagOverrides;
  readonly isStrict?: boolean;
  readonly environment?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  readonly managedPath?: string;
}

export class Home {
  /** CODEX_HOME */
  readonly path: string;
  /** a folder to work in, which is no git repository */
  readonly work: string;
  readonly #root: string;

  constructor() {
    this.#root = fs.realpathSync(fs.mkdtempSync(join(tmpdir(), "codex-config-")));
    this.path = join(this.#root, "home");
    this.work = join(this.#root, "work");
    fs.mkdirSync(this.path);
    fs.mkdirSync(this.work);
  }

  /** Write a file below CODEX_HOME, config.toml where no name is given. */
  write(text: string | Buffer, name = "config.toml"): string {
    const path = join(this.path, name);
    fs.mkdirSync(dirname(path), { recursive: true });
    fs.writeFileSync(path, text);
    return path;
  }

  read(name = "config.toml"): string {
    return fs.readFileSync(join(this.path, name), "utf8");
  }

  remove(): void {
    fs.rmSync(this.#root, { recursive: true, force: true });
  }

  /** @returns what was loaded, with every warning */
  async load(request: LoadRequest = {}): Promise<LoadedConfig & { readonly warnings: readonly string[] }> {
    const warnings: string[] = [];
    const loaded = await loadConfigWith(
      {
        environment: { HOME: this.#root, CODEX_HOME: this.path, ...request.environment },
        cwd: request.cwd ?? this.work,
        overrides: request.overrides ?? [],
        flags: request.flags ?? {},
        isStrict: request.isStrict ?? false,
        warn: (message) => warnings.push(message),
      },
      { managedPath: request.managedPath ?? join(this.#root, "managed", "managed_config.toml") },
    );
    return { ...loaded, warnings };
  }

  /** @returns message and code of the ConfigError, with the home's path as HOME */
  async refusal(request: LoadRequest = {}): Promise<{ readonly code: string; readonly message: string }> {
    try {
      await this.load(request);
    } catch (error) {
      const { code, message, name } = error as Error & { code: string };
      if (name !== "ConfigError") throw error;
      return { code, message: message.replaceAll(this.path, "HOME").replaceAll(this.#root, "ROOT") };
    }
    throw new Error("the configuration was accepted");
  }
}
