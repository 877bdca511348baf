import { expect, test } from "vitest";
import { formerSlugs, stateOf } from "./budget.ts";

const urn = (type: string, name: string) => `urn:pulumi:prod::fleet::${type}::${name}`;

test("of an exported state are read names, protection, inputs, what is to be replaced, and the last outputs' tenants", () => {
  const [stack, volume] = ["pulumi:pulumi:Stack", "railway:index:Volume"];
  const resources = [
    { urn: urn(stack, "fleet-prod"), type: stack, outputs: { fleet: { tenants: { tn_1: { slug: "acme", state: "active" } } } } },
    { urn: urn(volume, "tn_1-volume"), type: volume, protect: true, inputs: { sizeGB: 5 } },
    { urn: urn(volume, "tn_2-volume"), type: volume, delete: true },
    { urn: urn(volume, "tn_3-volume"), type: volume, taint: true },
  ];
  expect(stateOf(JSON.stringify({ version: 3, deployment: { resources } }))).toEqual({
    resources: [
      { type: stack, name: "fleet-prod", protect: false, inputs: {} },
      { type: volume, name: "tn_1-volume", protect: true, inputs: { sizeGB: 5 } },
      {
        ...{ type: volume, name: "tn_2-volume", protect: false, inputs: {} },
        replacing: { half: true, urn: urn(volume, "tn_2-volume") },
      },
      {
        ...{ type: volume, name: "tn_3-volume", protect: false, inputs: {} },
        replacing: { half: false, urn: urn(volume, "tn_3-volume") },
      },
    ],
    former: new Map([["tn_1", { slug: "acme", state: "active" }]]),
  });
});

test("tenants are called by their slugs where the last outputs know them", () => {
  expect([
    ...formerSlugs({
      former: new Map([
        ["tn_1", { slug: "acme" }],
        ["tn_2", {}],
      ]),
    }),
  ]).toEqual([["tn_1", "acme"]]);
});

test("a new stack has nothing", () => {
  expect(stateOf('{"version":3,"deployment":{"manifest":{}}}')).toEqual({ resources: [], former: new Map() });
});
