// The two scripts that apply a patch and do nothing else, read character by character. It knows no more of
// the shell than that: a script that is anything else in the least is not one of them.

/** What such a script says. */
export interface PatchScript {
  /** the lines of the here-document, without the last line's ending */
  readonly body: string;
  /** where `cd` goes before, as written and without its quotes */
  readonly directory: string | undefined;
}

// Characters that mean themselves to every shell, wherever in a word they are. A tilde, a glob or an
// expansion is for the shell.
const plainWord = /^[A-Za-z0-9_./+@%,:-]+/;
const delimiter = /^[A-Za-z0-9_]+/;

/**
 * Read `apply_patch <<'WORD'`, or the same after `cd DIRECTORY &&`, with nothing before or after.
 *
 * @param script - as given to a POSIX shell with -c
 * @returns undefined for every other script
 */
export function readPatchScript(script: string): PatchScript | undefined {
  const reader = new Reader(script);
  reader.skip(" \t\n");
  let directory: string | undefined;
  if (reader.takes("cd ")) {
    reader.skip(" \t");
    directory = takeDirectory(reader);
    reader.skip(" \t");
    if (directory === undefined || !reader.takes("&&")) return undefined;
    reader.skip(" \t\n");
  }
  if (!reader.takes("apply_patch") && !reader.takes("applypatch")) return undefined;
  reader.skip(" \t");
  if (!reader.takes("<<")) return undefined;
  reader.skip(" \t");
  const word = takeDelimiter(reader);
  reader.skip(" \t");
  if (word === undefined || !reader.takes("\n")) return undefined;
  const body = takeBody(reader, word);
  if (body === undefined) return undefined;
  reader.skip(" \t\n");
  return reader.isAtEnd ? { body, directory } : undefined;
}

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#text.length;
  }

  skip(characters: string): void {
    while (!this.isAtEnd && characters.includes(this.#text.charAt(this.#at))) this.#at += 1;
  }

  takes(expected: string): boolean {
    const isNext = this.#text.startsWith(expected, this.#at);
    if (isNext) this.#at += expected.length;
    return isNext;
  }

  take(pattern: RegExp): string | undefined {
    const found = pattern.exec(this.#text.slice(this.#at))?.[0];
    this.#at += found?.length ?? 0;
    return found;
  }

  /** Up to the next one of these characters, which is taken too. */
  takeUntil(end: string): string | undefined {
    const found = this.#text.indexOf(end, this.#at);
    if (found < 0) return undefined;
    const taken = this.#text.slice(this.#at, found);
    this.#at = found + end.length;
    return taken;
  }

  takeRest(): string {
    const rest = this.#text.slice(this.#at);
    this.#at = this.#text.length;
    return rest;
  }
}

function takeDirectory(reader: Reader): string | undefined {
  let directory: string | undefined;
  if (reader.takes("'")) {
    directory = reader.takeUntil("'");
  } else if (reader.takes('"')) {
    directory = reader.takeUntil('"');
    if (directory !== undefined && /[$`\\!]/.test(directory)) return undefined;
  } else {
    directory = reader.take(plainWord);
  }
  // `cd -` and options are for the shell, and an empty word means different things to different ones.
  return directory === undefined || directory === "" || directory.startsWith("-") ? undefined : directory;
}

function takeDelimiter(reader: Reader): string | undefined {
  const quote = ["'", '"'].find((mark) => reader.takes(mark));
  const word = reader.take(delimiter);
  return quote === undefined || reader.takes(quote) ? word : undefined;
}

/** The lines before the first that is the delimiter and nothing else. */
function takeBody(reader: Reader, word: string): string | undefined {
  const lines: string[] = [];
  for (;;) {
    const line = reader.takeUntil("\n") ?? (reader.isAtEnd ? undefined : reader.takeRest());
    if (line === undefined) return undefined;
    if (line === word) return lines.join("\n");
    lines.push(line);
  }
}
