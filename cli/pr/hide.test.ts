import fc from "fast-check";
import { expect, test } from "vitest";
import { registerSecret } from "../../domain/error.ts";
import { hide, hideText, longestText } from "./hide.ts";

test("an address is masked wherever it stands, also one that is none quite", () => {
  expect(hideText('"ada@acme" is neither; ask ada.lovelace+x@acme.example, please')).toBe(
    '"a…@acme" is neither; ask a…@acme.example, please',
  );
  expect(hideText("<ada@acme.example>;bob@b.example")).toBe("<a…@acme.example>;b…@b.example");
});

test("what is masked already, a domain and an image's digest stay as they are", () => {
  for (const text of ["a…@acme.example", "everybody @birch.example", "docker.io/x/y@sha256:0123"])
    expect(hideText(text)).toBe(text);
});

test("secrets, sealed texts, passwords in addresses and control characters go", () => {
  registerSecret("a-planted-secret");
  const text = hideText(
    `x a-planted-secret Bearer abcdefghijk AGE-SECRET-KEY-1ABC sk_test_abcdefgh age:${"QUJD".repeat(20)} postgres://u:hunter2@h \u202e\u0007\nz`,
  );
  expect(text).not.toMatch(/planted|abcdefgh|1ABC|QUJD|hunter2|\p{C}/u);
});

test("every text of any object is treated, its keys and numbers are not", () => {
  expect(hide({ a: [{ b: "ada@acme.example", n: 3, none: null }] })).toEqual({ a: [{ b: "a…@acme.example", n: 3, none: null }] });
});

test("no text leaves with a whole address or longer than a field may be", () => {
  const address = fc.tuple(fc.stringMatching(/^[a-z0-9.+-]{2,20}$/), fc.stringMatching(/^[a-z0-9]{2,10}$/));
  fc.assert(
    fc.property(fc.string(), address, fc.string(), (before, [local, host], after) => {
      const said = hideText(`${before} ${local}@${host}.example ${after}`);
      expect(said).not.toContain(`${local}@${host}.example`);
      expect([...said].length).toBeLessThanOrEqual(longestText + 1);
    }),
  );
});
