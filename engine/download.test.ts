import { mkdir, readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { systemClock } from "../domain/clock.ts";
import { type DownloadSite, downloadEngine, officialSite, unreachableCode } from "./download.ts";
import type { EngineProgress } from "./progress.ts";
import { temporaryFolder } from "./testing/fakes.ts";
import { pinnedVersion } from "./version.ts";

const pin = `v${pinnedVersion}`;

/** A site on loopback; `answer` undefined takes the request and never answers. */
async function site(status: number | undefined): Promise<string> {
  const server = createServer((_request, response) => {
    if (status !== undefined) response.writeHead(status).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/install.sh`;
}

async function fetchFrom(changes: Partial<DownloadSite>, env: NodeJS.ProcessEnv = {}) {
  const work = await temporaryFolder();
  const target = join(work, "target");
  const progress: EngineProgress[] = [];
  const onProgress = (at: EngineProgress) => void progress.push(at);
  const download = downloadEngine({ ...officialSite, probeMs: 10_000, ...changes });
  const whole = { PATH: process.env.PATH, HOME: work, ...env };
  const failed = await download({ work, target, root: work, env: whole, clock: systemClock, onProgress });
  return { failed, target, steps: progress.map(({ step }) => step) };
}

/** In place of the program that runs the official installer: one that puts an engine of that version where the installer would. */
async function installer(version: string): Promise<string> {
  const file = join(await temporaryFolder(), "install.mjs");
  await writeFile(
    file,
    `import { mkdirSync, writeFileSync } from "node:fs";
const { root } = JSON.parse(process.argv[2]);
console.log("reachable");
mkdirSync(root + "/bin", { recursive: true });
writeFileSync(root + "/bin/pulumi", "#!/bin/sh\\necho ${version}\\n", { mode: 0o755 });
writeFileSync(root + "/bin/pulumi-language-nodejs", "official", { mode: 0o755 });
`,
  );
  return file;
}

test("a closed network is told at once, with its reason", async () => {
  const { failed, steps } = await fetchFrom({ probeUrl: "http://127.0.0.1:1/install.sh" });
  expect(failed).toMatch(/^127\.0\.0\.1:1 cannot be reached \(.+\)$/);
  expect(steps).toEqual(["probe"]);
});

test("a site that takes the request and never answers is given up after the probe's time", async () => {
  expect((await fetchFrom({ probeUrl: await site(undefined), probeMs: 200 })).failed).toMatch(
    /cannot be reached \(no answer within 0\.2 s\)/,
  );
});

test("a site that refuses is no download", async () => {
  expect((await fetchFrom({ probeUrl: await site(403) })).failed).toMatch(/cannot be reached \(it answered HTTP 403\)/);
});

test("a complete download is put in place with its own language host", async () => {
  const { failed, target, steps } = await fetchFrom({ program: await installer(pin) });
  expect(failed).toBeUndefined();
  expect(steps).toContain("download");
  expect(await readFile(join(target, "pulumi-language-nodejs"), "utf8")).toBe("official");
});

test("a download of another version is refused", async () => {
  const { failed } = await fetchFrom({ program: await installer("v3.1.0") });
  expect(failed).toBe(`what was downloaded says it is "v3.1.0", not ${pin}`);
});

test("a download that does not end is given up", async () => {
  const folder = await temporaryFolder();
  await mkdir(join(folder, "x"));
  const program = join(folder, "hang.mjs");
  await writeFile(program, "setInterval(() => {}, 1000);");
  expect((await fetchFrom({ program, limitMs: 300 })).failed).toMatch(/did not end within/);
});

test("FLEET_ENGINE_DOWNLOAD=never does not even probe", async () => {
  const { failed, steps } = await fetchFrom({}, { FLEET_ENGINE_DOWNLOAD: "never" });
  expect(failed).toContain("forbids");
  expect(steps).toEqual([]);
});

test("an installer that fails is not mistaken for a closed network", async () => {
  const program = join(await temporaryFolder(), "fail.mjs");
  await writeFile(program, "console.log('reachable'); console.error('disk full'); process.exit(1);");
  expect((await fetchFrom({ program })).failed).toBe("the official installer failed: disk full");
  expect(unreachableCode).not.toBe(1);
});
