// Every link of the documents leads to something: a file of this package, a heading in it.

import assert from "node:assert/strict";
import fs from "node:fs";
import { dirname, join, relative } from "node:path";
import { test } from "node:test";
import { packageRoot } from "../proxy-process.ts";

const documents = ["README.md", "SECURITY.md", "CHANGELOG.md", "bench/README.md"]
  .concat(fs.readdirSync(join(packageRoot, "docs")).map((name) => `docs/${name}`))
  .filter((name) => name.endsWith(".md"));

/** The anchors of a document's headings, as GitHub makes them. */
function anchorsOf(file: string): readonly string[] {
  const text = fs.readFileSync(file, "utf8").replaceAll(/^```.*?^```/gms, "");
  return [...text.matchAll(/^#+ (.*)$/gm)].map(([, title]) =>
    (title as string)
      .toLowerCase()
      .replaceAll(/[^a-z0-9_ -]/g, "")
      .replaceAll(" ", "-"),
  );
}

function linksOf(file: string): readonly string[] {
  return [...fs.readFileSync(file, "utf8").matchAll(/\]\(([^)\s]+)\)/g)].map(([, link]) => link as string);
}

test("README names every document for users, so that none has to be found by chance", () => {
  const linked = linksOf(join(packageRoot, "README.md")).map((link) => link.split("#")[0]);
  const missing = documents.filter((name) => name !== "README.md" && !linked.includes(name));
  // The measurements are named without a link: they are not in the package.
  assert.deepEqual(missing, ["bench/README.md"]);
});

for (const name of documents) {
  test(`every link of ${name} leads somewhere`, () => {
    const file = join(packageRoot, name);
    const broken = linksOf(file)
      .filter((link) => !/^https?:/.test(link))
      .filter((link) => {
        const [path = "", anchor] = link.split("#");
        const target = path === "" ? file : join(dirname(file), path);
        if (!fs.existsSync(target)) return true;
        return anchor !== undefined && !anchorsOf(target).includes(anchor);
      });
    assert.deepEqual(broken, [], relative(packageRoot, file));
  });
}
