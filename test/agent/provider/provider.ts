// A provider for tests: one that needs nothing, with what a test says of it.

import type { ModelProvider } from "../../../agent/config/config.ts";
import type { Sender } from "../../../agent/provider/user-agent.ts";

export function provider(settings: Partial<ModelProvider> = {}): ModelProvider {
  return {
    id: "mock",
    name: "mock",
    wireApi: "responses",
    queryParams: {},
    httpHeaders: {},
    envHttpHeaders: {},
    requestMaxRetries: 4,
    streamMaxRetries: 5,
    streamIdleTimeoutMs: 60_000,
    requiresOpenaiAuth: false,
    ...settings,
  };
}

export const sender: Sender = { originator: "codex_test", version: "0.50.0", userAgent: "codex_test/0.50.0" };
