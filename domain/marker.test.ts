import { expect, test } from "vitest";
import { makeTenantUid, tenantSlugPattern, tenantUidPattern } from "./ids.ts";
import { findMarker, marker } from "./marker.ts";

const uid = "tn_7k2m9x4q1c";

test("a marker is found in a longer text as it was written, and no other word is taken for one", () => {
  expect(findMarker(`Acme Robotics (${marker("prod", uid as never)}), made by hand`)).toEqual({ stack: "prod", uid });
  expect(findMarker(marker("prod-eu", "account"))).toEqual({ stack: "prod-eu", uid: "account" });
  for (const text of [
    "",
    "fleet",
    `notfleet:prod:${uid}`,
    `my:fleet:prod:${uid}`,
    `fleet:prod:${uid}x`,
    "fleet:prod:tn_short",
    `fleet::${uid}`,
  ])
    expect(findMarker(text)).toBeUndefined();
});

test("a new uid has the documented form, whatever the random bytes are", () => {
  let next = 0;
  const made = makeTenantUid((count) => Uint8Array.from({ length: count }, () => (next = (next + 97) % 256)));
  expect(made).toMatch(tenantUidPattern);
  // Bytes above 251 would make some letters likelier: they are skipped, so these give nothing until others come.
  const bytes = [255, 254, 253, 252, ...Array.from({ length: 12 }, (_, index) => index)];
  expect(makeTenantUid(() => Uint8Array.from(bytes))).toBe("tn_abcdefghij");
});

test("a slug is a hostname label that begins with a letter", () => {
  for (const good of ["ab", "acme", "a1-b2", "a".repeat(40)]) expect(tenantSlugPattern.test(good)).toBe(true);
  for (const bad of ["a", "1acme", "-acme", "acme-", "Acme", "ac_me", "a".repeat(41), "ácme"])
    expect(tenantSlugPattern.test(bad)).toBe(false);
});
