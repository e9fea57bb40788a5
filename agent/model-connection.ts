// The way to the model with the login that it needs, opened when the first request is made and once only.

import type { Config } from "./config/config.ts";
import type { Environment } from "./environment.ts";
import type { Connection } from "./provider/connection.ts";
import type { SenderFacts } from "./provider/user-agent.ts";

export interface ModelConnectionRequest {
  readonly config: Config;
  readonly environment: Environment;
  readonly sender: SenderFacts;
  /** whether CODEX_API_KEY and CODEX_ACCESS_TOKEN win over a stored login */
  readonly usesApiKeyVariable: boolean;
  warn(message: string): void;
}

export interface ModelConnection {
  /** @throws {AgentError} where there is no way, or no key for it; then it may be asked for again */
  open(): Promise<Connection>;
  close(): Promise<void>;
}

/** A connection that is made when it is asked for. */
export function modelConnection(request: ModelConnectionRequest): ModelConnection {
  let opening: Promise<Connection> | undefined;
  return {
    open() {
      opening ??= connect(request).catch((error: unknown) => {
        opening = undefined;
        throw error;
      });
      return opening;
    },
    async close() {
      const connection = await opening?.catch(() => undefined);
      await connection?.close();
    },
  };
}

// With a proxy no login is opened: no key is needed, and none is looked for.
async function connect(request: ModelConnectionRequest): Promise<Connection> {
  const { config, environment } = request;
  const [{ openConnection }, { needsLogin }, { describeSender }] = await Promise.all([
    import("./provider/connection.ts"),
    import("./provider/key.ts"),
    import("./provider/user-agent.ts"),
  ]);
  const wantsLogin = config.proxy === undefined && needsLogin(config.modelProvider);
  const credentials = wantsLogin ? await openLogin(request) : undefined;
  return openConnection(config, credentials, environment, describeSender(request.sender, environment));
}

async function openLogin({ config, environment, usesApiKeyVariable, warn }: ModelConnectionRequest) {
  const { openCredentials } = await import("./auth/credentials.ts");
  return openCredentials({
    codexHome: config.codexHome,
    store: config.cliAuthCredentialsStore,
    environment,
    usesApiKeyVariable,
    warn,
  });
}
