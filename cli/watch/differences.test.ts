import { expect, test } from "vitest";
import { type Difference, type EngineEvent, readEvent } from "../../engine/events.ts";
import { differences, problemsOf } from "./differences.ts";

const [acme, birch] = ["tn_7k2m9x4q1c", "tn_b4x8w2n6ty"];
const slugs = new Map([[acme, "acme"]]);
const secret = (ciphertext = "[secret]") => ({
  "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
  ciphertext,
});
const state = (inputs: Record<string, unknown>, outputs: Record<string, unknown> = inputs) => ({ id: "id-1", inputs, outputs });
const path = (diffKind: string, inputDiff = true) => ({ diffKind, inputDiff });

function found(name: string, difference: Difference, type = "railway:index:ServiceInstance", op = "update"): EngineEvent {
  const urn = `urn:pulumi:prod::fleet::fleet:index:Tenant$${type}::${name}`;
  return { kind: "resource", state: "done", op, urn, type, planning: true, difference };
}
const changed = (name: string, before: object, after: object, paths: Difference["paths"] = {}) =>
  found(name, { before: state({ ...before }), after: state({ ...after }), paths });
const deleted = (name: string, type: string) => found(name, { before: state({}), after: undefined, paths: {} }, type, "delete");
const fieldsOf = (...args: Parameters<typeof changed>) => differences([changed(...args)], slugs)[0]?.fields;

test("a changed object is named by its tenant's slug, its own name and each field, from the state's value to the vendor's", () => {
  const event = changed(
    `${acme}-app-instance`,
    { memoryGB: 1, region: "us-west2", sleep: true },
    { memoryGB: 4, region: "us-east4", healthcheckPath: "/h" },
    { memoryGB: path("update"), region: path("update"), sleep: path("delete"), healthcheckPath: path("add") },
  );
  expect(differences([event], slugs)).toEqual([
    {
      ...{ uid: acme, slug: "acme", resource: "app-instance", type: "railway:index:ServiceInstance", id: "id-1" },
      ...{ what: "changed", holdsData: false },
      fields: [
        { field: "healthcheckPath", state: null, vendor: '"/h"' },
        { field: "memoryGB", state: "1", vendor: "4" },
        { field: "region", state: '"us-west2"', vendor: '"us-east4"' },
        { field: "sleep", state: "true", vendor: null },
      ],
    },
  ]);
});

test("lost data comes first, then what else was deleted; who is in no file keeps the uid, and what is nobody's has neither", () => {
  const events = [
    changed("account-ssl", { value: "strict" }, { value: "flexible" }),
    deleted(`${acme}-app`, "cloudflare:index/zeroTrustAccessApplication:ZeroTrustAccessApplication"),
    deleted(`${birch}-volume`, "railway:index:Volume"),
    deleted(`${acme}-project`, "railway:index:Project"),
  ];
  expect(differences(events, slugs)).toMatchObject([
    { uid: acme, slug: "acme", resource: "project", what: "deleted", holdsData: true, fields: [] },
    { uid: birch, slug: null, resource: "volume", what: "deleted", holdsData: true, fields: [] },
    { uid: acme, slug: "acme", resource: "app", what: "deleted", holdsData: false },
    { uid: null, slug: null, resource: "account-ssl", what: "changed", holdsData: false },
  ]);
});

test("a secret is [secret] on both sides, wherever in the field it begins, and neither value is told", () => {
  const whole = { variables: secret() };
  const paths = { "variables.A": path("update"), "variables.B": path("add"), 'variables["C.D"]': path("delete") };
  expect(fieldsOf("x", whole, whole, paths)).toEqual([
    { field: "variables.A", state: "[secret]", vendor: "[secret]" },
    { field: "variables.B", state: null, vendor: "[secret]" },
    { field: 'variables["C.D"]', state: "[secret]", vendor: null },
  ]);
  const inside = fieldsOf("x", { list: [{ key: secret("v1:abc") }] }, { list: [] }, { list: path("update") });
  expect(inside).toEqual([{ field: "list", state: '[{"key":"[secret]"}]', vendor: "[]" }]);
});

test("addresses are masked and what looks like a token is hidden, also in a field that keeps no secret; digests and ids are shown", () => {
  const told = (value: unknown) => fieldsOf("x", { a: 0 }, { a: value }, { a: path("update") })?.[0]?.vendor;
  expect(told("ask ada@acme.example")).toBe('"ask a…@acme.example"');
  expect(told("cloudflared --token eyJhIjoiNWE0ZGIwY2NmMWEwMDAwMDAw")).toBe('"cloudflared --token [secret]"');
  expect(told({ password: ["Zx9-Zx9-Zx9-Zx9-Zx9-Zx9-Zx9-", "sk-or-v1-0000000000"] })).toBe(
    '{"password":["[secret]","[secret]"]}',
  );
  const digest = `registry.example/app@sha256:${"0123456789abcdef".repeat(4)}`;
  expect(told(digest)).toBe(`"${digest}"`);
  expect(told("2d0b1c4e-8a53-4f04-b6e2-7f6f3b1c9a10")).toBe('"2d0b1c4e-8a53-4f04-b6e2-7f6f3b1c9a10"');
  expect(told("x".repeat(500))).toMatch(/^"x{199}…$/);
});

test("a field deep inside is told alone, by the provider's own path", () => {
  const rules = (required: boolean) => ({ config: { ingresses: [{ hostname: "a" }, { "a.b": { required } }] } });
  const paths = { 'config.ingresses[1]["a.b"].required': path("update") };
  expect(fieldsOf("x", rules(true), rules(false), paths)).toEqual([
    { field: 'config.ingresses[1]["a.b"].required', state: "true", vendor: "false" },
  ]);
});

test("what a program left to the vendor is read from the outputs, and a provider that names no field has its differing ones told", () => {
  const outputs = found("x", {
    before: state({}, { ttl: 1 }),
    after: state({}, { ttl: 300 }),
    paths: { ttl: path("update", false) },
  });
  expect(differences([outputs], slugs)[0]?.fields).toEqual([{ field: "ttl", state: "1", vendor: "300" }]);
  expect(fieldsOf("x", { a: 1, b: [1], "c.d": 1 }, { a: 1, b: [2] })).toEqual([
    { field: '["c.d"]', state: "1", vendor: null },
    { field: "b", state: "[1]", vendor: "[2]" },
  ]);
});

test("a service that somebody opened to the internet is told with its address", () => {
  const event = found(`${acme}-app-instance`, {
    before: state({ publicAddress: "forbid" }, { publicAddress: "forbid", publicAddresses: [] }),
    after: state({ publicAddress: "ignore" }, { publicAddress: "ignore", publicAddresses: ["acme.up.railway.app"] }),
    paths: { publicAddress: path("update") },
  });
  expect(differences([event], slugs)[0]?.fields).toEqual([
    { field: "publicAddress", state: '"forbid"', vendor: '"ignore"' },
    { field: "publicAddresses", state: "[]", vendor: '["acme.up.railway.app"]' },
  ]);
});

test("what could not be looked at is a problem with the object's name and the vendor's words, masked; never silently calm", () => {
  const diagnostic = (message: string, urn?: string): EngineEvent => ({ kind: "diagnostic", severity: "error", message, urn });
  const all = { code: 255, stderr: "error: it ended", objects: 62, looked: 61 };
  const events = [
    diagnostic(
      "Preview failed: cloudflare refused GET x (ada@acme.example), HTTP 403",
      `urn:pulumi:prod::fleet::t::${acme}-policy`,
    ),
    diagnostic("preview failed", "urn:pulumi:prod::fleet::pulumi:pulumi:Stack::fleet-prod"),
    { ...diagnostic("waiting 1 s"), severity: "warning" },
  ] as const;
  expect(problemsOf(events, all)).toEqual([
    `${acme}-policy: cloudflare refused GET x (a…@acme.example), HTTP 403`,
    "not looked at: 1 of 62 objects",
  ]);
  expect(problemsOf([], all)).toEqual(["error: it ended", "not looked at: 1 of 62 objects"]);
  expect(problemsOf([], { ...all, stderr: "", looked: 62 })).toEqual(["pulumi refresh ended with 255"]);
  expect(problemsOf([], { ...all, code: 0 })).toEqual(["not looked at: 1 of 62 objects"]);
  expect(problemsOf(events, { ...all, code: 0, looked: 62 })).toEqual([]);
});

test("a deleted tunnel, for which Cloudflare still answers, is told as deleted; what a vendor counts or dates by itself is no drift", () => {
  const tunnel = "cloudflare:index/zeroTrustTunnelCloudflared:ZeroTrustTunnelCloudflared";
  const same = (outputs: Record<string, unknown>) =>
    differences(
      [
        found(
          `${acme}-tunnel`,
          { before: state({ name: "t" }), after: state({ name: "t" }, outputs), paths: {} },
          tunnel,
          "same",
        ),
      ],
      slugs,
    );
  expect(same({ name: "t", deletedAt: "2026-11-24T05:00:00Z" })).toMatchObject([
    { resource: "tunnel", what: "deleted", fields: [] },
  ]);
  expect(same({ name: "t", connsActiveAt: "2026-11-24T05:00:00Z", deletedAt: null })).toEqual([]);
});

test("what is the same, components, the stack and other events are no drift", () => {
  const before = state({});
  const component = found("x", { before, after: before, paths: {} }, "fleet:index:Tenant");
  const same: EngineEvent = {
    kind: "resource",
    state: "done",
    op: "same",
    urn: "u::x",
    type: "railway:index:Volume",
    planning: true,
  };
  expect(differences([component, same, { kind: "summary", changes: {}, seconds: 1 }], slugs)).toEqual([]);
});

test("the engine's own event is read with both sides and its paths, and of what is the same nothing is kept", () => {
  const side = { type: "t", urn: "u", id: "i", inputs: { a: 1 }, outputs: { a: 1, b: 2 }, provider: "p" };
  const event = (op: string, after: object | null, detailedDiff: object | null) =>
    readEvent(
      JSON.stringify({
        sequence: 7,
        resOutputsEvent: { metadata: { op, urn: "u", type: "t", old: side, new: after, detailedDiff }, planning: true },
      }),
    );
  const before = { id: "i", inputs: { a: 1 }, outputs: { a: 1, b: 2 } };
  expect(event("update", { ...side, inputs: { a: 2 } }, { a: { diffKind: "update", inputDiff: true } })).toMatchObject({
    difference: { before, after: { inputs: { a: 2 } }, paths: { a: { diffKind: "update", inputDiff: true } } },
  });
  expect(event("delete", null, null)).toMatchObject({ op: "delete", difference: { before, after: undefined, paths: {} } });
  expect(event("same", { ...side, outputs: { a: 1, b: 3 } }, {})).toMatchObject({ op: "same", difference: { before } });
  expect(event("same", side, {})).toEqual({ kind: "resource", state: "done", op: "same", urn: "u", type: "t", planning: true });
});
