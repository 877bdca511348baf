/** The state, what Cloudflare lists and what the files ask for → what is taken in, read again, deleted or left. */
import fc from "fast-check";
import { expect, test } from "vitest";
import type { CloudflareObject } from "../vendors/cloudflare/objects.ts";
import { compareEdge, type HeldObject, heldOf, type Sides, wantedOf } from "./edge-healing.ts";
import { planFleet } from "./plan.ts";
import { sampleSettings, sampleTenant } from "./sample.ts";

const settings = sampleSettings();
const { accountId, zoneId } = settings;
const place = { stack: "prod", accountId, zoneId };
const plan = planFleet(settings, [sampleTenant(1)]);
const wanted = wantedOf([...plan.account, ...plan.tenants.flatMap(({ resources }) => resources)], "prod");
const uid = "tn_0000000001";
const slug = sampleTenant(1).slug;
const mark = `fleet:prod:${uid}`;
const hostname = `${slug}.${settings.zone}`;

type Change = Partial<CloudflareObject> & { readonly uses?: readonly string[] };
const object = (
  kind: CloudflareObject["kind"],
  id: string,
  name: string,
  { uses = [], ...more }: Change = {},
): CloudflareObject => {
  const facts = { kind, id, name, type: "", comment: "", domain: "", created: "", running: false, appCount: 0, ...more };
  return { ...facts, document: JSON.stringify({ ...facts, uses }) };
};
const policy = (id: string, more?: Change) => object("policy", id, `${slug} members ${mark}`, more);
const app = (id: string, more?: Change) =>
  object("application", id, `${slug} ${mark}`, { type: "self_hosted", domain: hostname, ...more });
const tunnel = (id: string, more?: Change) => object("tunnel", id, `${slug} ${mark}`, more);
const google = (id: string, more?: Change) =>
  object("identityProvider", id, "Google fleet:prod:account", { type: "google", ...more });
const record = (id: string, more?: Change) => object("dnsRecord", id, hostname, { type: "CNAME", comment: mark, ...more });

const held = (kind: HeldObject["kind"], id: string, part = "", more: Partial<HeldObject> = {}): HeldObject => ({
  ...{
    kind,
    id,
    urn: `urn:pulumi:prod::fleet::t::${id}`,
    key: [kind, uid, part].join(" ").trimEnd(),
    dying: false,
    needed: false,
  },
  ...more,
});

function healed(sides: Partial<Sides>) {
  const { imports, gone, drifted, twins, spare, left } = compareEdge({ ...place, found: [], held: [], wanted, ...sides });
  return {
    imports: Object.fromEntries([...imports].map(([name, id]) => [name.split(" ")[1], id])),
    gone: gone.map(({ id }) => id),
    drifted: drifted.map(({ id }) => id),
    twins: twins.map(({ id }) => id),
    spare: spare.map(({ id }) => id),
    left: left.map(({ object: { id }, why }) => [id, why]),
  };
}
const nothing = { imports: {}, gone: [], drifted: [], twins: [], spare: [], left: [] };

test("the program's objects of the kinds that can be twice are all known by what they are for", () => {
  expect(wanted.map(({ logicalName }) => logicalName)).toEqual([
    ...["account-github", "account-google", "account-oneTimePin"],
    ...[`${uid}-policy`, `${uid}-app`, `${uid}-tunnel`, `${uid}-dns`],
  ]);
  expect(new Set(wanted.map(({ key }) => key)).size).toBe(wanted.length);
});

test("a stack whose objects are all there and in the state needs nothing", () => {
  const found = [policy("p1"), app("a1", { uses: ["p1"] }), tunnel("t1", { running: true }), record("d1", { uses: ["t1"] })];
  const all = [
    held("policy", "p1", "members"),
    held("application", "a1"),
    held("tunnel", "t1"),
    held("dnsRecord", "d1", hostname),
  ];
  expect(healed({ found, held: all })).toEqual(nothing);
});

test("what the program wants and the state lacks is taken in by the id that the plugin's import wants", () => {
  const found = [policy("p1"), app("a1"), tunnel("t1"), google("i1"), record("d1")];
  expect(healed({ found })).toEqual({
    ...nothing,
    imports: {
      [`${uid}-policy`]: `${accountId}/p1`,
      [`${uid}-app`]: `accounts/${accountId}/a1`,
      [`${uid}-tunnel`]: `${accountId}/t1`,
      "account-google": `accounts/${accountId}/i1`,
      [`${uid}-dns`]: `${zoneId}/d1`,
    },
  });
});

test("an object under the tenant's former name is its own all the same", () => {
  expect(healed({ found: [object("tunnel", "t1", `before ${mark}`)] }).imports).toEqual({ [`${uid}-tunnel`]: `${accountId}/t1` });
});

test("of two, the one that the state does not hold goes", () => {
  const found = [policy("p1"), policy("p2"), app("a1", { uses: ["p2"] })];
  expect(healed({ found, held: [held("policy", "p2", "members"), held("application", "a1")] })).toEqual({
    ...nothing,
    twins: ["p1"],
  });
});

test("twins go before what they use", () => {
  const found = [
    google("i1"),
    google("i2"),
    policy("p1"),
    policy("p2", { uses: ["i2"] }),
    app("a1"),
    app("a2", { uses: ["p2", "i2"] }),
  ];
  const all = [
    held("identityProvider", "i1", "", { key: "identityProvider account google" }),
    ...[held("policy", "p1", "members"), held("application", "a1")],
  ];
  expect(healed({ found, held: all })).toEqual({ ...nothing, twins: ["a2", "p2", "i2"] });
});

test("with none in the state one is taken in, and until then none goes: the one that is called so, else the one in use, else the oldest", () => {
  const imported = (found: readonly CloudflareObject[]) =>
    Object.values(healed({ found }).imports).map((id) => String(id).split("/").at(-1));
  expect(imported([policy("p1", { created: "2026-11-02" }), policy("p2", { created: "2026-11-01" })])).toEqual(["p2"]);
  const user = object("application", "other", "other", { uses: ["p1"] });
  expect(imported([policy("p1", { created: "2026-11-02" }), policy("p2", { created: "2026-11-01" }), user])).toEqual(["p1"]);
  expect(imported([tunnel("t1"), object("tunnel", "t0", `before ${mark}`, { running: true })])).toEqual(["t0"]);
  expect(imported([object("tunnel", "t0", `before ${mark}`), tunnel("t1")])).toEqual(["t1"]);
  expect(healed({ found: [policy("p1"), policy("p2"), policy("p3")] })).toMatchObject({ twins: [], spare: ["p2", "p3"] });
});

test("a twin that somebody else's application uses stays, and is named", () => {
  const found = [policy("p1"), policy("p2"), object("application", "x1", "a person's own", { uses: ["p2"] })];
  expect(healed({ found, held: [held("policy", "p1", "members")] })).toEqual({
    ...nothing,
    left: [["p2", 'it is used by "a person\'s own" (x1)']],
  });
});

test("a twin that an application of ours was pointed to by hand stays, and that application is read again", () => {
  const found = [policy("p1"), policy("p2"), app("a1", { uses: ["p2"] })];
  expect(healed({ found, held: [held("policy", "p1", "members"), held("application", "a1")] })).toEqual({
    ...nothing,
    drifted: ["a1"],
  });
});

test("a twin that a person's group asks for stays, and is named", () => {
  const found = [google("i1"), google("i2"), object("group", "g1", "our admins", { uses: ["i2"] })];
  const all = [held("identityProvider", "i1", "", { key: "identityProvider account google" })];
  expect(healed({ found, held: all })).toEqual({ ...nothing, left: [["i2", 'it is used by "our admins" (g1)']] });
});

test("a second hostname that a person leads to our tunnel, with our comment, is in use: it is named, and neither taken nor deleted", () => {
  const alias = record("d2", { name: "acme-corp.ai-diy.example", uses: ["t1"] });
  const left = [["d2", expect.stringContaining("neither the stack's state nor its files know it")]];
  const found = [tunnel("t1"), record("d1", { uses: ["t1"] }), alias];
  expect(healed({ found, held: [held("tunnel", "t1"), held("dnsRecord", "d1", hostname)] })).toEqual({ ...nothing, left });
  expect(healed({ found: [tunnel("t1"), alias], held: [held("tunnel", "t1")] })).toEqual({ ...nothing, left });
});

test("an application of our name before another hostname guards that one: it is neither taken nor deleted", () => {
  const other = app("a2", { domain: "wiki.acme.example" });
  expect(healed({ found: [app("a1"), other], held: [held("application", "a1")] })).toEqual(nothing);
  expect(healed({ found: [other] })).toEqual(nothing);
});

test("what a twin that stays uses stays too", () => {
  const found = [
    google("i1"),
    google("i2"),
    policy("p1"),
    policy("p2", { uses: ["i2"] }),
    object("application", "x", "x", { uses: ["p2"] }),
  ];
  const all = [held("identityProvider", "i1", "", { key: "identityProvider account google" }), held("policy", "p1", "members")];
  expect(healed({ found, held: all }).twins).toEqual([]);
});

test("a tunnel that a cloudflared runs never goes", () => {
  const found = [tunnel("t1"), object("tunnel", "t2", `before ${mark}`, { running: true })];
  expect(healed({ found, held: [held("tunnel", "t1")] })).toEqual({ ...nothing, left: [["t2", "a cloudflared still runs it"]] });
});

test.each([
  ["another stack's", object("policy", "x", `${slug} members fleet:test:${uid}`)],
  ["a person's copy", object("policy", "x", `${slug} members ${mark} copy`)],
  ["a person's of a similar name", object("policy", "x", `${slug} members`)],
  ["an unnamed", object("application", "x", "")],
])("%s object is neither taken nor deleted nor mentioned", (_, other) => {
  expect(healed({ found: [other] })).toEqual(nothing);
  expect(healed({ found: [other, policy("p1")], held: [held("policy", "p1", "members")] })).toEqual(nothing);
});

test("what belongs to a tenant without a file is only named: guards decide about tenants", () => {
  const other = object("tunnel", "t9", "gone fleet:prod:tn_9999999999");
  const two = object("tunnel", "t8", "gone-2 fleet:prod:tn_9999999999");
  const { twins, imports, left } = healed({ found: [other, two] });
  expect({ twins, imports, left: left.map(([id]) => id) }).toEqual({ twins: [], imports: {}, left: ["t9", "t8"] });
});

test("of a tenant that leaves, a twin of what the state holds still goes, so that nothing stays behind", () => {
  const found = ["a8", "a9"].map((id) =>
    object("application", id, "gone fleet:prod:tn_9999999999", { domain: "gone.ai-diy.example" }),
  );
  expect(healed({ found, held: [held("application", "a9", "", { key: "application tn_9999999999" })] }).twins).toEqual(["a8"]);
});

test("where the state's own object is gone, it is read again first, and nothing is deleted or taken meanwhile", () => {
  expect(healed({ found: [policy("p2"), policy("p3")], held: [held("policy", "p1", "members")] })).toEqual({
    ...nothing,
    gone: ["p1"],
  });
});

test("what is being replaced counts as held, but not as what stays", () => {
  const dying = held("tunnel", "t1", "", { dying: true });
  expect(healed({ found: [tunnel("t1"), tunnel("t2")], held: [dying] })).toEqual({
    ...nothing,
    imports: { [`${uid}-tunnel`]: `${accountId}/t2` },
  });
  expect(healed({ found: [], held: [dying] })).toEqual(nothing);
});

test("of an exported state only the same account's and zone's objects are compared, by the id without its path", () => {
  const resource = (type: string, id: string, inputs: Record<string, unknown>, more = {}) => ({
    urn: `u::${id}`,
    type,
    id,
    inputs,
    ...more,
  });
  const tunnels = "cloudflare:index/zeroTrustTunnelCloudflared:ZeroTrustTunnelCloudflared";
  const resources = [
    resource(tunnels, "t1", { accountId, name: `${slug} ${mark}` }),
    resource(tunnels, "t2", { accountId: "another", name: `${slug} ${mark}` }),
    resource(tunnels, `${accountId}/t3`, { accountId, name: "no marker" }, { delete: true }),
    resource("cloudflare:index/dnsRecord:DnsRecord", "d1", { zoneId, name: "x", type: "CNAME", comment: mark }),
    resource("cloudflare:index/dnsRecord:DnsRecord", "d2", { zoneId: "another", name: "x", type: "CNAME", comment: mark }),
    resource("railway:index:Project", "r1", { accountId }, { dependencies: ["u::t1"] }),
  ];
  expect(heldOf(JSON.stringify({ deployment: { resources } }), place)).toEqual([
    { kind: "tunnel", urn: "u::t1", id: "t1", key: `tunnel ${uid}`, dying: false, needed: true },
    { kind: "tunnel", urn: `u::${accountId}/t3`, id: "t3", key: undefined, dying: true, needed: false },
    { kind: "dnsRecord", urn: "u::d1", id: "d1", key: `dnsRecord ${uid} x`, dying: false, needed: false },
  ]);
  expect(heldOf(JSON.stringify({ deployment: {} }), place)).toEqual([]);
});

test("whatever there is: nothing that the state holds, that is taken in, that runs, that is in use or not ours is ever deleted", () => {
  const ids = ["x1", "x2", "x3", "x4", "x5", "x6"] as const;
  const owners = [uid, "tn_9999999999"];
  const anyFound = fc.record({
    kind: fc.constantFrom("policy" as const, "application" as const, "tunnel" as const, "dnsRecord" as const),
    owner: fc.constantFrom(...owners),
    stack: fc.constantFrom("prod", "prod", "test"),
    own: fc.boolean(),
    running: fc.boolean(),
    uses: fc.subarray([...ids], { maxLength: 1 }),
  });
  fc.assert(
    fc.property(fc.array(anyFound, { maxLength: ids.length }), fc.subarray([...ids]), (drawn, heldIds) => {
      const found = drawn.map(({ kind, owner, stack, own, running, uses }, index) => {
        const id = ids[index] ?? "";
        const text = `fleet:${stack}:${owner}`;
        const name = kind === "policy" ? `${slug} members ${text}` : `${slug} ${text}`;
        const given = { running: running && kind === "tunnel", uses: uses.filter((other) => other !== id) };
        if (!own) return object(kind, id, "somebody's", given);
        return kind === "dnsRecord"
          ? object(kind, id, hostname, { ...given, type: "CNAME", comment: text })
          : object(kind, id, name, { ...given, ...(kind === "application" && { domain: hostname }) });
      });
      const states = heldIds.flatMap((id) => {
        const index = ids.indexOf(id);
        const one = drawn[index];
        const part = one?.kind === "policy" ? " members" : one?.kind === "dnsRecord" ? ` ${hostname}` : "";
        return one ? [held(one.kind, id, "", { key: `${one.kind} ${one.owner}${part}` })] : [];
      });
      const { twins, imports } = compareEdge({ ...place, found, held: states, wanted });
      const imported = [...imports.values()].map((id) => id.split("/").at(-1) ?? "");
      const stay = found.filter((one) => !twins.includes(one));
      for (const twin of twins) {
        expect(heldIds.filter((id) => id === twin.id && states.some((one) => one.id === id))).toEqual([]);
        expect(imported).not.toContain(twin.id);
        expect(twin.running).toBe(false);
        expect(stay.some(({ document }) => document.includes(`"${twin.id}"`))).toBe(false);
        expect(`${twin.name} ${twin.comment}`).toContain("fleet:prod:");
        // Another one for the same stays, under whatever name.
        const same = stay.filter(({ kind, id }) => kind === twin.kind && heldIds.some((one) => one === id));
        expect(same.length).toBeGreaterThan(0);
      }
      for (const id of imported) expect(heldIds.filter((one) => one === id && states.some((s) => s.id === one))).toEqual([]);
    }),
    { numRuns: 2000 },
  );
});
