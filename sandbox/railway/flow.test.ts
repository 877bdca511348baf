import { expect, test } from "vitest";
import { bench } from "./testbench.ts";

test("a tenant is made in the recommended order and ends with exactly one deployment that is up", async () => {
  const { ask, project, service, update, advance, deploy, status } = bench();
  const place = await project();
  const app = await service(place);
  await ask("mutation ($input: VolumeCreateInput!) { volumeCreate(input: $input) { id } }", {
    input: { projectId: app.projectId, environmentId: app.environmentId, serviceId: app.serviceId, mountPath: "/data" },
  });
  const volumes =
    "query ($id: String!) { environment(id: $id) { volumeInstances { edges { node { id volumeId serviceId mountPath sizeMB currentSizeMB state } } } } }";
  type Volumes = { volumeInstances: { edges: { node: { volumeId: string; sizeMB: number; currentSizeMB: number } }[] } };
  expect((await ask<Volumes>(volumes, { id: place.environmentId })).volumeInstances.edges).toEqual([]);
  advance(8_000);
  const [found] = (await ask<Volumes>(volumes, { id: place.environmentId })).volumeInstances.edges;
  expect(found?.node).toMatchObject({ serviceId: app.serviceId, mountPath: "/data", sizeMB: 50_000, state: "READY" });
  expect(found?.node.currentSizeMB).toBeGreaterThanOrEqual(1_000);
  expect(found?.node.currentSizeMB).toBeLessThanOrEqual(1_500);
  await ask("mutation ($input: VariableCollectionUpsertInput!) { variableCollectionUpsert(input: $input) }", {
    input: { ...app, variables: { PORT: "8080" }, skipDeploys: true },
  });
  await update(app, { source: { image: "ghcr.io/ai-diy/app@sha256:1" }, sleepApplication: true, startCommand: "serve" });
  const id = await deploy(app);
  await expect(status(id)).rejects.toThrow("Deployment not found");
  advance(2_000);
  const seen = new Set<string>();
  for (let second = 0; second < 45; second += 1) {
    seen.add(await status(id));
    advance(1_000);
  }
  expect([...seen]).toEqual(expect.arrayContaining(["INITIALIZING", "DEPLOYING", "SUCCESS"]));
  const list = await ask<{ edges: unknown[] }>(
    "query ($input: DeploymentListInput!) { deployments(input: $input) { edges { node { id } } } }",
    { input: { serviceId: app.serviceId } },
  );
  expect(list.edges).toHaveLength(1);
});
