// `top`: what the running proxy does, as a page that draws itself anew on a terminal, or once as text.

import { Command } from "commander";
import type { StatusReport } from "../metrics/status-report.ts";
import { wholeNumber } from "../option-values.ts";
import { printOut } from "../terminal.ts";
import { readAdmin } from "./admin-request.ts";
import { type AdminSocketOptions, findAdminSocket } from "./admin-socket.ts";
import { CommandError } from "./errors.ts";
import { LiveScreen } from "./live-screen.ts";
import { readStatusReport, topPage } from "./top-page.ts";

const defaultIntervalMs = 1000;
const minIntervalMs = 100;

export const command = new Command("top")
  .description("Show open streams by user and model, rates, tokens and refusals, live. q ends it.")
  .option("--admin-socket <PATH>", "the admin socket of the proxy")
  .option("--server-info <FILE>", "likewise, as server info names it")
  .option(
    "--interval-ms <N>",
    "time between two pages",
    wholeNumber("--interval-ms", 3_600_000),
    defaultIntervalMs,
  )
  .option("--once", "print one page and end, as it does where stdout is no terminal")
  .addHelpText("after", "\nExit status: 0 done, 3 the proxy does not run or has no admin socket.")
  .action(top);

interface TopOptions extends AdminSocketOptions {
  readonly intervalMs: number;
  readonly once?: true;
}

async function top(options: TopOptions): Promise<void> {
  if (options.intervalMs < minIntervalMs) {
    throw new CommandError("CMD_USAGE", `invalid value for --interval-ms: give ${minIntervalMs} or more`);
  }
  const { path: socket } = await findAdminSocket(options);
  const read = async (): Promise<StatusReport> =>
    readStatusReport(await readAdmin(socket, "/status"), socket);
  const first = await read();
  if (options.once || !process.stdout.isTTY) {
    printOut(
      `${topPage(first, { columns: 100, rows: Number.POSITIVE_INFINITY, isStyled: false }).join("\n")}\n`,
    );
    return;
  }
  const screen = new LiveScreen(process.stdin, process.stdout);
  let report = first;
  let trouble: string | undefined;
  const draw = () => {
    // Some terminals say 0 for a size that they do not know.
    const columns = process.stdout.columns || 80;
    const rows = process.stdout.rows || 24;
    const page = topPage(report, {
      columns,
      rows,
      isStyled: true,
      ...(trouble !== undefined && { trouble }),
    });
    screen.draw(page);
  };
  const poll = async () => {
    try {
      report = await read();
      trouble = undefined;
    } catch (error) {
      trouble = (error as Error).message;
    }
    draw();
  };
  process.stdout.on("resize", draw);
  draw();
  const timer = setInterval(() => void poll(), options.intervalMs);
  await screen.untilQuit();
  clearInterval(timer);
}
