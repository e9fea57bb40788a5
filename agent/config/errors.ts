// Errors of configuration: what they are called by programs. Texts are made where the facts are.

import { AgentError } from "../errors.ts";

/** Codes of ConfigError; all end the program with status 1. */
export type ConfigErrorCode =
  | "codex_home_missing"
  | "config_unreadable"
  | "config_not_toml"
  | "config_invalid"
  | "config_unknown_keys"
  | "config_write_failed"
  | "managed_config_unsafe"
  | "instructions_unusable"
  | "override_without_equals"
  | "override_without_key"
  | "override_too_deep"
  | "profile_not_found"
  | "provider_not_found"
  | "working_directory_missing";

/** A configuration that cannot be used, or not be written as was asked. */
export class ConfigError extends AgentError {
  override readonly name = "ConfigError";
  declare readonly code: ConfigErrorCode;

  constructor(
    code: ConfigErrorCode,
    message: string,
    facts: { readonly hint?: string | undefined; readonly cause?: unknown } = {},
  ) {
    super(message, { code, ...facts });
  }
}
