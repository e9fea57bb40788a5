// A folder with given files, and what is in it afterwards.

import fs from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Files } from "./cases/case.ts";

/** Make a folder with these files. */
export function makePlace(files: Files = {}): string {
  const place = fs.realpathSync(fs.mkdtempSync(join(tmpdir(), "apply-patch-")));
  fillPlace(place, files);
  return place;
}

/** Put files into a folder. */
export function fillPlace(place: string, files: Files): void {
  for (const [name, content] of Object.entries(files)) {
    const path = join(place, name);
    fs.mkdirSync(dirname(path), { recursive: true });
    if (content === null) fs.mkdirSync(path);
    else if (typeof content === "object" && "link" in content) fs.symlinkSync(content.link, path);
    else fs.writeFileSync(path, content);
  }
}

/** Everything in a folder, text as text where it is that. */
export function readPlace(place: string): Files {
  const files: Record<string, Files[string]> = {};
  const read = (folder: string): void => {
    for (const name of fs.readdirSync(join(place, folder)).sort()) {
      const path = join(folder, name);
      const stats = fs.lstatSync(join(place, path));
      if (stats.isSymbolicLink()) files[path] = { link: fs.readlinkSync(join(place, path)) };
      else if (!stats.isDirectory()) files[path] = textOrBytes(fs.readFileSync(join(place, path)));
      else if (fs.readdirSync(join(place, path)).length === 0) files[path] = null;
      else read(path);
    }
  };
  read("");
  return files;
}

function textOrBytes(bytes: Buffer): string | Uint8Array {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return Uint8Array.from(bytes);
  }
}

/** A folder for the length of some work. */
export async function inPlace<Result>(
  files: Files,
  work: (place: string) => Promise<Result> | Result,
): Promise<Result> {
  const place = makePlace(files);
  try {
    return await work(place);
  } finally {
    fs.rmSync(place, { recursive: true, force: true });
  }
}
