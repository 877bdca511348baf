import { expect, test } from "vitest";
import { bench } from "./testbench.ts";

async function ready() {
  const world = bench();
  const app = await world.service(await world.project());
  const place = `environmentId: "${app.environmentId}", serviceId: "${app.serviceId}"`;
  const domains = () =>
    world.ask<{
      serviceDomains: { id: string; domain: string; syncStatus: string }[];
      customDomains: { id: string; domain: string }[];
    }>(
      `query { domains(projectId: "${app.projectId}", ${place}) { serviceDomains { id domain syncStatus } customDomains { id domain } } }`,
    );
  const proxies = () =>
    world.ask<{ id: string; applicationPort: number; syncStatus: string }[]>(
      `query { tcpProxies(${place}) { id applicationPort syncStatus } }`,
    );
  const custom = (domain: string) =>
    world.ask<{ id: string }>(
      `mutation { customDomainCreate(input: { projectId: "${app.projectId}", ${place}, domain: "${domain}" }) { id } }`,
    );
  return { world, app, place, domains, proxies, custom };
}

test("a service domain is made, becomes active, and is deleted", async () => {
  const { world, place, domains } = await ready();
  const { id } = await world.ask<{ id: string }>(`mutation { serviceDomainCreate(input: { ${place} }) { id } }`);
  expect((await domains()).serviceDomains).toMatchObject([
    { domain: expect.stringMatching(/^app-production-....\.up\.railway\.app$/), syncStatus: "CREATING" },
  ]);
  world.advance(5_000);
  expect((await domains()).serviceDomains).toMatchObject([{ syncStatus: "ACTIVE" }]);
  expect(await world.ask(`mutation { serviceDomainDelete(id: "${id}") }`)).toBe(true);
  expect((await domains()).serviceDomains).toEqual([]);
});

test("a custom domain's records come in changing order with every purpose, and its statuses advance", async () => {
  const { world, app, custom } = await ready();
  const { id } = await custom("shop.acme.com");
  type Status = {
    verified: boolean;
    certificateStatus: string;
    dnsRecords: { purpose: string; status: string; requiredValue: string }[];
  };
  const read = async () =>
    (
      await world.ask<{ status: Status }>(
        `query { customDomain(id: "${id}", projectId: "${app.projectId}") { status { verified certificateStatus dnsRecords { purpose status requiredValue } } } }`,
      )
    ).status;
  const orders = new Set<string>();
  for (let count = 0; count < 12; count += 1) orders.add((await read()).dnsRecords.map((record) => record.purpose).join());
  expect(orders.size).toBeGreaterThan(1);
  expect((await read()).dnsRecords.map((record) => record.purpose).sort()).toEqual([
    "DNS_RECORD_PURPOSE_ACME_DNS01_CHALLENGE",
    "DNS_RECORD_PURPOSE_TRAFFIC_ROUTE",
    "DNS_RECORD_PURPOSE_UNSPECIFIED",
  ]);
  const walk = [await read()];
  for (const seconds of [31, 60]) {
    world.advance(seconds * 1_000);
    walk.push(await read());
  }
  expect(
    walk.map(({ verified, certificateStatus }) => [verified, certificateStatus.replace("CERTIFICATE_STATUS_TYPE_", "")]),
  ).toEqual([
    [false, "VALIDATING_OWNERSHIP"],
    [true, "ISSUING"],
    [true, "VALID"],
  ]);
});

test("custom domains are counted by plan and unique", async () => {
  const { custom } = await ready();
  for (let number = 0; number < 20; number += 1) await custom(`d${number}.acme.com`);
  await expect(custom("more.acme.com")).rejects.toThrow("At most 20 custom domains");
  const other = await ready();
  await other.custom("a.acme.com");
  await expect(other.custom("a.acme.com")).rejects.toThrow("already in use");
  await expect(other.custom("nonsense")).rejects.toThrow("not a valid domain");
});

test("deletes at the same time are held off", async () => {
  const { world, custom } = await ready();
  const [a, b] = [await custom("a.acme.com"), await custom("b.acme.com")];
  await world.ask(`mutation { customDomainDelete(id: "${a.id}") }`);
  await expect(world.ask(`mutation { customDomainDelete(id: "${b.id}") }`)).rejects.toThrow("operation is already in progress");
  world.advance(1_000);
  expect(await world.ask(`mutation { customDomainDelete(id: "${b.id}") }`)).toBe(true);
});

test("the deprecated tcpProxyCreate works only after the next deployment, a proxy by patch at once", async () => {
  const { world, app, place, proxies } = await ready();
  await world.ask(`mutation { tcpProxyCreate(input: { ${place}, applicationPort: 22 }) { id } }`);
  world.minutes(5);
  expect(await proxies()).toMatchObject([{ applicationPort: 22, syncStatus: "CREATING" }]);
  await world.update(app, { source: { image: "x" } });
  await world.deploy(app);
  world.advance(41_000);
  expect(await proxies()).toMatchObject([{ syncStatus: "ACTIVE" }]);
  const patch = { services: { [app.serviceId]: { networking: { tcpProxies: { "5432": {}, "22": null } } } } };
  await world.ask("mutation ($e: String!, $p: EnvironmentConfig) { environmentPatchCommit(environmentId: $e, patch: $p) }", {
    e: app.environmentId,
    p: patch,
  });
  world.advance(4_000);
  expect(await proxies()).toMatchObject([{ applicationPort: 5432, syncStatus: "ACTIVE" }]);
});

test("a person can add domains and proxies behind our back", async () => {
  const { world, app, domains, proxies } = await ready();
  const { serviceId, environmentId } = app;
  world.railway.configure?.({ domainByPerson: { serviceId, environmentId } });
  world.railway.configure?.({ domainByPerson: { serviceId, environmentId, kind: "custom", domain: "mine.acme.com" } });
  world.railway.configure?.({ domainByPerson: { serviceId, environmentId, kind: "tcp" } });
  expect(await domains()).toMatchObject({ serviceDomains: [{}], customDomains: [{ domain: "mine.acme.com" }] });
  expect(await proxies()).toHaveLength(1);
  expect(() => world.railway.configure?.({ domainByPerson: { serviceId: "absent", environmentId } })).toThrow("does not exist");
});
