// The pages of a login, in a real browser.

import assert from "node:assert/strict";
import fs from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { type Browser, chromium, type Page } from "playwright-core";
import { type BrowserLogin, startBrowserLogin } from "../../../agent/auth/browser-login.ts";
import { issuerAt } from "../../../agent/auth/issuer.ts";
import { type MockIssuer, type MockIssuerOptions, startMockIssuer } from "../../mock/issuer.ts";

const executablePath = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(
  (path) => fs.existsSync(path),
);
const skip =
  executablePath === undefined ? "SKIPPED: there is no chromium here; install it to run this" : false;
if (skip !== false) console.error(`# ${skip}`);
// Names a folder for pictures of the pages, for a person to look at.
const pictures = process.env.CODEX_TEST_PICTURES;

describe("a login in chromium", { skip }, () => {
  let browser: Browser;
  before(async () => {
    browser = await chromium.launch({
      executablePath: executablePath as string,
      args: process.getuid?.() === 0 ? ["--no-sandbox"] : [],
    });
  });
  after(() => browser.close());

  interface World {
    readonly issuer: MockIssuer;
    readonly login: BrowserLogin;
    readonly page: Page;
    /** what the page asked for, and what its policy stopped */
    readonly requested: string[];
    readonly complaints: string[];
    readonly ended: Promise<string>;
  }

  async function inBrowser(
    options: MockIssuerOptions,
    work: (world: World) => Promise<void>,
    colorScheme: "light" | "dark" = "light",
  ): Promise<void> {
    const issuer = await startMockIssuer(options);
    const login = await startBrowserLogin({
      store: {
        load: async () => undefined,
        beginSave: async () => ({ abandon: async () => {}, commit: async () => {} }),
        remove: async () => false,
      },
      issuer: issuerAt(issuer.url, undefined),
      environment: {},
      ports: [0],
      onFailure: () => {},
    });
    const ended = login.done.then(
      () => "well",
      (error: Error) => error.message,
    );
    const context = await browser.newContext({ colorScheme, viewport: { width: 900, height: 640 } });
    const page = await context.newPage();
    const requested: string[] = [];
    const complaints: string[] = [];
    page.on("request", (request) => requested.push(request.url()));
    page.on("console", (message) => complaints.push(message.text()));
    page.on("pageerror", (error) => complaints.push(error.message));
    try {
      await work({ issuer, login, page, requested, complaints, ended });
    } finally {
      await context.close();
      login.close();
      await issuer.close();
    }
  }

  async function picture(page: Page, name: string): Promise<void> {
    if (pictures === undefined) return;
    await page.waitForTimeout(1000);
    await page.screenshot({ path: join(pictures, `${name}.png`) });
  }

  for (const colorScheme of ["light", "dark"] as const) {
    test(`ends on a page that says who is logged in, without a token in an address: ${colorScheme}`, async () => {
      await inBrowser(
        { email: "ada@example.com" },
        async ({ login, page, requested, complaints, ended, issuer }) => {
          await page.goto(login.url);
          await page.getByRole("heading", { name: "You are logged in" }).waitFor();
          assert.equal(await page.title(), "You are logged in · Codex");
          assert.equal(page.url(), `http://localhost:${login.port}/success`);
          assert.match(await page.locator("main").innerText(), /signed in as\s+ada@example\.com/);
          assert.equal(await ended, "well");
          await picture(page, `success-${colorScheme}`);
          // The style is in force: its policy names it.
          const ground = await page.evaluate("getComputedStyle(document.body).backgroundColor");
          assert.equal(ground, colorScheme === "light" ? "rgb(246, 247, 249)" : "rgb(15, 17, 21)");
          assert.deepEqual(complaints, []);
          assert.deepEqual(
            requested.map((url) => new URL(url).pathname),
            ["/oauth/authorize", "/auth/callback", "/success"],
          );
          // Of all that was handed out, only the code was ever in an address, and it is spent.
          const kept = [
            await page.evaluate("location.href"),
            await page.evaluate("document.referrer"),
          ].join();
          for (const secret of issuer.secrets) assert.ok(!kept.includes(secret));
        },
        colorScheme,
      );
    });
  }

  test("says on a page that the user was refused, and shows foreign words as words", async () => {
    await inBrowser({ deniesAccess: true }, async ({ login, page, complaints, ended }) => {
      await page.goto(login.url);
      await page.getByRole("heading", { name: "You are not logged in" }).waitFor();
      assert.match(await page.locator("main").innerText(), /Sign-in failed: The user said <b>no<\/b>/);
      assert.equal(await ended, "Sign-in failed: The user said <b>no</b>");
      await picture(page, "refused");
      assert.deepEqual(
        complaints.filter((text) => !text.includes("400")),
        [],
      );
    });
  });

  test("says on a page that the state is another's, and the link still works", async () => {
    await inBrowser({ claims: { is_org_owner: true } }, async ({ login, page, ended }) => {
      await page.goto(`http://localhost:${login.port}/auth/callback?code=x&state=foreign`);
      await page.getByText("State mismatch").waitFor();
      await picture(page, "state");
      await page.goto(login.url);
      await page.getByText("platform.openai.com").waitFor();
      await picture(page, "setup");
      assert.equal(await ended, "well");
    });
  });

  test("is not cancelled by a page of another site, by any means that a page has", async () => {
    await inBrowser({}, async ({ login, page, issuer, ended }) => {
      const target = `http://localhost:${login.port}/cancel`;
      const answered: number[] = [];
      page.on("response", (response) => {
        if (response.url() === target) answered.push(response.status());
      });
      await page.goto(`${issuer.url}/nowhere`);
      await page.setContent(`<img src="${target}"><iframe src="${target}"></iframe>`);
      await page.evaluate(`fetch(${JSON.stringify(target)}, { mode: "no-cors" }).catch(() => {})`);
      await page.evaluate(`navigator.sendBeacon(${JSON.stringify(target)})`);
      await page.evaluate(`location.href = ${JSON.stringify(target)}`);
      await page.waitForURL(target);
      assert.ok(answered.length > 0 && answered.every((status) => status >= 400), String(answered));
      await page.goto(login.url);
      assert.equal(await ended, "well");
    });
  });

  test("is cancelled by the user who types the address", async () => {
    await inBrowser({}, async ({ login, page, ended }) => {
      await page.goto(`http://localhost:${login.port}/cancel`);
      await page.getByRole("heading", { name: "Login cancelled" }).waitFor();
      await picture(page, "cancelled");
      assert.equal(await ended, "Login cancelled");
    });
  });
});
