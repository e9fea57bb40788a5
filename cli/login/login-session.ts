// What the commands of login have in common: the configuration, and the store that it names.

import type { Command } from "commander";
import { openCredentialStore } from "../../agent/auth/credential-store.ts";
import { type LockedStore, lockedStore } from "../../agent/auth/store-lock.ts";
import type { Config } from "../../agent/config/config.ts";
import { AgentError } from "../../agent/errors.ts";
import type { Session } from "../command.ts";
import { loadEffectiveConfig, overrideRefusal } from "../effective-config.ts";
import { hintLine, warnOn } from "../notices.ts";

export interface LoginSession {
  readonly config: Config;
  readonly store: LockedStore;
}

/** @returns undefined where the configuration cannot be had, which has then been said as the original says it */
export async function openLoginSession(
  command: Command,
  session: Session,
): Promise<LoginSession | undefined> {
  const warn = warnOn(session.stderr);
  try {
    const { config } = await loadEffectiveConfig(command, session, {});
    const { codexHome, cliAuthCredentialsStore: store } = config;
    return { config, store: lockedStore(codexHome, openCredentialStore({ codexHome, store, warn })) };
  } catch (error) {
    if (!(error instanceof AgentError)) throw error;
    session.stderr.write(`${overrideRefusal(error) ?? `Error loading configuration: ${error.message}`}\n`);
    session.stderr.write(hintLine(error));
    return undefined;
  }
}
