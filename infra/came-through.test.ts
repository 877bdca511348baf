import * as pulumi from "@pulumi/pulumi";
import { expect, test } from "vitest";
import { cameThrough } from "./came-through.ts";

const value = <Value>(output: pulumi.Output<Value>) => new Promise<Value>((resolve) => output.apply((known) => resolve(known)));
const failed = () => pulumi.output(Promise.reject<string>(new Error("resource failed to register")));

test("a tenant that failed keeps what the last run said, a new one that failed is left out, and the others are there", async () => {
  const made = [
    ["tn_a", pulumi.output("made")],
    ["tn_b", failed()],
    ["tn_c", failed()],
  ] as const;
  expect(await value(cameThrough(made, (uid) => (uid === "tn_b" ? "former" : undefined)))).toEqual({
    tn_a: "made",
    tn_b: "former",
  });
});

test("what was secret stays secret", async () => {
  expect(await pulumi.isSecret(cameThrough([["tn_a", pulumi.secret("word")]]))).toBe(true);
});
