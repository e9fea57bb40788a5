// Pictures that a user attaches. What is no picture is refused before anything is sent.

import { readBoundedFile, UnreadableFile } from "../bounded-file.ts";
import type { ContentPart } from "../model-client/items.ts";
import { pictureFormats, pictureUrl } from "../picture.ts";
import { reasonOf, systemCode } from "../system-error.ts";
import { ThreadError } from "./errors.ts";

const maxImageBytes = 50 * 1024 * 1024;

/**
 * Read a picture for a message.
 *
 * @throws {ThreadError} THREAD_IMAGE, naming the file
 */
export async function imagePart(file: string): Promise<ContentPart> {
  const refuse = (reason: string, cause?: unknown) =>
    new ThreadError("THREAD_IMAGE", { message: `cannot attach the image ${file}: ${reason}`, cause });
  let bytes: Buffer;
  try {
    ({ bytes } = await readBoundedFile(file, maxImageBytes));
  } catch (error) {
    throw error instanceof UnreadableFile ? refuse(words(error), error) : error;
  }
  const url = pictureUrl(bytes);
  if (url === undefined) throw refuse(`it is not a ${pictureFormats}`);
  return { type: "input_image", image_url: url };
}

function words({ reason, cause }: UnreadableFile): string {
  switch (reason) {
    case "absent":
      return "there is no such file";
    case "folder":
    case "not-regular":
      return "it is not a file";
    case "too-large":
      return `it is larger than ${maxImageBytes / 1024 / 1024} MiB`;
    case "refused":
      return systemCode(cause) ?? reasonOf(cause);
  }
}
