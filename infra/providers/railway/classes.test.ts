import * as pulumi from "@pulumi/pulumi";
import { MockMonitor } from "@pulumi/pulumi/runtime/mocks.js";
import { expect, test } from "vitest";
import { Project, Provider } from "./classes.ts";

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
