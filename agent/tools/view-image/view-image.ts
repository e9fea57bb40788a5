// view_image: the model looks at a picture of this machine. Nothing but a picture, and none that is too
// large for a request, ever leaves by this way, whatever the file is called.

import { resolve } from "node:path";
import { readBoundedFile, UnreadableFile } from "../../bounded-file.ts";
import { userMessage } from "../../model-client/items.ts";
import { pictureFormats, pictureUrl } from "../../picture.ts";
import { reasonOf } from "../../system-error.ts";
import { parseArguments } from "../arguments.ts";
import { type Tool, ToolFailure } from "../tool.ts";

// It goes along with every further request of the thread.
const maxImageBytes = 10 * 1024 * 1024;

/** A look at a picture, as the user's next message. */
export const viewImageTool: Tool = {
  names: ["view_image"],
  schema: {
    type: "function",
    name: "view_image",
    description:
      "Look at an image file of this machine (PNG, JPEG, GIF or WebP): it is added to the conversation. " +
      "Use it where the content of a picture matters, such as a screenshot, a plot or a design.",
    strict: false,
    parameters: {
      type: "object",
      properties: {
        path: {
          type: "string",
          description: "Path of the file; a relative one starts at the working directory",
        },
      },
      required: ["path"],
      additionalProperties: false,
    },
  },
  mayRunInParallel: true,
  async run(call, { config, items }) {
    const path = resolve(config.cwd, parseArguments(call.input).text("path"));
    const url = pictureUrl(await readPicture(path));
    if (url === undefined) throw new ToolFailure(`image at \`${path}\` is not a ${pictureFormats}`);
    items.report({ type: "image_view", path });
    return {
      output: "attached local image path",
      followUps: [userMessage([{ type: "input_image", image_url: url }])],
    };
  },
};

async function readPicture(path: string): Promise<Buffer> {
  try {
    return (await readBoundedFile(path, maxImageBytes)).bytes;
  } catch (error) {
    throw error instanceof UnreadableFile ? new ToolFailure(words(path, error)) : error;
  }
}

function words(path: string, { reason, cause }: UnreadableFile): string {
  switch (reason) {
    case "absent":
      return `unable to locate image at \`${path}\`: ${reasonOf(cause)}`;
    case "folder":
    case "not-regular":
      return `image path \`${path}\` is not a file`;
    case "too-large":
      return `image at \`${path}\` is larger than ${maxImageBytes / 1024 / 1024} MiB; make a smaller copy of it first`;
    case "refused":
      return `unable to read image at \`${path}\`: ${reasonOf(cause)}`;
  }
}
