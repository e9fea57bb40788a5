import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { canOpenBrowser } from "../../../agent/auth/open-browser.ts";

describe("a browser is opened", () => {
  for (const [where, environment, platform, expected] of [
    ["on a desktop", { DISPLAY: ":0" }, "linux", true],
    ["on a desktop of Wayland", { WAYLAND_DISPLAY: "wayland-0" }, "linux", true],
    ["in WSL", { WSL_DISTRO_NAME: "Debian" }, "linux", true],
    ["on a Mac", {}, "darwin", true],
    ["nowhere on a machine without a display", {}, "linux", false],
    ["nowhere over ssh, forwarded display or not", { DISPLAY: ":10", SSH_CONNECTION: "a b" }, "linux", false],
    ["nowhere over ssh on a Mac", { SSH_TTY: "/dev/ttys001" }, "darwin", false],
    ["wherever BROWSER says how", { SSH_TTY: "/dev/pts/1", BROWSER: "lynx" }, "linux", true],
  ] as const) {
    test(where, () => assert.equal(canOpenBrowser(environment, platform), expected));
  }
});
