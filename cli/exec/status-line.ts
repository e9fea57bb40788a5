// The last line of a terminal while a turn goes on: what is done, and for how long. It is gone whenever
// anything else is written, and never reaches a log.

import type { Paint } from "../text-style.ts";
import type { TextSink } from "./exec-output.ts";

/** Shows that something goes on. */
export interface StatusLine {
  /** @param activity - a word; the seconds are counted from now */
  begin(activity: string): void;
  end(): void;
}

export interface StatusLineParts {
  /** a terminal */
  readonly terminal: TextSink & { readonly columns?: number };
  readonly paint: Paint;
  /** Unix time in milliseconds */
  now(): number;
  /** calls back every second until it is told to stop */
  everySecond(tick: () => void): () => void;
}

/** The line, and the terminal as others are to write to it. */
export function statusLine({
  terminal,
  paint,
  now,
  everySecond,
}: StatusLineParts): StatusLine & { sink: TextSink } {
  let activity: string | undefined;
  let since = 0;
  let isShown = false;
  let isLineOpen = false;
  let stop: (() => void) | undefined;

  const erase = () => {
    if (isShown) terminal.write("\r\x1b[K");
    isShown = false;
  };
  const draw = () => {
    const seconds = Math.floor((now() - since) / 1000);
    if (activity === undefined || isLineOpen || seconds < 1) return;
    erase();
    const text = `${activity} ${seconds}s (ctrl-c to interrupt)`.slice(0, (terminal.columns || 80) - 1);
    terminal.write(paint("dim", text));
    isShown = true;
  };
  return {
    sink: {
      write(text) {
        erase();
        isLineOpen = !text.endsWith("\n");
        return terminal.write(text);
      },
    },
    begin(name) {
      erase();
      activity = name;
      since = now();
      stop ??= everySecond(draw);
    },
    end() {
      erase();
      activity = undefined;
      stop?.();
      stop = undefined;
    },
  };
}
