import { afterAll, expect, test } from "vitest";
import { suite } from "./edits.ts";
import { firstFiles, Lives, Watch } from "./edits-lives.ts";
import type { Holding } from "./edits-stack.ts";

const seed = 20_261_124;
const lives = new Lives(seed);
afterAll(() => lives.end());

/** Another seed than `fleet test` has, and none that is new every day. */
test(suite.about, async () => {
  for (let index = 0; index < 25; index++) await lives.live(seed, index);
});

const volume = { volumeId: "v", serviceId: "a", sizeMB: 5000, isPendingDeletion: false, files: { "a.md": "a" } };
const whole: Holding = { volumes: [volume], services: ["app", "tunnel"], running: ["app", "tunnel"], mounted: true };
const acme = new Map([...firstFiles].slice(0, 1));
const entry = acme.get("acme");

test.each<[string, Partial<Holding>, RegExp]>([
  ["is gone", { volumes: [] }, /another volume, or none/],
  ["is another one", { volumes: [{ ...volume, volumeId: "w" }] }, /another volume, or none/],
  ["holds something else", { volumes: [{ ...volume, files: {} }] }, /what lies on the volume changed/],
  ["is smaller", { volumes: [{ ...volume, sizeMB: 4000 }] }, /smaller/],
  ["lies on no service", { mounted: false }, /active/],
])("the judge of the lives sees a volume that %s", (_, change, words) => {
  const watch = new Watch();
  watch.seen(acme, () => whole);
  watch.seen(acme, () => whole);
  expect(() => watch.seen(acme, () => ({ ...whole, ...change }))).toThrow(words);
});

test("the judge of the lives sees who left without offboarding, and whose volume stayed after it", () => {
  const watch = new Watch();
  watch.seen(acme, () => whole);
  expect(() => watch.seen(new Map(), () => ({ ...whole, volumes: [] }))).toThrow("was not offboarding");
  const other = new Watch();
  if (entry) other.seen(new Map([["acme", { ...entry, state: "offboarding" }]]), () => ({ ...whole, running: [] }));
  expect(() => other.seen(new Map(), () => whole)).toThrow("its volume is there");
});
