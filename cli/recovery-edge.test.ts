/** What `fleet up` does about what Cloudflare has: before the run, after it, and when it cannot be seen. */
import { expect, test } from "vitest";
import {
  answer,
  asked,
  beginAnew,
  exported,
  FakeEdge,
  healed,
  heldAs,
  object,
  ran,
  readScene,
  refuse,
  said,
  tunnelType,
  wants,
} from "./recovery-scene.ts";

beginAnew();

test("of what the program still wants to make, exactly what Cloudflare has is taken into the state, before the run", async () => {
  const wanted = [
    { type: "fleet:index:Tenant", name: "a", component: true },
    { type: tunnelType, name: "atunnel", logicalName: "a-tunnel", parent: "a" },
    { type: tunnelType, name: "b-tunnel" },
    { type: "railway:index:Service", name: "a-service" },
  ];
  await wants(wanted, { nameTable: { a: "x" } });
  const edge = new FakeEdge([{ imports: new Map([[`${tunnelType} a-tunnel`, "acc/t1"]]) }]);
  await healed([""], { edge });
  expect(await asked()).toEqual(["stack", "preview", "import", "run"]);
  expect(JSON.parse(await readScene("imported"))).toEqual({
    nameTable: { a: "x" },
    resources: [wanted[0], { ...wanted[1], id: "acc/t1" }],
  });
  expect(await readScene("asked")).toContain("--protect=false");
});

test("what the engine would not make is not taken, whatever Cloudflare has", async () => {
  await wants([{ type: tunnelType, name: "b-tunnel" }]);
  await healed([""], { edge: new FakeEdge([{ imports: new Map([[`${tunnelType} a-tunnel`, "acc/t1"]]) }]) });
  expect(await asked()).toEqual(["stack", "preview", "run"]);
});

test("what is gone at Cloudflare is read again alone; a deleted tunnel, which still answers reads, is forgotten", async () => {
  const gone = [
    ...[heldAs("a-policy", "policy", true), heldAs("a-tunnel", "tunnel", false)],
    heldAs("b-tunnel", "tunnel", false, { needed: true }),
  ];
  await healed([""], { edge: new FakeEdge([{ gone }, {}]) });
  expect(await asked()).toEqual(["stack", "refresh", "state", "stack", "run"]);
  const words = await readScene("asked");
  expect(words).toContain("refresh --yes --skip-preview --target urn:pulumi:prod::fleet::t::a-policy --stack prod");
  expect(words).toContain("state delete urn:pulumi:prod::fleet::t::a-tunnel --yes");
  expect(words).not.toContain("b-tunnel");
});

test("a wanted tunnel that a person deleted is forgotten with all that hangs on it, so that the run makes it anew; not right after it was made", async () => {
  const gone = { gone: [heldAs("a-tunnel", "tunnel", true, { needed: true })] };
  await healed([""], { edge: new FakeEdge([gone, {}]) });
  expect(await asked()).toEqual(["stack", "state", "stack", "run"]);
  expect(await readScene("asked")).toContain("state delete urn:pulumi:prod::fleet::t::a-tunnel --target-dependents --yes");
  expect(said).toEqual(["a-tunnel is deleted at Cloudflare: making it anew"]);
  await healed([ran("", { madeAtEdge: true })], { edge: new FakeEdge([{}, gone]) });
  expect((await readScene("asked")).match(/^state/gm)).toHaveLength(1);
});

test("after a run that made nothing at Cloudflare, nobody looks again", async () => {
  const edge = new FakeEdge();
  await healed([ran("", { madeAtEdge: false })], { edge });
  expect(edge.log).toEqual(["look"]);
});

test("after one that made something Cloudflare is looked at, and the state only read where a list shows a second one", async () => {
  const plain = new FakeEdge();
  await healed([ran("", { madeAtEdge: true })], { edge: plain });
  expect(plain.log).toEqual(["look", "look"]);
  expect(await asked()).toEqual(["stack", "run"]);
  const twice = new FakeEdge([{}, {}]);
  await healed([ran("", { madeAtEdge: true })], { edge: twice });
  expect(twice.log).toEqual(["look", "look", "tidy"]);
});

test("a twin that was seen before the run goes after it, when the state surely holds the other one", async () => {
  const edge = new FakeEdge([{ twins: [object] }, { twins: [object] }]);
  await healed([""], { edge });
  expect(edge.log).toEqual(["look", "look", "tidy"]);
  expect(await asked()).toEqual(["stack", "run", "stack"]);
});

test("a run that failed at what it had made itself takes it in and is made once more, both told as one", async () => {
  await wants([{ type: tunnelType, name: "a-tunnel" }]);
  const edge = new FakeEdge([{}, { imports: new Map([[`${tunnelType} a-tunnel`, "acc/t1"]]) }, {}]);
  expect((await healed(["You already have a tunnel with this name.", ""], { edge })).stderr).toBe(
    "You already have a tunnel with this name., then ",
  );
  expect(await asked()).toEqual(["stack", "run", "stack", "preview", "import", "run", "stack"]);
  expect(edge.log).toEqual(["look", "look", "look", "tidy"]);
});

test("nothing is begun after somebody asked to stop", async () => {
  const edge = new FakeEdge([{ twins: [object] }]);
  await healed([ran("interrupted", { stopped: true })], { edge });
  expect(edge.log).toEqual(["look"]);
  expect(await asked()).toEqual(["stack", "run"]);
});

test("a Cloudflare that does not answer does not hold up a run, and is remembered", async () => {
  const edge = new FakeEdge([{}], false);
  expect(await healed([""], { edge })).toEqual(ran());
  expect(edge.failures).toHaveLength(1);
  expect(said).toEqual(["no answer"]);
});

test("what cannot be mended before a run is said and remembered, and the run is made for all the others", async () => {
  await refuse("refresh", 1, "error: GET policies: 503");
  const edge = new FakeEdge([{ gone: [heldAs("a-policy", "policy", true)] }]);
  expect((await healed([""], { edge })).code).toBe(0);
  expect(await asked()).toEqual(["stack", "refresh", "run"]);
  expect(edge.failures).toEqual([expect.stringContaining("GET policies: 503")]);
});

test("a lock that is met while mending ends the command: another run works on what would be mended", async () => {
  await refuse(
    "refresh",
    1,
    "error: the stack is currently locked by 1 lock(s). created by runner@elsewhere (pid 1) at 2026-11-24T11:59:00Z",
  );
  const edge = new FakeEdge([{ gone: [heldAs("a-policy", "policy", true)] }]);
  await expect(healed([""], { edge })).rejects.toThrow("fleet up prod --recover");
  expect(await asked()).toEqual(["stack", "refresh"]);
});

test("after a killed run it does: without a look its creates would be made again", async () => {
  await answer("stack", { out: exported("creating") });
  await expect(healed([""], { edge: new FakeEdge([{}], false) })).rejects.toThrow("before Cloudflare answers");
  await expect(healed([""], { edge: null })).rejects.toThrow("CLOUDFLARE_API_TOKEN is not set");
  expect(await asked()).not.toContain("run");
});

test("without a token for Cloudflare a run is only a run", async () => {
  await healed(["error: update failed"], { edge: null });
  expect(await asked()).toEqual(["stack", "run"]);
});

test("what cannot be cleared up after a run is said, and the run's outcome stays", async () => {
  await refuse("stack", 2, "error: the bucket does not answer");
  const edge = new FakeEdge([{}, { twins: [object] }]);
  expect((await healed([ran("", { madeAtEdge: true })], { edge })).code).toBe(0);
  expect(edge.failures).toHaveLength(1);
  expect(said.join()).toContain("the bucket does not answer");
});

test("a destroy forgets first what is gone, and once more what its own lost answers deleted; then it is run again", async () => {
  const gone = (urn: string) => ({ gone: [heldAs(urn, "policy", false)] });
  const edge = new FakeEdge([gone("a-policy"), {}, gone("b-policy"), {}]);
  await healed(["404 not_found", ""], { edge, deleting: true });
  expect(await asked()).toEqual(["refresh", "stack", "run", "stack", "refresh", "stack", "run", "stack"]);
  const words = await readScene("asked");
  expect(words).toMatch(/--target \S+a-policy .*\n(?:.*\n)*.*--target \S+b-policy /);
});

test("a destroy that loses an answer in its second run too is run a third time, and not for ever", async () => {
  const gone = (urn: string) => ({ gone: [heldAs(urn, "policy", false)] });
  const edge = new FakeEdge([{}, gone("a-policy"), {}, gone("b-provider"), {}]);
  expect((await healed(["404 not_found", "404 not_found", ""], { edge, deleting: true })).code).toBe(0);
  expect((await asked()).filter((step) => step === "run")).toHaveLength(3);
  const endless = new FakeEdge([{}, gone("a-policy")]);
  expect((await healed(["404 not_found"], { edge: endless, deleting: true })).code).not.toBe(0);
  expect((await asked()).filter((step) => step === "run")).toHaveLength(3 + 4);
});

test("a destroy after a killed run says what it cannot know, and goes on", async () => {
  expect((await healed([""], { deleting: true, state: exported("creating") })).code).toBe(0);
  expect(said).toEqual([expect.stringContaining("fleet up prod, before this, takes it in")]);
});

test("a destroy of what is all there is only run", async () => {
  await healed([""], { deleting: true });
  await healed([""], { deleting: true, edge: null });
  expect(await asked()).toEqual(["run", "run"]);
});
