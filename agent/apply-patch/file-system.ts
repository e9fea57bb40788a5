// The calls that planning and applying make, and no other: what a test replaces to make one of them fail.

import fs from "node:fs/promises";

/** Planning needs only these, and changes nothing. */
export type ReadingFileSystem = Pick<typeof fs, "lstat" | "readlink" | "readFile">;

/** What applying a plan needs beyond that. */
export type PatchFileSystem = ReadingFileSystem &
  Pick<
    typeof fs,
    | "access"
    | "chmod"
    | "chown"
    | "copyFile"
    | "link"
    | "mkdir"
    | "open"
    | "rename"
    | "rmdir"
    | "symlink"
    | "unlink"
  >;

/** The file system of this machine. */
export const machineFileSystem: PatchFileSystem = fs;
