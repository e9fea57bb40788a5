// A command that knows what it was configured with: commander keeps whether there is an action, and what
// it returned, to itself.

import { Command } from "commander";

// biome-ignore lint/suspicious/noExplicitAny: commander's own signature of an action
type Action = (this: any, ...args: any[]) => unknown;

/** A commander command that tells whether it acts by itself and how its action ended. */
export class ProgramCommand extends Command {
  #hasAction = false;
  #passesOptionsThrough = false;
  #exitStatus = 0;
  /** arguments that stood before the name of this command: those of the one that it is a subcommand of */
  outerArguments: readonly string[] = [];

  /** Whether the command does something by itself, without a subcommand. */
  get hasAction(): boolean {
    return this.#hasAction;
  }

  /** Whether everything behind its first argument belongs to the command that it runs. */
  get passesOptionsThrough(): boolean {
    return this.#passesOptionsThrough;
  }

  /** What the action has returned, 0 where that was no number. */
  get exitStatus(): number {
    return this.#exitStatus;
  }

  override createCommand(name?: string): ProgramCommand {
    return new ProgramCommand(name);
  }

  override action(action: Action): this {
    this.#hasAction = true;
    const remember = (status: unknown) => {
      if (typeof status === "number") this.#exitStatus = status;
    };
    return super.action(async function (this: Command, ...args: unknown[]) {
      remember(await action.apply(this, args));
    });
  }

  override passThroughOptions(passes = true): this {
    this.#passesOptionsThrough = passes;
    return super.passThroughOptions(passes);
  }
}
