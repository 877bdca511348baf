import * as pulumi from "@pulumi/pulumi";
import { MockMonitor } from "@pulumi/pulumi/runtime/mocks.js";
import { expect, test } from "vitest";
import { z } from "zod";
import * as classes from "./classes.ts";
import { Project, Provider } from "./classes.ts";
import { railwayProvider } from "./provider.ts";

test("a program's own provider is Railway's, its token is registered as a secret, and resources use it", async () => {
  const raw = new Map<string, unknown>();
  const providers = new Map<string, string>();
  const register = MockMonitor.prototype.registerResource;
  MockMonitor.prototype.registerResource = function (request, callback) {
    raw.set(request.getType(), request.getObject()?.toJavaScript());
    providers.set(request.getType(), request.getProvider());
    return register.call(this, request, callback);
  };
  const newResource = ({ name, inputs }: pulumi.runtime.MockResourceArgs) => ({ id: `${name}-id`, state: inputs });
  await pulumi.runtime.setMocks({ newResource, call: () => ({}) }, "theirs", "dev", false);
  const provider = new Provider("mine", { token: "plain-token", apiUrl: "https://example.com" });
  new Project("p", { name: "p", description: "" }, { provider });
  await pulumi.runtime.disconnect();
  expect(raw.get("pulumi:providers:railway")).toEqual({
    apiUrl: "https://example.com",
    token: expect.objectContaining({ "4dabf18193072939515e22adb298388d": expect.any(String) }),
  });
  expect(providers.get("railway:index:Project")).toMatch(/pulumi:providers:railway::mine::mine-id$/);
});

test("every resource of the provider has a class that registers all its outputs, so that they exist in a preview", async () => {
  const registered = new Map<string, string[]>();
  const newResource = ({ name, type, inputs }: pulumi.runtime.MockResourceArgs) => {
    registered.set(type, Object.keys(inputs));
    return { id: `${name}-id`, state: inputs };
  };
  await pulumi.runtime.setMocks({ newResource, call: () => ({}) }, "theirs", "dev", true);
  const place = { projectId: "p", environmentId: "e" };
  const resources: readonly pulumi.CustomResource[] = [
    new classes.Project("a", { name: "p", description: "" }),
    new classes.Service("b", { ...place, name: "web" }),
    new classes.Volume("c", { ...place, mountPath: "/data" }),
    new classes.VolumeBackup("d", { ...place, volumeInstanceId: "v", name: "n" }),
    new classes.VariableCollection("e", { ...place, serviceId: "s", variables: {} }),
    new classes.ServiceInstance("f", { ...place, serviceId: "s", image: "i" }),
  ];
  await pulumi.runtime.disconnect();
  expect([...registered.keys()].sort()).toEqual(railwayProvider.resources.map(({ token }) => token).sort());
  for (const { token, inputs, outputs } of railwayProvider.resources) {
    const resource = resources.find((one) => "__pulumiType" in one.constructor && one.constructor.__pulumiType === token);
    const given = Object.keys(z.toJSONSchema(inputs).properties ?? {});
    const made = Object.keys((outputs && z.toJSONSchema(outputs).properties) ?? {}).filter((name) => !given.includes(name));
    for (const name of made) expect(resource, `${token}.${name}`).toHaveProperty(name);
  }
});
