// $CODEX_HOME/.env at the start of every command. What is wrong with it keeps no command from running.

import { resolveCodexHome } from "../agent/codex-home.ts";
import { loadEnvironment } from "../agent/dotenv.ts";
import type { Environment } from "../agent/environment.ts";

/**
 * @param warn - told of a file that cannot be used; of a home that is not there those tell who need it
 * @returns the environment, with the variables of the file below it
 */
export async function withDotenv(
  environment: Environment,
  warn: (message: string) => void,
): Promise<Environment> {
  const hasHome = await resolveCodexHome(environment).then(
    () => true,
    () => false,
  );
  if (!hasHome) return environment;
  try {
    return await loadEnvironment(environment);
  } catch (error) {
    warn((error as Error).message);
    return environment;
  }
}
