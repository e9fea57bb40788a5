// Files as users have them: nothing is said of them without a reason, and what writes to them changes only
// what it was asked to.

import assert from "node:assert/strict";
import fs from "node:fs";
import { basename, join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { editConfig } from "../../../agent/config/edit.ts";
import { parseToml } from "../../../agent/config/toml.ts";
import { writeTrust } from "../../../agent/config/trust.ts";
import { findFeature } from "../../../agent/features/registry.ts";
import { featureEdits } from "../../../agent/features/switch.ts";
import { Home } from "./home.ts";

const folder = join(process.cwd(), "test/agent/config/everyday");
const names = fs.readdirSync(folder).map((name) => basename(name, ".toml"));

const deprecated = (name: string, key: string) =>
  `\`${name}\` is deprecated. Use \`[features].${key}\` instead.`;
/** Of every other file nothing is said. */
const warnings: Readonly<Record<string, readonly string[]>> = {
  "mcp-servers": ['MCP server "with space" is left out: its name must match ^[a-zA-Z0-9_-]+$'],
  mistakes: [
    "unknown key `model_providers.azure.model` in FILE:5",
    "unknown key `model_providers.azure.approval_policy` in FILE:6",
    "unknown key `mcp` in FILE:7",
    "unknown key `mcpServers` in FILE:9; did you mean `mcp_servers`?",
  ],
  older: [deprecated("tools.web_search", "web_search_request")],
  sample: [
    deprecated("include_apply_patch_tool", "apply_patch_freeform"),
    deprecated("experimental_use_freeform_apply_patch", "apply_patch_freeform"),
    deprecated("tools_view_image", "view_image_tool"),
  ],
};

let home: Home;
beforeEach(() => {
  home = new Home();
});
afterEach(() => home.remove());

for (const name of names) {
  const text = fs.readFileSync(join(folder, `${name}.toml`), "utf8");

  describe(`a config.toml like ${name}.toml`, () => {
    test("is loaded, and what is said of it is", async () => {
      const path = home.write(text);
      const said = (await home.load()).warnings.map((warning) => warning.replaceAll(path, "FILE"));
      assert.deepEqual(said, warnings[name] ?? []);
    });

    test("is written to where a feature is switched or a folder trusted, and nowhere else", async () => {
      home.write(text);
      const feature = findFeature("streamable_shell") ?? assert.fail();
      const tree = parseToml(text.replace(/^\ufeff/, ""));
      await editConfig(home.path, featureEdits(tree, feature, true));
      await writeTrust(home.path, '/srv/it\'s \\ "mine"', "trusted");
      const written = home.read();
      assert.equal(
        linesOf(text).find((line) => !linesOf(written).includes(line)),
        changedLine(name),
      );
      const { config } = await home.load();
      assert.equal(config.features.isEnabled("streamable_shell"), true);
      const { projects } = parseToml(written.replace(/^\ufeff/, "")) as { projects: Record<string, unknown> };
      assert.deepEqual({ ...(projects['/srv/it\'s \\ "mine"'] as object) }, { trust_level: "trusted" });
      assert.equal(/\r\n/.test(text), /\r\n/.test(written));
      assert.equal(/[^\r]\n/.test(written) && /\r\n/.test(written), false);
    });
  });
}

/** The one line that has to change: a table in one line. */
function changedLine(name: string): string | undefined {
  return name === "inline-tables"
    ? "features = { web_search_request = true, unified_exec = false }"
    : undefined;
}

function linesOf(text: string): readonly string[] {
  return text.replace(/^\ufeff/, "").split(/\r?\n/);
}
