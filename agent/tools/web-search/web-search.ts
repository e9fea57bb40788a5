// web_search: the service searches by itself, and no call of it ever comes here. It is only offered.

import { type Tool, ToolFailure } from "../tool.ts";

/** Lets the service search the web. */
export const webSearchTool: Tool = {
  names: ["web_search"],
  schema: { type: "web_search" },
  mayRunInParallel: true,
  async run({ name }) {
    throw new ToolFailure(`unsupported call: ${name}`);
  },
};
