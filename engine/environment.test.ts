import { join } from "node:path";
import { expect, test } from "vitest";
import { pulumiEnvironment, withPulumiEnvironment } from "./environment.ts";
import type { Engine } from "./find.ts";

const built: Engine = {
  kind: "built",
  cached: true,
  pulumi: "/cache/v3/pulumi",
  version: "v3.259.0",
  why: "",
  host: { kind: "own", path: "/cache/v3/pulumi-language-nodejs" },
};
const official: Engine = {
  ...built,
  kind: "path",
  pulumi: "/opt/bin/pulumi",
  host: { kind: "official", path: "/opt/bin/pulumi-language-nodejs" },
};
const sandbox = {
  root: "/repo",

  home: "/s/home",
  backendUrl: "file:///s/state",
  passphrase: "worthless",
  node: "/n/node",
};

test("the engine and the packaged Node come first on PATH, once, and the rest keeps its order", () => {
  const user = { PATH: "/usr/bin:/n:/bin:/cache/v3" };
  const { variables } = pulumiEnvironment({ ...sandbox, engine: built, offlinePlugins: true, user });
  expect(variables.PATH).toBe("/cache/v3:/n:/usr/bin:/bin");
});

test("Nodes keep compiled code in the checkout, or where the user already keeps it", () => {
  const cacheOf = (user: NodeJS.ProcessEnv) =>
    pulumiEnvironment({ ...sandbox, engine: built, offlinePlugins: true, user }).variables.NODE_COMPILE_CACHE;
  expect(cacheOf({})).toBe("/repo/.fleet/compile-cache");
  expect(cacheOf({ NODE_COMPILE_CACHE: "/own" })).toBe("/own");
});

test("tenants that wait for a cooldown leave the engine slots, unless the user counts them himself", () => {
  const slotsOf = (user: NodeJS.ProcessEnv) =>
    pulumiEnvironment({ ...sandbox, engine: built, offlinePlugins: true, user }).variables.PULUMI_PARALLEL;
  expect(Number(slotsOf({}))).toBeGreaterThan(200);
  expect(slotsOf({ PULUMI_PARALLEL: "4" })).toBe("4");
});

test("the sandbox hears neither the user's Pulumi log-in nor any setting of a real fleet", () => {
  const user = {
    PULUMI_ACCESS_TOKEN: "pul-1",
    PULUMI_BACKEND_URL: "https://api.pulumi.com",
    PULUMI_STACK: "prod",
    PULUMI_PARALLEL: "4",
    HOME: "/h",
  };
  const made = pulumiEnvironment({ ...sandbox, engine: built, offlinePlugins: true, user });
  expect(made.dropped).toEqual(["PULUMI_ACCESS_TOKEN", "PULUMI_STACK"]);
  const whole = withPulumiEnvironment(user, made);
  expect(whole).toMatchObject({ PULUMI_BACKEND_URL: "file:///s/state", PULUMI_PARALLEL: "4", HOME: "/h" });
  expect(whole).not.toHaveProperty("PULUMI_ACCESS_TOKEN");
  expect(whole.PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION).toBe("true");
});

test("a real stack keeps the user's log-in and loses only what would weaken or redirect the engine", () => {
  const user = {
    PULUMI_ACCESS_TOKEN: "pul-1",
    PULUMI_SKIP_CHECKPOINTS: "1",
    PULUMI_NODEJS_TYPESCRIPT: "true",
    PULUMI_DEBUG_LANGUAGES: "nodejs:1",
  };
  const made = pulumiEnvironment({ root: "/repo", engine: official, offlinePlugins: false, user });
  expect(made.dropped).toEqual(["PULUMI_DEBUG_LANGUAGES", "PULUMI_NODEJS_TYPESCRIPT", "PULUMI_SKIP_CHECKPOINTS"]);
  expect(made.variables).not.toHaveProperty("PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION");
  expect(made.variables).not.toHaveProperty("PULUMI_HOME");
});

test("a passphrase of ours is not overruled by the user's passphrase file", () => {
  const user = { PULUMI_CONFIG_PASSPHRASE_FILE: "/secret" };
  const made = pulumiEnvironment({
    root: "/repo",

    engine: official,
    passphrase: "p",
    offlinePlugins: false,
    user,
  });
  expect(made.dropped).toEqual(["PULUMI_CONFIG_PASSPHRASE_FILE"]);
});

test("only a built engine is given our language host", () => {
  const options = { ...sandbox, offlinePlugins: true, user: {} };
  const own = pulumiEnvironment({ ...options, engine: built }).variables;
  expect(own.FLEET_LANGUAGE_HOST).toBe(join("/repo", "engine", "host", "pulumi-language-nodejs"));
  expect(pulumiEnvironment({ ...options, engine: official }).variables).not.toHaveProperty("FLEET_LANGUAGE_HOST");
});

test("plugins on PATH are ignored, except where the engine's own host is one", () => {
  const options = { ...sandbox, offlinePlugins: true, user: {} };
  const apart: Engine = { ...official, host: { kind: "official", path: "/elsewhere/pulumi-language-nodejs" } };
  expect(pulumiEnvironment({ ...options, engine: official }).variables.PULUMI_IGNORE_AMBIENT_PLUGINS).toBe("true");
  expect(pulumiEnvironment({ ...options, engine: apart }).variables).not.toHaveProperty("PULUMI_IGNORE_AMBIENT_PLUGINS");
});
