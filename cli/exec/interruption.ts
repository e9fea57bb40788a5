// How a turn is ended from outside: by a signal, or because nobody reads the output any more. What runs is
// killed and what is known is kept before the process ends; a second signal ends it at once.

import os from "node:os";
import { endWithClosedOutput } from "../closed-output.ts";

const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
type EndingSignal = (typeof signals)[number];

/** The part of `process` that signals come through. */
export interface SignalSource {
  once(name: EndingSignal, handler: () => void): unknown;
  off(name: EndingSignal, handler: () => void): unknown;
  kill(pid: number, name: EndingSignal): unknown;
  readonly pid: number;
}

export interface Interruption {
  readonly signal: AbortSignal;
  /** Let signals do what they do without us. */
  release(): void;
  /**
   * The status to exit with. Where a signal wants the process to end, it does by that signal, so that
   * whoever sent it sees that.
   *
   * @param status - of a turn that nothing of this has ended
   */
  end(status: number): number;
}

/**
 * Hear of whatever ends a turn.
 *
 * @param ignored - numbers of signals that the user has the program ignore, as nohup(1) does
 */
export function listenForInterruption(
  ignored: readonly number[] = [],
  source: SignalSource = process,
): Interruption {
  const controller = new AbortController();
  let endedBy: EndingSignal | undefined;
  let closedStatus: number | undefined;
  const handlers = signals
    .filter((name) => !ignored.includes(os.constants.signals[name]))
    .map((name) => {
      const handler = () => {
        endedBy ??= name;
        controller.abort();
      };
      source.once(name, handler);
      return { name, handler };
    });
  const giveBack = endWithClosedOutput((status) => {
    closedStatus ??= status;
    controller.abort();
  });
  const release = () => {
    giveBack();
    for (const { name, handler } of handlers) source.off(name, handler);
  };
  return {
    signal: controller.signal,
    release,
    end(status) {
      release();
      if (closedStatus !== undefined) return closedStatus;
      // Ctrl-C asks for no more than that the turn ends.
      if (endedBy === undefined || endedBy === "SIGINT") return status;
      source.kill(source.pid, endedBy);
      return 128 + os.constants.signals[endedBy];
    },
  };
}
