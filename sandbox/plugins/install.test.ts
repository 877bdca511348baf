import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { waitingOn } from "./clock.ts";
import { installPlugins } from "./install.ts";
import { root } from "./versions.ts";

test("the stand-ins lie under the SDKs' own versions, executable and whole, also when installed twice at once", async () => {
  const home = await mkdtemp(join(tmpdir(), "plugins-"));
  onTestFinished(() => rm(home, { recursive: true }));
  await Promise.all([installPlugins(home), installPlugins(home)]);
  await installPlugins(home);
  for (const name of ["cloudflare", "random"]) {
    const { version } = JSON.parse(await readFile(join(root, "node_modules", "@pulumi", name, "package.json"), "utf8"));
    const folder = join(home, "plugins", `resource-${name}-v${version}`);
    expect(await readdir(folder)).toEqual([`pulumi-resource-${name}`]);
    const file = join(folder, `pulumi-resource-${name}`);
    expect((await stat(file)).mode & 0o100).toBe(0o100);
    expect(await readFile(file, "utf8")).toContain(join(root, "sandbox", "plugins", name, "main.ts"));
  }
});

test("a sleep on the sandbox's clock is one open request, and aborting it closes its socket", async () => {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? "");
    if (request.url === "/sleep?ms=2000") response.end("{}");
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  const waiting = waitingOn(`http://127.0.0.1:${typeof address === "object" && address ? address.port : 0}/`);
  await waiting.sleep(2000);
  const stop = new AbortController();
  const arrived = once(server, "request");
  const sleeping = waiting.sleep(30_000, stop.signal);
  const [request] = await arrived;
  const closed = once(request.socket, "close");
  stop.abort(new Error("enough"));
  await expect(sleeping).rejects.toThrow("enough");
  await closed;
  expect(asked).toEqual(["/sleep?ms=2000", "/sleep?ms=30000"]);
});
