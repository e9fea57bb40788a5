// Every case, by what it is about.

import type { PatchCase } from "./case.ts";
import { endingCases } from "./endings.ts";
import { fileCases } from "./files.ts";
import { languageCases } from "./language.ts";
import { matchingCases } from "./matching.ts";

export const allCases: Readonly<Record<string, readonly PatchCase[]>> = {
  language: languageCases,
  matching: matchingCases,
  endings: endingCases,
  files: fileCases,
};
