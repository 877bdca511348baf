/** The look at Cloudflare and the deletion of twins, against a small Cloudflare that keeps what it is given. */
import { createServer } from "node:http";
import { expect, onTestFinished, test } from "vitest";
import { z } from "zod";
import type { Context } from "./context.ts";
import { root } from "./context.ts";
import { edgeOf, wantedBy } from "./edge.ts";
import { readStackFiles } from "./stack-files.ts";

type Kind = "dns_records" | "groups" | "apps" | "policies" | "identity_providers" | "cfd_tunnel";
interface Held {
  readonly id: string;
  readonly name: string;
  readonly [more: string]: unknown;
}

const files = readStackFiles(root, "sandbox");
const uid = files.entries[0]?.entry.uid ?? "";
const slug = files.entries[0]?.slug ?? "";
const { accountId, zone } = files.settings;

/** Objects by kind. A fault answers instead, for `METHOD kind`. */
async function small(objects: Partial<Record<Kind, Held[]>>, faults: Readonly<Record<string, number>> = {}) {
  const deleted: string[] = [];
  const server = createServer((message, response) => {
    const parts = new URL(message.url ?? "/", "http://x").pathname.split("/");
    const [kind, id] = ["groups", "apps", "policies", "identity_providers", "cfd_tunnel", "dns_records"].includes(
      parts.at(-1) ?? "",
    )
      ? [parts.at(-1), undefined]
      : [parts.at(-2), parts.at(-1)];
    const list = objects[kind as Kind] ?? [];
    const fault = faults[`${message.method} ${kind}`];
    const say = (status: number, result: unknown) =>
      response
        .writeHead(status)
        .end(JSON.stringify({ success: status < 300, errors: status < 300 ? [] : [{ message: "refused so" }], result }));
    const one = list.find((object) => object.id === id);
    if (fault !== undefined) say(fault, null);
    else if (id === undefined) say(200, new URL(message.url ?? "/", "http://x").searchParams.get("page") === "1" ? list : []);
    else if (!one) say(404, null);
    else if (message.method === "DELETE") {
      deleted.push(id);
      list.splice(list.indexOf(one), 1);
      say(200, { id });
    } else say(200, one);
  }).listen(0, "127.0.0.1");
  await new Promise((done) => server.once("listening", done));
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = z.object({ port: z.number() }).parse(server.address());
  const said: string[] = [];
  const context = { say: (text: string) => void said.push(text) } as unknown as Context;
  const env = { CLOUDFLARE_API_TOKEN: "t".repeat(40), CLOUDFLARE_BASE_URL: `http://127.0.0.1:${port}` };
  const edge = edgeOf(context, { env, stack: "sandbox" }, { settings: files.settings, wanted: wantedBy(files) });
  if (!edge) throw new Error("no edge in spite of a token");
  return { edge, deleted, said, objects };
}

const mark = `fleet:sandbox:${uid}`;
const policies = () => ["p1", "p2"].map((id): Held => ({ id, name: `${slug} members ${mark}`, app_count: 0 }));
const holding = (...ids: string[]) =>
  JSON.stringify({
    deployment: {
      resources: ids.map((id) => ({
        ...{ urn: `urn::${uid}-policy`, type: "cloudflare:index/zeroTrustAccessPolicy:ZeroTrustAccessPolicy", id },
        inputs: { accountId, name: `${slug} members ${mark}` },
      })),
    },
  });

const application = (id: string, uses: readonly string[] = []): Held => ({
  ...{
    id,
    name: `${slug} ${mark}`,
    type: "self_hosted",
    domain: `${slug}.${zone}`,
    policies: uses.map((policy) => ({ id: policy })),
  },
});
const holdingBoth = (policy: string, app: string) => {
  const state = JSON.parse(holding(policy));
  state.deployment.resources.push({
    ...{ urn: "u", type: "cloudflare:index/zeroTrustAccessApplication:ZeroTrustAccessApplication", id: app },
    inputs: { accountId, name: `${slug} ${mark}`, domain: `${slug}.${zone}` },
  });
  return JSON.stringify(state);
};

test("without a token nobody looks", () => {
  const context = { say: () => expect.unreachable() } as unknown as Context;
  expect(edgeOf(context, { env: {}, stack: "sandbox" }, { settings: files.settings, wanted: [] })).toBeUndefined();
});

test("a twin of what the state holds is deleted and named; the other one stays", async () => {
  const { edge, deleted, said } = await small({ policies: policies() });
  const found = (await edge.look()) ?? [];
  expect(edge.suspicious(found)).toBe(true);
  await edge.tidy(found, holding("p2"));
  expect(deleted).toEqual(["p1"]);
  expect(said).toEqual([`a lost answer had made it twice at Cloudflare: deleted Access policy "${slug} members ${mark}" (p1)`]);
  expect(edge.failures).toEqual([]);
});

test("one that came into use, got another name or began to run since the look is left", async () => {
  const { edge, deleted, said, objects } = await small({ policies: policies() });
  const found = (await edge.look()) ?? [];
  objects.policies = policies().map((policy) => ({ ...policy, app_count: 1 }));
  await edge.tidy(found, holding("p2"));
  objects.policies = policies().map((policy) => ({ ...policy, name: "somebody's now" }));
  await edge.tidy(found, holding("p2"));
  expect(deleted).toEqual([]);
  expect(said).toHaveLength(2);
  expect(said[0]).toContain("changes or is in use just now");
});

test("one that is gone by now needs nothing", async () => {
  const { edge, deleted, objects } = await small({ policies: policies() });
  const found = (await edge.look()) ?? [];
  objects.policies = [];
  await edge.tidy(found, holding("p2"));
  expect(deleted).toEqual([]);
  expect(edge.failures).toEqual([]);
});

test("a deletion that is refused is said and remembered, and an application of which the state holds none is not touched", async () => {
  const apps = ["a1", "a2"].map((id) => application(id));
  const { edge, deleted, said } = await small({ policies: policies(), apps }, { "DELETE apps": 400 });
  // The state holds no application yet: which of them stays is not decided.
  await edge.tidy((await edge.look()) ?? [], holding("p2"));
  expect(said).toEqual([expect.stringContaining("deleted Access policy")]);
  await edge.tidy((await edge.look()) ?? [], holdingBoth("p2", "a2"));
  expect(deleted).toEqual(["p1"]);
  expect(said.at(-1)).toContain("could not be deleted");
  expect(said.at(-1)).toContain("refused so");
  expect(edge.failures).toHaveLength(1);
});

test("a twin whose only user was to go first and could not is left", async () => {
  // The policy's own count of applications may be late.
  const apps = [application("a1"), application("a2", ["p1"])];
  const { edge, deleted, said } = await small({ policies: policies(), apps }, { "DELETE apps": 400 });
  await edge.tidy((await edge.look()) ?? [], holdingBoth("p2", "a1"));
  expect(deleted).toEqual([]);
  expect(edge.failures).toHaveLength(1);
  expect(said).toEqual([expect.stringContaining("(a2) is there twice, and could not be deleted")]);
});

test("what is left to a person is named with the page that says what to do", async () => {
  const stray = { id: "t1", name: "gone fleet:sandbox:tn_9999999999" };
  const { edge, deleted, said } = await small({ cfd_tunnel: [stray] });
  const found = (await edge.look()) ?? [];
  expect(edge.suspicious(found)).toBe(true);
  await edge.tidy(found, holding());
  expect(deleted).toEqual([]);
  expect(said[0]).toContain('tunnel "gone fleet:sandbox:tn_9999999999" (t1)');
  expect(said[0]).toContain("docs/runbooks/two-of-a-kind.md");
});

test("a look that fails is a message that says what and what to do, and is remembered; nothing is thrown", async () => {
  const { edge, said } = await small({}, { "GET policies": 403 });
  expect(await edge.look()).toBeUndefined();
  expect(edge.failures).toHaveLength(1);
  expect(said).toEqual([expect.stringMatching(/could not be looked at: .*access\/policies.*\n.*run this again.*SECURITY\.md/)]);
  expect(said.join()).not.toContain("tttt");
});

test("an object is gone when Cloudflare says so, and not when it cannot be asked", async () => {
  const { edge } = await small({
    cfd_tunnel: [
      { id: "t1", name: "x" },
      { id: "t2", name: "x", deleted_at: "2026-11-01T00:00:00Z" },
    ],
  });
  const gone = (id: string) => edge.isGone({ kind: "tunnel", id });
  expect([await gone("t1"), await gone("t2"), await gone("t3")]).toEqual([false, true, true]);
  const { edge: deaf } = await small({}, { "GET cfd_tunnel": 403 });
  expect(await deaf.isGone({ kind: "tunnel", id: "t1" })).toBe(false);
  expect(deaf.failures).toEqual([expect.stringContaining("refused so")]);
});

test("what the sandbox's own program would make is nothing suspicious while it is there once", async () => {
  const { edge } = await small({ policies: policies().slice(0, 1) });
  expect(edge.suspicious((await edge.look()) ?? [])).toBe(false);
});
