/** The sandbox's stand-in plugins under the real engine, asked for by the real SDKs. */
import { once } from "node:events";
import { createServer } from "node:http";
import { resolve } from "node:path";
import { text } from "node:stream/consumers";
import { beforeAll, expect, onTestFinished, test } from "vitest";
import { ensureEngine } from "../engine/engine.ts";
import type { Engine } from "../engine/find.ts";
import { tinyProject } from "../engine/testing/project.ts";
import { installPlugins } from "../sandbox/plugins/install.ts";

const root = resolve(import.meta.dirname, "..");
let engine: Engine;

beforeAll(async () => {
  engine = await ensureEngine({ env: process.env, root });
}, 1_200_000);

const program = `
import * as cloudflare from "@pulumi/cloudflare";
import * as random from "@pulumi/random";
const bytes = new random.RandomBytes("bytes", { length: 32 });
const password = new random.RandomPassword("password", { length: 24, special: false });
const tunnel = new cloudflare.ZeroTrustTunnelCloudflared("tunnel", {
  accountId: "acc", name: "acme", configSrc: "cloudflare", tunnelSecret: bytes.base64 });
const policy = new cloudflare.ZeroTrustAccessPolicy("policy", {
  accountId: "acc", name: "members", decision: "allow", includes: [{ email: { email: "ann@example.com" } }], sessionDuration: "24h" });
const app = new cloudflare.ZeroTrustAccessApplication("app", {
  accountId: "acc", name: "acme", type: "self_hosted", domain: "acme.example.com", policies: [{ id: policy.id, precedence: 1 }] });
new cloudflare.ZeroTrustTunnelCloudflaredConfig("config", { accountId: "acc", tunnelId: tunnel.id, config: { ingresses: [
  { hostname: "acme.example.com", service: "http://app:8000", originRequest: { access: { audTags: [app.aud], required: true, teamName: "t" } } },
  { service: "http_status:404" } ] } });
export const aud = app.aud;
export const secret = bytes.base64;
export const word = password.result;
`;

/** A server that answers what was sent plus an id, as Cloudflare does, and writes down what it was asked. */
async function recorder() {
  const requests: { line: string; body: Record<string, unknown> }[] = [];
  const objects = new Map<string, Record<string, unknown>>();
  const server = createServer(async (request, response) => {
    const sent = await text(request);
    const body: Record<string, unknown> = sent === "" ? {} : JSON.parse(sent);
    const path = (request.url ?? "").replace("/client/v4", "");
    requests.push({ line: `${request.method} ${path}`, body });
    const id = `id-${objects.size + 1}`;
    const at = request.method === "POST" ? `${path}/${id}` : path;
    if (request.method !== "GET" && request.method !== "DELETE")
      objects.set(at, { ...(request.method === "POST" && { id, aud: `aud-${id}` }), ...objects.get(at), ...body });
    response.writeHead(objects.has(at) ? 200 : 404, { "Content-Type": "application/json" });
    response.end(JSON.stringify({ success: objects.has(at), errors: [], messages: [], result: objects.get(at) ?? null }));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  return { requests, url: `http://127.0.0.1:${typeof address === "object" && address ? address.port : 0}/client/v4` };
}

function project(baseUrl: string) {
  const user = { ...process.env, CLOUDFLARE_BASE_URL: baseUrl, CLOUDFLARE_API_TOKEN: "token" };
  const prepare = async (home: string) => {
    await installPlugins(home);
    await installPlugins(home);
  };
  return tinyProject(engine, program, { user, prepare });
}

test("the official SDKs find the stand-ins: a program is brought up, unchanged, refreshed and destroyed, its secrets sealed", async () => {
  const { requests, url } = await recorder();
  const { pulumi } = await project(url);
  const lines = () => requests.splice(0).map(({ line }) => line);

  const preview = await pulumi("preview", "--json");
  expect(JSON.parse(preview.stdout)).toMatchObject({ changeSummary: { create: 7 } });
  expect(requests).toEqual([]);

  const up = await pulumi("up", "--yes", "--skip-preview");
  expect(up, up.stdout).toMatchObject({ code: 0 });
  const bodies = requests.map(({ body }) => body);
  expect(lines().sort()).toEqual([
    "POST /accounts/acc/access/apps",
    "POST /accounts/acc/access/policies",
    "POST /accounts/acc/cfd_tunnel",
    expect.stringMatching(/^PUT \/accounts\/acc\/cfd_tunnel\/id-\d\/configurations$/),
  ]);
  const tunnelSecret = String(bodies.find((body) => body.config_src)?.tunnel_secret);
  expect(Buffer.from(tunnelSecret, "base64")).toHaveLength(32);

  const outputs = JSON.parse((await pulumi("stack", "output", "--json", "--show-secrets")).stdout);
  expect(outputs).toMatchObject({ aud: expect.stringMatching(/^aud-id-\d$/), secret: tunnelSecret });
  expect(outputs.word).toMatch(/^[A-Za-z0-9]{24}$/);
  const state = (await pulumi("stack", "export")).stdout;
  for (const secret of [tunnelSecret, outputs.word]) {
    expect(state).not.toContain(secret);
    expect(up.stdout).not.toContain(secret);
  }

  const again = await pulumi("preview", "--expect-no-changes");
  expect(again, again.stdout).toMatchObject({ code: 0 });
  expect(lines()).toEqual([]);

  const refresh = await pulumi("refresh", "--yes", "--skip-preview", "--expect-no-changes");
  expect(refresh, refresh.stdout).toMatchObject({ code: 0 });
  expect(lines().map((line) => line.split(" ")[0])).toEqual(["GET", "GET", "GET", "GET"]);

  expect(await pulumi("destroy", "--yes", "--skip-preview")).toMatchObject({ code: 0 });
  expect(lines().map((line) => line.replace(/id-\d/, "id"))).toHaveLength(3);
});

test("an address that is not loopback is refused before anything is sent, with what to do instead", async () => {
  const { pulumi } = await project("https://api.cloudflare.com/client/v4");
  const up = await pulumi("up", "--yes", "--skip-preview");
  expect(up.code).not.toBe(0);
  expect(up.stdout + up.stderr).toMatch(/not a loopback address.*fleet env <stack>/s);
});
