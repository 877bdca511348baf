import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { expect, onTestFinished, test } from "vitest";
import { findSecrets, formsOf, textsBelow } from "./forms.ts";

const secrets = [
  { name: "tunnel secret", value: 'hv"Jyt4AB/zlsJGC+CPONda&O+x2sM==' },
  { name: "address", value: "ada.planted+1@acme.example" },
];

test.each(secrets.flatMap(({ name, value }) => [...formsOf(value)].map(([form, text]) => ({ name, form, text }))))(
  "a planted $name is found in the form: $form",
  ({ name, form, text }) => {
    expect(findSecrets([["log", `{"message":"x${text}y"}`]], secrets)).toContainEqual(`log: ${name} (${form})`);
  },
);

test("it is found wherever it stands in a longer text that is base64", () => {
  for (const before of ["", "a", "ab", "abc"])
    for (const encoding of ["base64", "base64url"] as const)
      for (const { name, value } of secrets) {
        const text = Buffer.from(`${before}${value}after`).toString(encoding);
        expect(findSecrets([["token", text]], secrets).join()).toContain(name);
      }
});

test("the message names the place and never the secret; what is clean finds nothing", () => {
  expect(findSecrets([["log", "a…@acme.example, [secret]"]], secrets)).toEqual([]);
  const said = findSecrets([["log", secrets.map(({ value }) => value).join()]], secrets);
  expect(said.length).toBeGreaterThanOrEqual(2);
  for (const { value } of secrets) expect(said.join()).not.toContain(value);
});

test("a secret in a packed file of a folder below is found, and a place that is left out is not read", () => {
  const folder = mkdtempSync(join(tmpdir(), "fleet-forms-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const [{ value }] = secrets as [(typeof secrets)[number]];
  writeFileSync(join(folder, "run.log"), gzipSync(`token ${value}`));
  writeFileSync(join(folder, "state.json"), value);
  expect(findSecrets(textsBelow(folder), secrets).map((line) => line.split(":")[0])).toEqual(
    expect.arrayContaining(["run.log (unpacked)", "state.json"]),
  );
  expect(
    findSecrets(
      textsBelow(folder, (place) => place === "state.json"),
      secrets,
    ),
  ).toEqual(["run.log (unpacked): tunnel secret (plain)"]);
});
