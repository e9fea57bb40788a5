// view_image: pictures reach the conversation, and nothing else of the machine does.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { viewImageTool } from "../../../agent/tools/view-image/view-image.ts";
import { callFunction, startTurn } from "./turn.ts";

const cwd = fs.realpathSync(fs.mkdtempSync(join(tmpdir(), "view-image-")));
after(() => fs.rmSync(cwd, { recursive: true, force: true }));

const png = Buffer.from("\x89PNG\r\n\x1a\npicture", "latin1");

function look(path: string) {
  const { context, reports } = startTurn({ cwd });
  return { result: callFunction(viewImageTool, { path }, context), reports };
}

describe("view_image", () => {
  const pictures: readonly (readonly [name: string, type: string, start: string])[] = [
    ["a.png", "image/png", "\x89PNG\r\n\x1a\n"],
    ["a.jpg", "image/jpeg", "\xff\xd8\xff"],
    ["a.gif", "image/gif", "GIF89a"],
    ["a.webp", "image/webp", "RIFF\x04\x00\x00\x00WEBP"],
    ["jpeg.txt", "image/jpeg", "\xff\xd8\xff"],
  ];
  for (const [name, type, start] of pictures) {
    test(`attaches ${name} as ${type} to the conversation`, async () => {
      const bytes = Buffer.from(`${start}rest`, "latin1");
      fs.writeFileSync(join(cwd, name), bytes);
      const { result, reports } = look(name);
      assert.deepEqual(await result, {
        output: "attached local image path",
        followUps: [
          {
            type: "message",
            role: "user",
            content: [{ type: "input_image", image_url: `data:${type};base64,${bytes.toString("base64")}` }],
          },
        ],
      });
      assert.deepEqual(reports, [["report", { type: "image_view", path: join(cwd, name) }]]);
    });
  }

  test("says where there is no picture to look at, in the words that clients know", async () => {
    const missing = join(cwd, "none.png");
    await assert.rejects(look("none.png").result, {
      name: "ToolFailure",
      message: `unable to locate image at \`${missing}\`: No such file or directory (os error 2)`,
    });
    await assert.rejects(look("/tmp").result, {
      name: "ToolFailure",
      message: "image path `/tmp` is not a file",
    });
    await assert.rejects(look("").result, {
      name: "ToolFailure",
      message: `image path \`${cwd}\` is not a file`,
    });
  });

  test("sends no file that is called a picture and is none", async () => {
    fs.writeFileSync(join(cwd, "key.png"), "sk-secret");
    fs.symlinkSync("/etc/passwd", join(cwd, "passwd.png"));
    for (const name of ["key.png", "passwd.png"]) {
      await assert.rejects(look(name).result, {
        name: "ToolFailure",
        message: `image at \`${join(cwd, name)}\` is not a PNG, JPEG, GIF or WebP picture`,
      });
    }
    // The control: a picture of the same name is sent.
    fs.writeFileSync(join(cwd, "key.png"), png);
    assert.equal((await look("key.png").result).followUps?.length, 1);
  });

  test("neither waits for a FIFO nor reads a device or a socket", async () => {
    execFileSync("mkfifo", [join(cwd, "fifo.png")]);
    const server = net.createServer().listen(join(cwd, "socket.png"));
    await new Promise((resolve) => server.once("listening", resolve));
    try {
      for (const path of [join(cwd, "fifo.png"), join(cwd, "socket.png"), "/dev/zero"]) {
        await assert.rejects(look(path).result, {
          name: "ToolFailure",
          message: `image path \`${path}\` is not a file`,
        });
      }
    } finally {
      server.close();
    }
  });

  test("refuses a picture that is too large for a conversation, by its size alone", async () => {
    const path = join(cwd, "large.png");
    fs.writeFileSync(path, png);
    fs.truncateSync(path, 10 * 1024 * 1024 + 1);
    await assert.rejects(look(path).result, {
      name: "ToolFailure",
      message: `image at \`${path}\` is larger than 10 MiB; make a smaller copy of it first`,
    });
    fs.truncateSync(path, 10 * 1024 * 1024);
    assert.equal((await look(path).result).output, "attached local image path");
  });

  test("wants a path, and takes further arguments without a word", async () => {
    const { context } = startTurn({ cwd });
    await assert.rejects(callFunction(viewImageTool, {}, context), {
      name: "ToolFailure",
      message: "failed to parse function arguments: missing field `path`",
    });
    fs.writeFileSync(join(cwd, "more.png"), png);
    const { output } = await callFunction(viewImageTool, { path: "more.png", detail: "high" }, context);
    assert.equal(output, "attached local image path");
  });
});
