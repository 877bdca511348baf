import { expect, test } from "vitest";
import type { EngineEvent } from "../engine/events.ts";
import { Changes, describeDone, shared } from "./changes.ts";

const event = (
  state: "started" | "done" | "failed",
  name: string,
  op = "create",
  type = "railway:index:Project",
): EngineEvent => ({
  ...{ kind: "resource", state, op, type, planning: false },
  urn: `urn:pulumi:sandbox::fleet::${type}::${name}`,
});

function after(...events: EngineEvent[]): Changes {
  const changes = new Changes();
  for (const one of events) changes.take(one);
  return changes;
}

test("each change counts for the tenant whose uid its name carries, what carries none for the account", () => {
  const changes = after(
    event("done", "tn_7k2m9x4q1c-project"),
    event("done", "tn_b4x8w2n6ty-project"),
    event("done", "account-google"),
  );
  expect([...changes.tenants.keys()]).toEqual(["tn_7k2m9x4q1c", "tn_b4x8w2n6ty", shared]);
  expect(changes.count).toBe(3);
});

test("what is reported twice counts once, and what changes nothing at a vendor counts as no change", () => {
  const twice = event("done", "tn_7k2m9x4q1c-project");
  const changes = after(
    twice,
    twice,
    ...["same", "read", "refresh", "import"].map((op) => event("done", `tn_7k2m9x4q1c-${op}`, op)),
  );
  expect(changes.count).toBe(1);
});

test("components and the stack itself are no vendor's objects", () => {
  const changes = after(
    event("done", "tn_7k2m9x4q1c", "create", "fleet:index:Tenant"),
    event("done", "s", "create", "pulumi:pulumi:Stack"),
  );
  expect(changes.tenants.size).toBe(0);
});

test("a resource is under way from its start to its end, an unchanged one never", () => {
  const changes = after(event("started", "tn_7k2m9x4q1c-project"), event("started", "tn_7k2m9x4q1c-volume", "same"));
  expect(changes.tenants.get("tn_7k2m9x4q1c")?.underWay.size).toBe(1);
  changes.take(event("done", "tn_7k2m9x4q1c-project"));
  expect(changes.tenants.get("tn_7k2m9x4q1c")?.underWay.size).toBe(0);
});

test("a failure is named, is no change, and the same error is said once", () => {
  const error: EngineEvent = { kind: "diagnostic", severity: "error", message: "no", urn: undefined };
  const changes = after(event("started", "tn_7k2m9x4q1c-project"), event("failed", "tn_7k2m9x4q1c-project"), error, error);
  expect(changes.count).toBe(0);
  expect(changes.errors).toEqual(["no"]);
  expect(changes.tenants.get("tn_7k2m9x4q1c")).toMatchObject({ failed: ["tn_7k2m9x4q1c-project"] });
});

test("a tenant's changes are told in words, an operation without one by its own name", () => {
  const done = new Map([
    ["create", 12],
    ["same", 4],
    ["create-replacement", 1],
  ]);
  expect(describeDone({ done, underWay: new Set(), failed: ["a"] })).toBe(
    "12 created, 4 unchanged, 1 create-replacement, 1 failed",
  );
  expect(describeDone({ done: new Map(), underWay: new Set(), failed: [] })).toBe("nothing");
});

test("whatever step of replacing a volume or project comes first is told, and of nothing else", () => {
  for (const op of ["create-replacement", "replace", "delete-replaced"]) {
    const volume = event("started", "tn_7k2m9x4q1c-volume", op, "railway:index:Volume");
    const other = event("started", "tn_7k2m9x4q1c-app-service", op, "railway:index:Service");
    expect([...after(volume, other).replaced]).toEqual([["tn_7k2m9x4q1c-volume", "tn_7k2m9x4q1c"]]);
  }
  expect(after(event("started", "tn_7k2m9x4q1c-project", "update")).replaced.size).toBe(0);
});

test("two runs told as one count what each of them changed, and of failures only what the second one could not do either", () => {
  const uid = "tn_7k2m9x4q1c";
  const tunnel = "cloudflare:index/zeroTrustTunnelCloudflared:ZeroTrustTunnelCloudflared";
  const first = after(
    event("done", `${uid}-project`),
    event("failed", `${uid}-tunnel`, "create", tunnel),
    event("done", "account-a"),
  );
  const second = after(
    event("done", `${uid}-project`, "same"),
    event("done", `${uid}-dns`, "create", "cloudflare:index/dnsRecord:DnsRecord"),
  );
  second.after(first);
  expect(describeDone(second.tenants.get(uid) ?? expect.unreachable())).toBe("1 unchanged, 2 created");
  expect(second.count).toBe(3);
  expect([...second.made]).toEqual(["cloudflare:index/dnsRecord:DnsRecord", "railway:index:Project"]);
  expect(first.made).not.toContain(tunnel);
});
