import { expect, test } from "vitest";
import { states, type TenantState } from "../tenants/schema.ts";
import { planFleet } from "./plan.ts";
import type { PlannedResource } from "./planned.ts";
import { sampleSettings, sampleTenant } from "./sample.ts";

const settings = sampleSettings();
const access = { ...sampleTenant(1).access, publicPaths: ["/yourapp"] };
function planOf(state: TenantState) {
  const [tenant] = planFleet(settings, [sampleTenant(1, { state, access })]).tenants;
  if (!tenant) throw new Error("no tenant in the plan");
  return {
    ...tenant,
    of: (key: string): PlannedResource["arguments"] | undefined => tenant.resources.find((one) => one.key === key)?.arguments,
  };
}
const off = states.filter((state) => state !== "active");

test.each(off)("%s: nobody is let in, on a public path neither, the page says why, and open sessions end", (state) => {
  const { of, admitted, facts } = planOf(state);
  const nobody = { decision: "deny", includes: [{ everyone: {} }], sessionDuration: "8h" };
  expect(of("policy")).toMatchObject(nobody);
  expect(of("publicPolicy")).toMatchObject(nobody);
  for (const key of ["app", "public/yourapp"])
    expect(of(key)).toMatchObject({ customDenyMessage: expect.stringMatching(/^tenant-1\.ai-diy\.example is .* data/) });
  expect(of("sessions")).toMatchObject({ admitted: [] });
  expect(admitted).toEqual([]);
  expect(facts.state).toBe(state);
  expect(JSON.stringify(planOf(state).resources)).not.toContain("ada@");
});

test.each(off)("%s: nothing runs and the model key is refused, so nothing can be metered", (state) => {
  const { of, resources } = planOf(state);
  expect(of("modelKey")).toMatchObject({ disabled: true });
  const running = resources.filter((one) => one.kind === "railway:ServiceInstance").map((one) => one.arguments.running);
  expect(running).toEqual(state === "retained" ? [] : [false, false]);
});

test.each(off)("%s: the hostname, the tunnel and the data stay", (state) => {
  const { of } = planOf(state);
  for (const key of ["dns", "tunnel", "tunnelConfiguration"]) expect(of(key)).toEqual(planOf("active").of(key));
  for (const key of ["project", "volume"]) expect(of(key)).toBeDefined();
});

test("suspended differs from active by what is switched off alone, so coming back gives the same", () => {
  const suspended = new Map(planOf("suspended").resources.map((one) => [one.key, JSON.stringify(one)]));
  const differing = planOf("active").resources.filter((one) => suspended.get(one.key) !== JSON.stringify(one));
  expect(differing.map(({ key }) => key).sort()).toEqual(
    ["app", "appInstance", "modelKey", "policy", "public/yourapp", "publicPolicy", "sessions", "tunnelInstance"].sort(),
  );
});

test("retained has no service left, and its volume lies on none", () => {
  const { resources, of } = planOf("retained");
  expect(resources.filter(({ kind }) => /Service|Variable/.test(kind))).toEqual([]);
  expect(of("volume")).not.toHaveProperty("serviceId");
  expect(of("volume")).toMatchObject({ mountPath: "/app/development/src/static/appdocs" });
});

test("only offboarding lifts protection, from everything, and locks a backup that goes with the volume", () => {
  for (const state of states) {
    const { resources, of } = planOf(state);
    const kept = resources.filter(({ keep }) => keep).map(({ key }) => key);
    expect(kept).toEqual(state === "offboarding" ? [] : ["project", "volume"]);
    for (const key of ["project", "volume"])
      expect(of(key)).toEqual(
        state === "offboarding"
          ? expect.objectContaining({ allowDelete: true })
          : expect.not.objectContaining({ allowDelete: true }),
      );
    const backup = resources.find(({ kind }) => kind === "railway:VolumeBackup");
    expect(backup?.deletedWith).toBe(state === "offboarding" ? "volume" : undefined);
  }
});
