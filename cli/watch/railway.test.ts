/** `fleet watch railway` as a process, against the emulator and against schemas that differ from it. */
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { buildSchema, introspectionFromSchema } from "graphql";
import { afterEach, expect, test } from "vitest";
import { createRailway } from "../../sandbox/railway/railway.ts";
import { pinText } from "../../vendors/railway/pin.ts";
import { readPin, writePin } from "../../vendors/railway/pinned.ts";
import { SchemaReport } from "./report.ts";

const root = resolve(import.meta.dirname, "../..");
const pinnedFile = resolve(root, "vendors/railway/pinned.graphql");
const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

interface Asked {
  readonly url: string;
  readonly authorization: string | undefined;
}

interface Given {
  readonly status?: number;
  readonly type?: string;
  readonly text: string;
}

async function vendor(answer: (body: string) => Given | Promise<Given>, asked: Asked[] = []) {
  const server = createServer(async (request, response) => {
    asked.push({ url: request.url ?? "", authorization: request.headers.authorization });
    let body = "";
    for await (const chunk of request) body += chunk;
    const { status = 200, type = "application/json", text } = await answer(body);
    response.writeHead(status, { "content-type": type }).end(text);
  }).listen(0, "127.0.0.1");
  servers.push(server);
  await new Promise((listening) => server.once("listening", listening));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql/v2`;
}

/** Railway with the schema that we know, changed. */
async function changed(asked: Asked[], ...changes: readonly [from: string | RegExp, to: string][]): Promise<string> {
  let sdl = pinText(await readPin());
  for (const [from, to] of changes) {
    expect(sdl).toMatch(from);
    sdl = sdl.replace(from, to);
  }
  const schema = buildSchema(sdl, { assumeValid: true });
  const text = JSON.stringify({ data: introspectionFromSchema(schema, { inputValueDeprecation: true }) });
  return vendor(() => ({ text }), asked);
}

function fleet(apiUrl: string, ...args: string[]) {
  const env = { PATH: "/usr/bin:/bin", NODE_COMPILE_CACHE: resolve(root, ".fleet/compile-cache"), RAILWAY_API_URL: apiUrl };
  const command = ["--disable-warning=ExperimentalWarning", resolve(root, "cli/main.ts"), "watch", "railway", ...args];
  return new Promise<{ code: number; stdout: string; stderr: string }>((done) => {
    execFile(process.execPath, command, { env }, (error, stdout, stderr) => {
      done({ code: typeof error?.code === "number" ? error.code : 0, stdout, stderr });
    });
  });
}

test("an unchanged schema is asked for without a token, and ends with 0", async () => {
  const asked: Asked[] = [];
  const ended = await fleet(await changed(asked), "--json");
  expect(ended).toMatchObject({ code: 0, stderr: "" });
  expect(SchemaReport.parse(JSON.parse(ended.stdout))).toMatchObject({ ok: true, changes: [], pinned: false });
  // The edge has a wall of its own for addresses without a query string.
  expect(asked).toEqual([{ url: expect.stringMatching(/\?source=/), authorization: undefined }]);
});

test("each severity is named with its operations, worst first, and ends with 3", async () => {
  const url = await changed(
    [],
    [/(input ServiceInstanceUpdateInput \{[^}]*)\n {2}sleepApplication: Boolean\n/, "$1\n"],
    ["enum EnvironmentPatchStatus {", "enum EnvironmentPatchStatus {\n  FAILED"],
    ["deploymentStop(id: String!): Boolean!", 'deploymentStop(id: String!): Boolean! @deprecated(reason: "Use something else")'],
    ["input ServiceCreateInput {", "input ServiceCreateInput {\n  color: String"],
  );
  const ended = await fleet(url);
  expect(ended).toMatchObject({ code: 3, stderr: "what to do: docs/runbooks/railway-api-changed.md\n" });
  expect(ended.stdout.split("\n")).toEqual([
    "breaking    Field ServiceInstanceUpdateInput.sleepApplication was removed. (serviceInstanceUpdate)",
    "risky       Enum value EnvironmentPatchStatus.FAILED was added. (environmentPatch)",
    "deprecated  Mutation.deploymentStop is deprecated: Use something else (deploymentStop)",
    "harmless    An optional field ServiceCreateInput.color was added. (serviceCreate)",
    expect.stringMatching(/ operations use it: 1 breaking, 1 risky, 1 deprecated, 1 harmless$/),
    "",
  ]);
  const report = SchemaReport.parse(JSON.parse((await fleet(url, "--json")).stdout));
  expect(report.ok).toBe(false);
  expect(report.changes.map(({ severity }) => severity)).toEqual(["breaking", "risky", "deprecated", "harmless"]);
});

test("only more possibilities are no reason to call a person", async () => {
  const ended = await fleet(await changed([], ["input ServiceCreateInput {", "input ServiceCreateInput {\n  color: String"]));
  expect(ended).toMatchObject({ code: 0, stderr: "" });
  expect(ended.stdout).toContain("harmless");
});

test("a schema that would refuse an operation of ours is not pinned, and the operation is named", async () => {
  const before = await readFile(pinnedFile, "utf8");
  const ended = await fleet(
    await changed([], ["deploymentStop(id: String!)", "deploymentStop(id: String!, why: String!)"]),
    "--pin",
  );
  expect(ended).toMatchObject({ code: 1, stdout: "" });
  expect(ended.stderr).toMatch(/deploymentStop: .*\(why:\)/);
  expect(await readFile(pinnedFile, "utf8")).toBe(before);
});

test.each([
  ["a wall of the edge", () => ({ status: 403, type: "text/html", text: "<title>Access denied</title>" }), "IntrospectionQuery"],
  ["a refusal", () => ({ text: '{"errors":[{"message":"introspection is off"}]}' }), "introspection is off"],
  ["no schema", () => ({ text: '{"data":{}}' }), "no schema"],
])("%s is a failure (1) and no finding", async (_, answer, words) => {
  const ended = await fleet(await vendor(answer));
  expect(ended).toMatchObject({ code: 1, stdout: "" });
  expect(ended.stderr).toContain(words);
});

test("the emulator answers without a token, and is what was pinned", async () => {
  const railway = createRailway({ clock: { now: Date.now }, random: Math.random });
  const url = "http://railway.test/graphql/v2?source=test";
  const introspect = async (body: string) =>
    (await railway.fetch(new Request(url, { method: "POST", headers: { "content-type": "application/json" }, body }))).text();
  const ended = await fleet(await vendor(async (body) => ({ text: await introspect(body) })));
  expect(ended).toMatchObject({ code: 0, stdout: expect.stringContaining("unchanged") });
});

test("what is pinned is written as the contract test makes it", async () => {
  const folder = await mkdtemp(join(tmpdir(), "fleet-pin-"));
  await writePin(await readPin(), join(folder, "pinned.graphql"));
  const [written, kept] = [await readFile(join(folder, "pinned.graphql"), "utf8"), await readFile(pinnedFile, "utf8")];
  await rm(folder, { recursive: true });
  expect(written).toBe(kept);
});

test("an address that is none is wrong use", async () => {
  expect(await fleet("backboard")).toMatchObject({ code: 2, stdout: "", stderr: expect.stringContaining("RAILWAY_API_URL") });
});
