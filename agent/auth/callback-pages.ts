// The pages that end a login in the browser. Each is one document without scripts and without anything from
// elsewhere, and its policy lets it load nothing.

import { createHash } from "node:crypto";
import { oneLine } from "../foreign-text.ts";

export interface Page {
  readonly html: string;
  readonly headers: Readonly<Record<string, string>>;
}

const style = `
:root {
  color-scheme: light dark;
  --ground: #f6f7f9; --card: #ffffff; --line: #e3e6eb; --text: #15181d; --soft: #5b6470;
  --good: #12805c; --good-ground: #e2f5ed; --bad: #b3382c; --bad-ground: #fbe9e7;
  --calm: #5b6470; --calm-ground: #eceff3;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #0f1115; --card: #181b21; --line: #2a2f38; --text: #eceff4; --soft: #9aa4b2;
    --good: #4fd1a1; --good-ground: #12352a; --bad: #ff8a7d; --bad-ground: #3d1d1a;
    --calm: #9aa4b2; --calm-ground: #262b34;
  }
}
* { box-sizing: border-box; margin: 0; }
body {
  min-height: 100vh; padding: 1.5rem; display: grid; place-items: center;
  background: var(--ground); color: var(--text);
  font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Liberation Sans", sans-serif;
}
main {
  width: 100%; max-width: 27rem; padding: 2.5rem 2.25rem 2rem; text-align: center;
  background: var(--card); border: 1px solid var(--line); border-radius: 1rem;
  box-shadow: 0 1px 2px rgb(0 0 0 / .05), 0 12px 32px rgb(0 0 0 / .07);
}
svg { display: block; margin: 0 auto; width: 3.5rem; height: 3.5rem; padding: .9rem; border-radius: 50%; }
svg path { fill: none; stroke: currentColor; stroke-width: 2.5; stroke-linecap: round; stroke-linejoin: round; }
.good svg { color: var(--good); background: var(--good-ground); }
.bad svg { color: var(--bad); background: var(--bad-ground); }
.calm svg { color: var(--calm); background: var(--calm-ground); }
h1 { margin: 1.25rem 0 .5rem; text-wrap: balance; font-size: 1.45rem; line-height: 1.25; font-weight: 650; letter-spacing: -.01em; }
p { color: var(--soft); overflow-wrap: anywhere; text-wrap: balance; }
p + p { margin-top: .75rem; }
.account, .reason {
  width: fit-content; max-width: 100%; margin: .9rem auto 0; padding: .55rem .9rem;
  border-radius: .6rem; color: var(--text);
}
.account { background: var(--calm-ground); font-weight: 600; }
.reason { background: var(--bad-ground); text-align: start; text-wrap: pretty; }
.next { margin-top: 1.6rem; padding-top: 1.2rem; border-top: 1px solid var(--line); font-size: .925rem; }
code { font: .9em ui-monospace, "SF Mono", Menlo, Consolas, "Liberation Mono", monospace; color: var(--text); }
a { color: inherit; text-underline-offset: .2em; }
@media (max-width: 30rem), (max-height: 30rem) {
  body { padding: .75rem; }
  main { padding: 1.5rem 1.25rem 1.25rem; }
  svg { width: 2.75rem; height: 2.75rem; padding: .7rem; }
  h1 { margin-top: .9rem; font-size: 1.3rem; }
  .next { margin-top: 1.1rem; padding-top: .9rem; }
}
@media (prefers-reduced-motion: no-preference) {
  main { animation: rise .35s ease-out; }
  .good svg path { stroke-dasharray: 26; animation: draw .5s .15s ease-out backwards; }
  @keyframes rise { from { opacity: 0; transform: translateY(.5rem); } }
  @keyframes draw { from { stroke-dashoffset: 26; } }
}
`;

const styleHash = createHash("sha256").update(style).digest("base64");

/** Headers of every page and of plain answers too: nothing is kept, framed, sniffed or told to others. */
export const quietHeaders: Readonly<Record<string, string>> = {
  "cache-control": "no-store",
  "content-security-policy": `default-src 'none'; style-src 'sha256-${styleHash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
};

const check = "M5 12.5l4.5 4.5L19 7.5";
const cross = "M7 7l10 10M17 7L7 17";
const dash = "M6 12h12";

/** The end of a login that worked. */
export function successPage(who: {
  readonly email?: string | undefined;
  readonly needsSetup: boolean;
}): Page {
  const email = oneLine(who.email ?? "", [], maxEmailLength);
  const signedIn =
    email === ""
      ? "<p>Codex on this computer is signed in.</p>"
      : `<p>Codex on this computer is signed in as</p>\n<p class="account">${foreign(email)}</p>`;
  const setup = who.needsSetup
    ? `<p>Your API organization has yet to be set up: do that at
<a href="https://platform.openai.com/" rel="noreferrer">platform.openai.com</a>, if you want to use it.</p>`
    : "";
  return page("good", "You are logged in", check, [
    signedIn,
    setup,
    `<p class="next">You can close this tab and go back to your terminal.</p>`,
  ]);
}

/** What the user can do after a failure. */
export type Remedy = "open the link again" | "start again" | "another browser";

const remedies: Readonly<Record<Remedy, string>> = {
  "open the link again":
    "The command in your terminal is still waiting: open its link again to try once more.",
  "start again": "Go back to your terminal and run <code>codex login</code> to try again.",
  "another browser":
    "Open the link in a browser of that user, or run <code>codex login --device-auth</code> in the terminal instead.",
};

/**
 * The end of one that did not.
 *
 * @param reason - plain text; words of the issuer may be in it
 * @param meaning - what that means, in our words, where it does not say it itself
 */
export function failurePage(reason: string, remedy: Remedy, meaning = ""): Page {
  return page("bad", "You are not logged in", cross, [
    meaning === "" ? "" : `<p>${escapeHtml(meaning)}</p>`,
    `<p class="reason">${foreign(reason)}</p>`,
    `<p class="next">${remedies[remedy]}</p>`,
  ]);
}

/** The end of one that was given up. */
export function cancelledPage(): Page {
  return page("calm", "Login cancelled", dash, [
    "<p>Nothing was changed.</p>",
    `<p class="next">Run <code>codex login</code> in your terminal to start again.</p>`,
  ]);
}

// RFC 5321 4.5.3.1: no address is longer.
const maxEmailLength = 254;

// Its direction stays its own, and a long word breaks where a reader would break it.
function foreign(text: string): string {
  return `<bdi>${escapeHtml(text).replace(/(?<=\w)(?=[.@/?=_])/g, "<wbr>")}</bdi>`;
}

function page(
  kind: "good" | "bad" | "calm",
  title: string,
  drawing: string,
  paragraphs: readonly string[],
): Page {
  const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} · Codex</title>
<style>${style}</style>
</head>
<body>
<main class="${kind}">
<svg viewBox="0 0 24 24" aria-hidden="true"><path d="${drawing}"/></svg>
<h1>${title}</h1>
${paragraphs.filter((paragraph) => paragraph !== "").join("\n")}
</main>
</body>
</html>
`;
  return { html, headers: { "content-type": "text/html; charset=utf-8" } };
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
}
