// Errors of configuration: what they are called by programs. Texts are made where the facts are.

import { AgentError } from "../errors.ts";

/** Codes of ConfigError; all end the program with status 1. */
export type ConfigErrorCode =
  | "CONFIG_HOME_MISSING"
  | "CONFIG_UNREADABLE"
  | "CONFIG_NOT_TOML"
  | "CONFIG_INVALID"
  | "CONFIG_UNKNOWN_KEYS"
  | "CONFIG_WRITE_FAILED"
  | "CONFIG_MANAGED_UNSAFE"
  | "CONFIG_INSTRUCTIONS_UNUSABLE"
  | "CONFIG_OVERRIDE_WITHOUT_EQUALS"
  | "CONFIG_OVERRIDE_WITHOUT_KEY"
  | "CONFIG_OVERRIDE_TOO_DEEP"
  | "CONFIG_PROFILE_NOT_FOUND"
  | "CONFIG_PROVIDER_NOT_FOUND"
  | "CONFIG_WORKING_DIRECTORY_MISSING";

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
