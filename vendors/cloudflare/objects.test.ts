import { createServer, type IncomingMessage } from "node:http";
import { expect, onTestFinished, test } from "vitest";
import { z } from "zod";
import { type Clock, memoryClock, systemClock } from "../../domain/clock.ts";
import { VendorError } from "../../domain/error.ts";
import { deleteObject, listObjects, objectKinds, readObject } from "./objects.ts";
import { connect } from "./wire.ts";

const place = { accountId: "acc", zoneId: "zone" };
type Answer = { readonly status?: number; readonly json?: unknown; readonly text?: string };

/** Deadlines never come in these tests, waits are over at once. */
const clock: Clock = {
  ...memoryClock(0),
  sleep: (ms, signal) =>
    ms < 30_000
      ? systemClock.sleep(0)
      : new Promise((_, reject) => signal?.addEventListener("abort", () => reject(signal.reason))),
};

async function vendor(answer: (method: string, url: URL) => Answer) {
  const asked: string[] = [];
  const server = createServer((message: IncomingMessage, response) => {
    const url = new URL(message.url ?? "/", "http://vendor");
    asked.push(`${message.method} ${url.pathname}${url.search}`);
    const { status = 200, json, text } = answer(message.method ?? "", url);
    response.writeHead(status, { "cf-ray": "ray-1" }).end(text ?? JSON.stringify(json));
  }).listen(0, "127.0.0.1");
  await new Promise((done) => server.once("listening", done));
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = z.object({ port: z.number() }).parse(server.address());
  return { asked, send: connect({ baseUrl: `http://127.0.0.1:${port}/client/v4`, token: "t".repeat(40), clock }) };
}

const page = (result: unknown[] | null, info?: Record<string, unknown>): Answer => ({
  json: { success: true, errors: [], messages: [], result, ...(info && { result_info: info }) },
});
const refused: Answer = {
  status: 403,
  json: { success: false, errors: [{ code: 10000, message: "Authentication error" }], result: null },
};
const missing: Answer = { status: 404, json: { success: false, errors: [{ code: 11021, message: "not_found" }], result: null } };
const look = { ...place, comment: "fleet:prod:" };

test("one request a kind is enough where the vendor counts, and of the zone only marked records are asked for", async () => {
  const { asked, send } = await vendor(() => page([{ id: "1", name: "a" }], { total_count: 1 }));
  const found = await listObjects(send, look);
  expect(found.map(({ kind }) => kind).toSorted()).toEqual(objectKinds.toSorted());
  const base = "/client/v4/accounts/acc";
  expect(asked.toSorted()).toEqual([
    `GET ${base}/access/apps?page=1&per_page=1000`,
    `GET ${base}/access/groups?page=1&per_page=1000`,
    `GET ${base}/access/identity_providers?page=1&per_page=200`,
    `GET ${base}/access/policies?page=1&per_page=100`,
    `GET ${base}/cfd_tunnel?is_deleted=false&page=1&per_page=1000`,
    "GET /client/v4/zones/zone/dns_records?comment.startswith=fleet%3Aprod%3A&page=1&per_page=1000",
  ]);
});

test("a list is read to its end, however short its pages are and whatever is counted", async () => {
  const pages = [[{ id: "1", name: "a" }, { id: "2" }], [{ id: "2" }, { id: "3", name: "c" }], []];
  const { send } = await vendor((_, url) =>
    page(url.pathname.endsWith("policies") ? (pages[Number(url.searchParams.get("page")) - 1] ?? []) : null, { total_count: 0 }),
  );
  expect((await listObjects(send, look)).map(({ id, name }) => [id, name])).toEqual([
    ["1", "a"],
    ["2", ""],
    ["3", "c"],
  ]);
});

test("a list that knows no pages ends when it repeats itself", async () => {
  const { send, asked } = await vendor(() => page([{ id: "1", name: "a" }]));
  expect(await listObjects(send, look)).toHaveLength(6);
  expect(asked).toHaveLength(12);
});

test("a count that is only the page's own ends no list while its pages are full", async () => {
  const full = Array.from({ length: 100 }, (_, index) => ({ id: `p${index}`, name: "" }));
  const { send } = await vendor((_, url) => {
    const rows = url.searchParams.get("page") === "1" ? full : [{ id: "last", name: "" }];
    return url.pathname.endsWith("policies") ? page(rows, { total_count: rows.length }) : page([]);
  });
  expect(await listObjects(send, look)).toHaveLength(101);
});

test("a list that begins anew before all that was counted has come is an error, not the end", async () => {
  const { send } = await vendor((_, url) =>
    url.pathname.endsWith("policies") ? page([{ id: "1" }, { id: "2" }], { total_count: 3 }) : page([]),
  );
  await expect(listObjects(send, look)).rejects.toThrow("page 2 is page 1 again, and only 2 of 3 came");
});

test("of each object is known what tells it, whether it runs or is used, and the whole of it", async () => {
  const tunnel = { id: "t", name: "x", created_at: "2026-11-01T00:00:00Z", connections: [{ id: "c" }], deleted_at: null };
  const record = {
    id: "d",
    name: "x.example",
    type: "CNAME",
    comment: "fleet:prod:x",
    content: "t.cfargotunnel.com",
    created_on: "2026",
  };
  const dead = { id: "t0", name: "x", deleted_at: "2026-11-01T00:00:00Z" };
  const lists: Record<string, unknown[]> = {
    cfd_tunnel: [tunnel, dead],
    dns_records: [record],
    policies: [{ id: "p", name: "y", app_count: 2 }],
    apps: [{ id: "a", name: "z", type: "self_hosted", domain: "x.example/docs" }],
  };
  const { send } = await vendor((_, url) => page(lists[url.pathname.split("/").at(-1) ?? ""] ?? []));
  const found = await listObjects(send, look);
  expect(found).toMatchObject([
    { kind: "dnsRecord", id: "d", name: "x.example", type: "CNAME", comment: "fleet:prod:x", created: "2026", running: false },
    { kind: "application", id: "a", name: "z", type: "self_hosted", domain: "x.example/docs" },
    { kind: "policy", id: "p", name: "y", appCount: 2 },
    { kind: "tunnel", id: "t", running: true, created: "2026-11-01T00:00:00Z" },
  ]);
  expect(JSON.parse(found[0]?.document ?? "")).toEqual(record);
});

test.each<[string, Answer, string]>([
  [
    "a token that may not list",
    refused,
    'cloudflare refused GET /accounts/:id/access/apps ("Authentication error"), HTTP 403, 10000',
  ],
  ["a page of something in between", { text: "<html>" }, "no JSON"],
  ["an unknown shape", { json: { success: true, result: [{ name: "no id" }] } }, "unknown shape"],
  ["an outage", { status: 503, text: "down" }, "HTTP 503"],
])("%s is an error that says which list, never an empty list", async (_, answer, words) => {
  const { send } = await vendor((_method, url) => (url.pathname.endsWith("/apps") ? answer : page([])));
  const error = await listObjects(send, look).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(VendorError);
  expect(String(error)).toContain(words);
  expect(String(error)).toContain("/accounts/:id/access/apps");
});

test("an object is read as it is now; deleted and missing are the same, refused is neither", async () => {
  const { send } = await vendor((_, url) => {
    const id = url.pathname.split("/").at(-1);
    const one = { id, name: "x", deleted_at: id === "dead" ? "2026" : null };
    return id === "none" ? missing : id === "secret" ? refused : { json: { success: true, result: one } };
  });
  const read = (id: string) => readObject(send, place, { kind: "tunnel", id });
  expect(await read("alive")).toMatchObject({ id: "alive", name: "x" });
  expect(await read("dead")).toBeUndefined();
  expect(await read("none")).toBeUndefined();
  await expect(read("secret")).rejects.toThrow("Authentication error");
});

test("a deletion is tried again after a lost answer, and what is gone by then is deleted; a refusal is an error", async () => {
  let calls = 0;
  const { send, asked } = await vendor((_, url) => {
    if (url.pathname.endsWith("kept"))
      return { status: 400, json: { success: false, errors: [{ message: "in use" }], result: null } };
    return calls++ === 0 ? { status: 504, text: "" } : missing;
  });
  await deleteObject(send, place, { kind: "dnsRecord", id: "d" });
  expect(asked).toEqual(["DELETE /client/v4/zones/zone/dns_records/d", "DELETE /client/v4/zones/zone/dns_records/d"]);
  await expect(deleteObject(send, place, { kind: "policy", id: "kept" })).rejects.toThrow("in use");
});

test("a missing page that Cloudflare itself did not write is no proof that an object is gone", async () => {
  const { send } = await vendor(() => ({ status: 404, text: "<html>nginx" }));
  await expect(readObject(send, place, { kind: "policy", id: "p" })).rejects.toThrow("no JSON");
  await expect(deleteObject(send, place, { kind: "policy", id: "p" })).rejects.toThrow("no JSON");
});
