import { expect, test } from "vitest";
import { OperatorError } from "../../domain/error.ts";
import { readPreview } from "./preview.ts";

const uid = "tn_7k2m9x4q1c";
const urn = (type: string, name: string, stack = "prod") => `urn:pulumi:${stack}::fleet::fleet:index:Tenant$${type}::${name}`;
const read = (steps: readonly object[], rest: object = {}) => readPreview(JSON.stringify({ steps, ...rest }), "p.json", "prod");

test("each resource is told once, by what a reviewer calls it; what stays and our own components are left out", () => {
  const { resources } = read([
    { op: "same", urn: urn("railway:index:Project", `${uid}-project`) },
    { op: "create", urn: urn("fleet:index:TenantEdge", `${uid}-edge`) },
    { op: "update", urn: urn("railway:index:ServiceInstance", `${uid}-app-instance`), diffReasons: ["memoryGB"] },
    { op: "create", urn: urn("cloudflare:index/dnsRecord:DnsRecord", `${uid}-dns`) },
    { op: "delete", urn: urn("cloudflare:index/zeroTrustAccessApplication:ZeroTrustAccessApplication", `${uid}-public-yourapp`) },
    { op: "update", urn: "urn:pulumi:prod::fleet::cloudflare:index/zoneSetting:ZoneSetting::ssl" },
  ]);
  expect(resources.map((resource) => [resource.uid, resource.op, resource.what, resource.properties])).toEqual([
    [null, "update", "ZoneSetting ssl", []],
    [uid, "update", "application", ["memoryGB"]],
    [uid, "create", "hostname", []],
    [uid, "delete", "open path yourapp", []],
  ]);
});

test("a replacement is one change, however many steps it takes, and data is known by its type, not by its name", () => {
  const volume = urn("railway:index:Volume", "renamed");
  const { resources } = read(
    ["create-replacement", "replace", "delete-replaced"].map((op) => ({ op, urn: volume, replaceReasons: ["region"] })),
  );
  expect(resources).toEqual([
    { uid: null, op: "replace", what: "Volume renamed (DATA)", holdsData: true, properties: ["region"] },
  ]);
  const pair = read([
    { op: "delete", urn: volume },
    { op: "create", urn: volume },
  ]);
  expect(pair.resources.map(({ op }) => op)).toEqual(["replace"]);
});

test("values of a preview do not come through: only operations and names of properties", () => {
  const planted = "planted-secret-value";
  const step = { op: "update", urn: urn("openrouter:index:Key", `${uid}-model-key`), diffReasons: ["name"] };
  const state = { inputs: { name: planted }, outputs: { key: planted } };
  const preview = read([{ ...step, oldState: state, newState: state, detailedDiff: { name: { kind: "update" } } }], {
    config: { x: planted },
  });
  expect(JSON.stringify(preview)).not.toContain(planted);
});

test("errors are kept, warnings are not", () => {
  const diagnostics = [
    { severity: "error", message: "it failed" },
    { severity: "warning", message: "careful" },
    { severity: "error", message: "" },
  ];
  expect(read([], { diagnostics }).errors).toEqual(["it failed"]);
  expect(readPreview("{}", "p.json", "prod")).toEqual({ resources: [], errors: [], policies: null });
});

test.each([
  ["", "is no preview"],
  ["[1]", "is no preview"],
  ['{"steps": 3}', "is no preview"],
  ['{"steps": [{"op": "same"}]}', "is no preview"],
  [JSON.stringify({ steps: [{ op: "same", urn: urn("a:b:C", "x", "test") }] }), "is the preview of test, not of prod"],
])("a file that is no preview of this stack is refused by its name (%#)", (text, message) => {
  expect(() => readPreview(text, "p.json", "prod")).toThrow(OperatorError);
  expect(() => readPreview(text, "p.json", "prod")).toThrow(`p.json ${message}`);
});
