import { expect, test } from "vitest";
import { railwayImageByDigest } from "./railway-image-by-digest.ts";
import { unknown, type Value } from "./rule.ts";
import { resource, strict } from "./testing.ts";

const check = (image: Value) => railwayImageByDigest.check(resource("railway:index:ServiceInstance", { image }), strict);

test("an image with a digest passes, with or without a tag before it", async () => {
  expect(await check(`docker.io/cloudflare/cloudflared@sha256:${"0".repeat(64)}`)).toEqual([]);
  expect(await check(`registry.example/ai-diy:1.2@sha256:${"a".repeat(64)}`)).toEqual([]);
});

test.each(["registry.example/ai-diy:latest", `registry.example/ai-diy@sha256:${"a".repeat(63)}`, "", unknown, null])(
  "%o is refused, with the settings to look at",
  async (image) => expect(await check(image)).toEqual([expect.stringContaining("fleet:releases")]),
);
