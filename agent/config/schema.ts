// Every key that config.toml may have: the one table from which checks, warnings of unknown keys,
// --strict-config, `codex config show` and docs/config.md are made.

import {
  approvalPolicies,
  credentialsStores,
  loginMethods,
  reasoningEfforts,
  reasoningSummaries,
  sandboxModes,
  type TomlTable,
  verbosities,
} from "./config.ts";
import {
  any,
  boolean,
  either,
  type Fields,
  float,
  i64,
  kept,
  legacy,
  list,
  map,
  mapBlamed,
  oneOf,
  secret,
  string,
  table,
  u64,
  used,
  usize,
  type ValueType,
} from "./value-type.ts";

const approvalPolicy = either(
  "a string",
  oneOf(...approvalPolicies),
  table("GranularApproval", { granular: kept("categories that may be asked for") }),
);
const sandboxMode = oneOf(...sandboxModes);
/** The newest release takes any word; these are the ones that models are known to. */
const reasoningEffort = oneOf(...reasoningEfforts);
const reasoningSummary = oneOf(...reasoningSummaries);
const verbosity = oneOf(...verbosities);
const strings = list(string);
const stringMap = map(string, "NAME");
/** Later versions give some features a table of settings. */
const featureSwitches = mapBlamed(
  either("a boolean", boolean, table("Feature", {}, { isOpen: true })),
  "NAME",
);

const legacySwitches: Fields = {
  experimental_use_unified_exec_tool: legacy(boolean, "Use `features.unified_exec`."),
  experimental_use_exec_command_tool: legacy(boolean, "Use `features.streamable_shell`."),
  experimental_use_rmcp_client: legacy(boolean, "Use `features.rmcp_client`."),
  experimental_use_freeform_apply_patch: legacy(boolean, "Use `features.apply_patch_freeform`."),
  experimental_sandbox_command_assessment: legacy(
    boolean,
    "Use `features.experimental_sandbox_command_assessment`.",
  ),
  include_apply_patch_tool: legacy(boolean, "Use `features.apply_patch_freeform`."),
  include_view_image_tool: legacy(boolean, "Use `features.view_image_tool`."),
  web_search: legacy(
    either("a boolean", boolean, oneOf("disabled", "cached", "indexed", "live")),
    "Use `features.web_search_request`. Later versions name a mode here.",
  ),
};

/** What both the root and a profile may set. */
const shared: Fields = {
  model: used(string, "Model to ask.", '"gpt-5-codex"'),
  model_provider: used(string, "Key of `model_providers` or a built-in provider.", '"openai"'),
  approval_policy: used(approvalPolicy, "When a person is asked before a command runs.", '"on-request"'),
  sandbox_mode: used(
    sandboxMode,
    "What commands may touch; `workspace-write` by default in a trusted project.",
    '"read-only"',
  ),
  model_reasoning_effort: used(reasoningEffort, "How long the model thinks; sent only where it is set."),
  model_reasoning_summary: used(reasoningSummary, "How its reasoning is summarised.", '"auto"'),
  model_verbosity: used(verbosity, "Length of the model's answers; sent only where it is set."),
  chatgpt_base_url: used(string, "Address of ChatGPT.", '"https://chatgpt.com/backend-api/"'),
  experimental_instructions_file: used(string, "File that takes the place of the built-in instructions."),
  model_instructions_file: used(string, "Later name of `experimental_instructions_file`."),
  ...legacySwitches,
  features: used(featureSwitches, "Feature flags by name: see `codex features list`."),
  oss_provider: used(string, "Local provider of `--oss`: `ollama` or `lmstudio`.", '"ollama"'),
  analytics: kept("What is reported to the maker."),
  approvals_reviewer: kept("Who answers requests for approval."),
  experimental_compact_prompt_file: kept("File with the prompt that shortens a history.", string),
  include_apps_instructions: kept("Whether instructions for apps are sent.", boolean),
  include_collaboration_mode_instructions: kept("Whether instructions on modes are sent.", boolean),
  include_environment_context: kept("Whether the environment is described to the model.", boolean),
  include_permissions_instructions: kept("Whether permissions are described to the model.", boolean),
  model_catalog_json: kept("File with a table of models.", string),
  personality: kept("Tone of the model.", string),
  plan_mode_reasoning_effort: kept("Reasoning effort while planning.", string),
  service_tier: kept("Service tier asked for.", string),
  tools: legacyTools(),
  windows: kept("Settings of Windows."),
  disable_response_storage: kept("Of earlier versions.", boolean),
};

function legacyTools(): Fields[string] {
  return {
    type: table("ToolsToml", {
      web_search: legacy(
        either("a boolean", boolean, table("WebSearchToolConfig", {}, { isOpen: true })),
        "Use `features.web_search_request`.",
      ),
      web_search_request: legacy(boolean, "Use `features.web_search_request`."),
      view_image: legacy(boolean, "Use `features.view_image_tool`."),
      client_search_provider: kept("Where a client searches."),
      experimental_request_user_input: kept("Whether the model may ask questions."),
      update_plan: kept("Settings of the plan tool."),
    }),
    about: "Switches of tools that feature flags took the place of.",
    standing: "legacy",
  };
}

const profile = table("ConfigProfile", {
  ...shared,
  tools_web_search: legacy(boolean, "Use `features.web_search_request` of the profile."),
  tools_view_image: legacy(boolean, "Use `features.view_image_tool` of the profile."),
  tui: kept("Settings of the terminal interface."),
});

const modelProvider = table(
  "ModelProviderInfo",
  {
    name: used(string, "Name for people; required."),
    base_url: used(string, "Address to which `/responses` is added."),
    env_key: used(string, "Environment variable that holds the API key."),
    env_key_instructions: used(string, "Said when that variable is missing."),
    experimental_bearer_token: secret(string, "The key itself; `env_key` keeps it out of the file."),
    wire_api: used(oneOf("responses", "chat"), 'Protocol; only "responses" is spoken.', '"responses"'),
    query_params: used(stringMap, "Added to the address."),
    http_headers: secret(stringMap, "Headers with their values."),
    env_http_headers: used(stringMap, "Headers by the environment variable that holds the value."),
    request_max_retries: used(u64, "Retries of a request, at most 100.", "4"),
    stream_max_retries: used(u64, "Retries of a stream that broke, at most 100.", "5"),
    stream_idle_timeout_ms: used(u64, "Milliseconds without an event before a stream is given up.", "300000"),
    requires_openai_auth: used(boolean, "Whether the login of `codex login` is used.", "false"),
    auth: kept("Command that prints a token.", any),
    aws: kept("Amazon Bedrock."),
    capabilities: kept("What the server can do."),
    supports_websockets: kept("Whether WebSockets are spoken.", boolean),
    websocket_connect_timeout_ms: kept("Milliseconds to wait for a WebSocket.", u64),
  },
  { required: ["name"] },
);

const stdioKeys = ["command", "args", "env", "env_vars", "cwd"] as const;
const httpKeys = ["url", "bearer_token_env_var", "http_headers", "env_http_headers"] as const;

const mcpServer = table(
  "RawMcpServerConfig",
  {
    command: used(string, "Program to start; its messages go over stdin and stdout."),
    args: used(strings, "Its arguments.", "[]"),
    env: secret(stringMap, "Variables added to its environment."),
    env_vars: used(
      list(either("a string", string, table("McpServerEnvVar", {}, { isOpen: true }))),
      "Names of variables that are passed on to it.",
      "[]",
    ),
    cwd: used(string, "Folder in which it is started."),
    url: used(string, "Address of a server that speaks streamable HTTP; instead of `command`."),
    bearer_token_env_var: used(string, "Environment variable that holds the bearer token."),
    bearer_token: secret(any, "Refused: use `bearer_token_env_var`."),
    http_headers: secret(stringMap, "Headers with their values."),
    env_http_headers: used(stringMap, "Headers by the environment variable that holds the value."),
    enabled: used(boolean, "Whether it is started.", "true"),
    startup_timeout_sec: used(either("f64", float, u64), "Seconds that it may take to start.", "10"),
    startup_timeout_ms: legacy(u64, "Use `startup_timeout_sec`."),
    tool_timeout_sec: used(either("f64", float, u64), "Seconds that a call may take.", "60"),
    enabled_tools: used(strings, "The only tools that are offered."),
    disabled_tools: used(strings, "Tools that are not offered, taken from those above."),
    auth: kept("How it is logged in to."),
    default_tools_approval_mode: kept("Who approves calls."),
    environment_id: kept("Where it runs."),
    experimental_environment: kept("Where it runs."),
    links: kept("Addresses for people."),
    name: kept("Name for people.", string),
    oauth: kept("OAuth client."),
    oauth_resource: kept("OAuth resource.", string),
    omit_tools_from: kept("Where tools are not offered."),
    required: kept("Whether a session fails without it.", boolean),
    scopes: kept("OAuth scopes.", strings),
    supports_parallel_tool_calls: kept("Whether calls may overlap.", boolean),
    tools: kept("Settings of single tools."),
  },
  { check: checkMcpShape },
);

function checkMcpShape(server: TomlTable): string | undefined {
  const isStdio = server.command !== undefined;
  if (!isStdio && server.url === undefined) return "invalid transport";
  const transport = isStdio ? "stdio" : "streamable_http";
  for (const key of [...(isStdio ? httpKeys : stdioKeys), "bearer_token"]) {
    if (server[key] !== undefined) return `${key} is not supported for ${transport}`;
  }
  return undefined;
}

/** The root of config.toml. */
export const rootFields: Fields = {
  ...shared,
  proxy: used(
    string,
    "Auth proxy to talk through: a server-info file, a URL or `unix:PATH`; also `--proxy` and CODEX_PROXY.",
  ),
  review_model: used(string, "Model of reviews; `model` where it is not set."),
  profile: used(string, "Key of `profiles` that is in force without `-p`."),
  profiles: used(map(profile, "NAME"), "Named sets of settings: `-p NAME`."),
  model_providers: used(
    map(modelProvider, "ID"),
    "Providers beside the built-in `openai` and `oss`, which win.",
  ),
  mcp_servers: used(
    map(mcpServer, "NAME"),
    "MCP servers, not started in this version; a name has letters, digits, `-` and `_`.",
  ),
  model_context_window: used(i64, "Tokens of context, where the table of models is wrong."),
  model_max_output_tokens: used(i64, "Tokens of an answer, where the table of models is wrong."),
  model_auto_compact_token_limit: used(i64, "Tokens after which the history is shortened."),
  model_reasoning_summary_format: used(oneOf("none", "experimental"), "Form of reasoning summaries."),
  model_supports_reasoning_summaries: used(boolean, "Whether the model takes reasoning settings."),
  sandbox_workspace_write: used(
    table("SandboxWorkspaceWrite", {
      writable_roots: used(strings, "Further folders that may be written to.", "[]"),
      network_access: used(boolean, "Whether commands reach the network.", "false"),
      exclude_tmpdir_env_var: used(boolean, "Whether $TMPDIR is left out.", "false"),
      exclude_slash_tmp: used(boolean, "Whether /tmp is left out.", "false"),
    }),
    "What `workspace-write` means; without effect in other modes.",
  ),
  shell_environment_policy: used(
    table("ShellEnvironmentPolicyToml", {
      inherit: used(oneOf("core", "all", "none"), "Variables to start from.", '"all"'),
      ignore_default_excludes: used(boolean, "Whether names with KEY, SECRET or TOKEN stay.", "false"),
      exclude: used(strings, "Globs of names to drop.", "[]"),
      set: secret(stringMap, "Variables to set."),
      include_only: used(strings, "Globs of names; others are dropped.", "[]"),
      experimental_use_profile: used(boolean, "Whether commands run in the user's shell.", "false"),
      isolate_home: kept("Whether commands have a home of their own.", boolean),
    }),
    "Environment of commands that the model runs.",
  ),
  history: used(
    table("History", {
      persistence: used(
        oneOf("save-all", "none"),
        "Whether prompts are kept in history.jsonl.",
        '"save-all"',
      ),
      max_bytes: used(usize, "Size at which the oldest are dropped."),
    }),
    "History of prompts.",
  ),
  projects: used(
    map(
      table("ProjectConfig", {
        trust_level: used(string, 'Whether the folder is "trusted" or "untrusted".'),
      }),
      "PATH",
    ),
    "Folders that the user was asked about.",
  ),
  tui: used(
    table("Tui", {
      notifications: used(
        either("untagged enum Notifications", boolean, strings),
        "Whether, or for which events, the terminal notifies.",
        "false",
      ),
      ...keptTuiKeys(),
    }),
    "The terminal interface.",
  ),
  notify: used(strings, "Command that is started with a JSON argument after each turn."),
  max_requests_per_turn: used(usize, "Requests after which a turn is ended; at least one.", "1000"),
  project_doc_max_bytes: used(usize, "Bytes of AGENTS.md that are sent; 0 sends none.", "32768"),
  project_doc_fallback_filenames: used(strings, "Names tried where there is no AGENTS.md.", "[]"),
  forced_login_method: used(oneOf(...loginMethods), "The only login that is allowed."),
  forced_chatgpt_workspace_id: used(
    either("a string", string, strings),
    "The only ChatGPT workspace, or workspaces, that are allowed.",
  ),
  cli_auth_credentials_store: used(oneOf(...credentialsStores), "Where the login is kept.", '"file"'),
  mcp_oauth_credentials_store: used(
    oneOf(...credentialsStores),
    "Where logins of MCP servers are kept.",
    '"auto"',
  ),
  hide_agent_reasoning: used(boolean, "Whether reasoning summaries are hidden.", "false"),
  show_raw_agent_reasoning: used(boolean, "Whether raw reasoning is shown.", "false"),
  file_opener: used(
    oneOf("vscode", "vscode-insiders", "windsurf", "cursor", "none"),
    "Program that links to files open.",
    '"vscode"',
  ),
  disable_paste_burst: used(boolean, "Whether fast typing is never taken for a paste.", "false"),
  check_for_update_on_startup: used(boolean, "Whether a newer version is looked for.", "true"),
  openai_base_url: used(
    string,
    "Address of the built-in provider `openai`; the variable OPENAI_BASE_URL wins.",
    '"https://api.openai.com/v1"',
  ),
  notice: used(table("Notice", {}, { isOpen: true }), "Notices that were answered."),
  otel: { ...used(table("OtelConfigToml", {}, { isOpen: true }), "OpenTelemetry."), isSecret: true },
  windows_wsl_setup_acknowledged: kept("Whether a notice on WSL was read.", boolean),
  instructions: kept("Instructions; the original does not read them either.", string),
  preferred_auth_method: kept("Earlier form of `forced_login_method`.", string),
  ...keptRootKeys(),
  ...earlierRootKeys(),
};

function keptTuiKeys(): Fields {
  const names = [
    "agents_overview_grouping",
    "alternate_screen",
    "animations",
    "auto_recap",
    "collapse_turn_details",
    "copy_on_select",
    "copy_on_select_clear_selection",
    "default_hosts",
    "disable_paste_burst",
    "effects",
    "fullscreen_transcript",
    "keymap",
    "model_availability_nux",
    "mouse_scroll_speed",
    "notification_condition",
    "notification_method",
    "pet",
    "pet_anchor",
    "presets",
    "question_esc_back",
    "raw_output_mode",
    "rendering",
    "resume_cwd",
    "right_click_paste",
    "screen_reader_detection_done",
    "session_picker_view",
    "show_server_version_notice",
    "show_tooltips",
    "sidebar_width_percent",
    "status_line",
    "status_line_use_colors",
    "terminal_resize_reflow_max_rows",
    "terminal_title",
    "theme",
    "vim_mode_default",
  ];
  return Object.fromEntries(names.map((name) => [name, kept("Of later versions.")]));
}

/** Keys of later versions whose inner keys are theirs to check. */
function keptRootKeys(): Fields {
  const names = [
    "agents",
    "allow_login_shell",
    "allow_symlinked_codex_home",
    "apps",
    "apps_mcp_product_sku",
    "audio",
    "auto_review",
    "background_terminal_max_timeout",
    "cloud",
    "compact_prompt",
    "computer_use",
    "debug",
    "default_permissions",
    "desktop",
    "developer_instructions",
    "experimental_realtime_start_instructions",
    "experimental_realtime_webrtc_call_base_url",
    "experimental_realtime_ws_backend_prompt",
    "experimental_realtime_ws_base_url",
    "experimental_realtime_ws_model",
    "experimental_realtime_ws_startup_context",
    "experimental_thread_config_endpoint",
    "experimental_thread_store",
    "experimental_thread_store_endpoint",
    "feedback",
    "ghost_snapshot",
    "goals",
    "hooks",
    "js_repl_node_module_dirs",
    "js_repl_node_path",
    "log_dir",
    "marketplaces",
    "mcp_enterprise_managed_auth",
    "mcp_oauth_callback_port",
    "mcp_oauth_callback_url",
    "mcp_optional_startup_grace_ms",
    "memories",
    "model_auto_compact_token_limit_scope",
    "model_post_turn_compact_threshold_percent",
    "orchestrator",
    "permissions",
    "plugins",
    "project_root_markers",
    "realtime",
    "responses_api_metadata",
    "skills",
    "sqlite_home",
    "suppress_unstable_features_warning",
    "thread_unload_delay_secs",
    "tool_output_token_limit",
    "tool_suggest",
  ];
  return Object.fromEntries(names.map((name) => [name, kept("Of later versions.")]));
}

/** Keys that earlier versions had and 0.50 no longer knows. */
function earlierRootKeys(): Fields {
  const names = [
    "experimental_resume",
    "include_plan_tool",
    "internal_originator",
    "model_family",
    "responses_originator_header_internal_override",
    "sandbox_permissions",
    "use_experimental_reasoning_summary",
    "use_experimental_streamable_shell_tool",
  ];
  return Object.fromEntries(names.map((name) => [name, kept("Of earlier versions.")]));
}

/** config.toml as one type. */
export const rootType: ValueType = table("ConfigToml", rootFields);
