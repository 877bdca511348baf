import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { OperatorError, registerSecret, VendorError } from "../../../domain/error.ts";
import type { Provider } from "./configuration.ts";
import { type Call, type ProviderFunction, type Resource, Unfinished } from "./resource.ts";
import { secretSignature, signatureKey } from "./secret.ts";
import { type RunningProvider, startProvider } from "./serve.ts";
import { unknown } from "./unknown.ts";
import { connectProvider, initFailed } from "./wire.ts";

const BoxInputs = z.strictObject({
  parent: z.string(),
  path: z.string().startsWith("/"),
  size: z.number().int().positive(),
  tags: z.record(z.string(), z.string()).optional(),
  password: z.string().optional(),
});
const BoxOutputs = BoxInputs.extend({ boxId: z.string(), digest: z.string(), token: z.string() });
type BoxInputs = z.infer<typeof BoxInputs>;
type BoxState = z.infer<typeof BoxOutputs>;
interface Context {
  readonly config: Readonly<Record<string, string>>;
}

let behaviour: (call: Call, inputs: BoxInputs, context: Context) => Promise<BoxState>;
const deleted: string[] = [];

const box: Resource<BoxInputs, BoxState, Context> = {
  token: "boxes:index:Box",
  description: "A box.",
  inputs: BoxInputs,
  outputs: BoxOutputs,
  replaceOnChange: ["parent"],
  refuseChange: ["path"],
  stable: ["boxId"],
  secrets: ["password", "token"],
  check: (inputs) => (inputs.size > 100 ? [{ property: "size", reason: "is more than the plan's 100" }] : []),
  due: ({ digest }) => (digest === "stale" ? "digest" : undefined),
  preview: (inputs) => ({ digest: `digest of ${inputs.path}` }),
  create: async (inputs, context, call) => ({ id: "p/b1", state: await behaviour(call, inputs, context) }),
  read: async (id, context, call, known) => {
    if (id === "p/none") return undefined;
    const inputs = known?.inputs ?? { parent: "p", path: "/found", size: 3, password: "imported-password" };
    return { id, inputs, state: await behaviour(call, inputs, context) };
  },
  update: async (_id, state, inputs, context, call, oldInputs) => ({
    ...(await behaviour(call, inputs, context)),
    boxId: state.boxId,
    digest: `${oldInputs.size}→${inputs.size}`,
  }),
  delete: async (id) => {
    deleted.push(id);
  },
};

const CountInputs = z.strictObject({ of: z.array(z.string()) });
const count: ProviderFunction<z.infer<typeof CountInputs>, Context> = {
  token: "boxes:index:count",
  description: "Counts.",
  inputs: CountInputs,
  run: async ({ of }) => ({ count: of.length }),
};

const provider: Provider<Context> = {
  name: "boxes",
  version: "1.2.3",
  resources: [box],
  functions: [count],
  configSchema: z.strictObject({ apiUrl: z.url().optional(), token: z.string().optional() }),
  configSecrets: ["token"],
  context: (env, config) => {
    if (config.apiUrl === "https://refused.example") throw new OperatorError(`no token: set ${env.HINT} and run this again`);
    return { config };
  },
};

const type = box.token;
const inputs: BoxInputs = { parent: "p", path: "/data", size: 5 };
const envelope = (value: unknown) => ({ [signatureKey]: secretSignature, value });
const made: typeof behaviour = async (_call, given) => ({ ...given, boxId: "b1", digest: "d1", token: "made-token-1" });

let running: RunningProvider;
let engine: ReturnType<typeof connectProvider>;
beforeAll(async () => {
  running = await startProvider(provider, { env: { HINT: "BOXES_TOKEN" } });
  engine = connectProvider(running.port);
});
afterAll(async () => {
  engine.close();
  await running.close("test is over");
});

test("configuration reaches the context by bare name, and what the context refuses is the answer without a stack", async () => {
  await engine.configure({ "boxes:config:apiUrl": "https://api.example", "boxes:config:version": "1.2.3" });
  behaviour = async (call, given, context) => made(call, { ...given, tags: { ...context.config } }, context);
  expect((await engine.create(type, { ...inputs })).properties.tags).toEqual({ apiUrl: "https://api.example" });
  const refused = engine.configure({ "boxes:config:apiUrl": "https://refused.example" });
  await expect(refused).rejects.toMatchObject({ details: "no token: set BOXES_TOKEN and run this again" });
  await engine.configure({});
});

test("check names every wrong property at once and lets unknown values pass", async () => {
  const wrong = await engine.check(type, { parent: 7, path: "data", size: unknown, colour: "red" });
  expect(wrong.failures.map((failure) => failure.property).sort()).toEqual(["colour", "parent", "path"]);
  expect((await engine.check(type, { parent: unknown, path: "/data", size: unknown, tags: { a: unknown } })).failures).toEqual(
    [],
  );
  expect((await engine.check(type, { ...inputs, size: 101 })).failures).toEqual([
    { property: "size", reason: "is more than the plan's 100" },
  ]);
  expect((await engine.check(type, { parent: "p", path: "/data" })).failures).toEqual([
    { property: "size", reason: "is missing" },
  ]);
});

test("check refuses a change that would need a new object, but not an equal or unknown value", async () => {
  const { failures } = await engine.check(type, { ...inputs, path: "/other" }, inputs);
  expect(failures[0]).toMatchObject({ property: "path", reason: expect.stringContaining('from "/data" to "/other"') });
  expect((await engine.check(type, { ...inputs, path: unknown }, inputs)).failures).toEqual([]);
  expect((await engine.check(type, { ...inputs }, inputs)).failures).toEqual([]);
});

test("diff shows each changed property by its path, replaces where it must and keeps ids stable otherwise", async () => {
  const olds = { ...inputs, tags: { a: "1", b: "2" } };
  const some = await engine.diff(type, olds, { ...inputs, size: unknown, tags: { a: "1", b: "3", c: "4" } });
  expect(Object.fromEntries(some.detaileddiffMap)).toEqual({
    size: { kind: 4, inputdiff: true },
    "tags.b": { kind: 4, inputdiff: true },
    "tags.c": { kind: 0, inputdiff: true },
  });
  expect(some).toMatchObject({ changes: 2, replacesList: [], stablesList: ["boxId"], diffsList: ["size", "tags"] });
  expect(await engine.diff(type, inputs, { ...inputs, parent: "q" })).toMatchObject({
    changes: 2,
    replacesList: ["parent"],
    stablesList: [],
    detaileddiffMap: [["parent", { kind: 5, inputdiff: true }]],
  });
  expect(await engine.diff(type, inputs, { ...inputs })).toMatchObject({ changes: 1, detaileddiffMap: [] });
});

test("an update that a refresh found due is shown at the output that says so, unless an input changes anyway", async () => {
  const due = { ...inputs, digest: "stale" };
  expect(await engine.diff(type, inputs, inputs, [], due)).toMatchObject({ changes: 2, diffsList: ["digest"], replacesList: [] });
  const both = await engine.diff(type, inputs, { ...inputs, size: 6 }, [], due);
  expect(both).toMatchObject({ changes: 2, diffsList: ["size"] });
});

test("diff leaves out what the program ignores, also below a property", async () => {
  const olds = { ...inputs, tags: { a: "1", b: "2" } };
  const news = { ...inputs, size: 6, tags: { a: "9", b: "9" } };
  expect((await engine.diff(type, olds, news, ["size", "tags.a"])).detaileddiffMap.map(([path]) => path)).toEqual(["tags.b"]);
  expect(await engine.diff(type, olds, news, ["size", "tags"])).toMatchObject({ changes: 1 });
});

test("preview of a create knows the inputs and what the resource foretells; the rest is unknown and there is no id", async () => {
  const preview = await engine.create(type, { ...inputs, size: unknown, password: "p" }, { preview: true });
  expect(preview).toEqual({
    id: "",
    properties: { ...inputs, size: unknown, password: envelope("p"), boxId: unknown, digest: "digest of /data", token: unknown },
  });
});

test("preview of an update keeps stable outputs and makes the others unknown", async () => {
  const state = { ...inputs, boxId: "b1", digest: "d1", token: "t" };
  const preview = await engine.update(type, "p/b1", state, inputs, { ...inputs, size: 6 }, true);
  expect(preview).toEqual({ ...inputs, size: 6, boxId: "b1", digest: unknown, token: unknown });
});

test("create, read, update and delete reach the resource with plain values, and secrets return in the envelope", async () => {
  behaviour = made;
  const created = await engine.create(type, { ...inputs, password: "clear-password" });
  expect(created).toEqual({
    id: "p/b1",
    properties: { ...inputs, boxId: "b1", digest: "d1", password: envelope("clear-password"), token: envelope("made-token-1") },
  });
  const state = { ...inputs, boxId: "b1", digest: "d1", token: "t" };
  expect(await engine.update(type, "p/b1", state, inputs, { ...inputs, size: 6 })).toMatchObject({
    digest: "5→6",
    token: envelope("made-token-1"),
  });
  expect((await engine.read(type, "p/b1", { inputs: { ...inputs }, state })).inputs).toEqual(inputs);
  await engine.delete(type, "p/b1", state);
  expect(deleted).toContain("p/b1");
});

test("import by id alone brings inputs with secrets in the envelope", async () => {
  behaviour = made;
  const { inputs: found, properties } = await engine.read(type, "p/b7");
  expect(found).toEqual({ parent: "p", path: "/found", size: 3, password: envelope("imported-password") });
  expect(properties.password).toEqual(envelope("imported-password"));
});

test("only a query that found nothing says gone; a read that fails is an error", async () => {
  expect(await engine.read(type, "p/none", { inputs: { ...inputs }, state: { ...inputs } })).toMatchObject({
    id: "",
    properties: {},
  });
  behaviour = () =>
    Promise.reject(
      new VendorError({ vendor: "railway", operation: "service", vendorMessage: "Not Authorized", retryable: false }),
    );
  await expect(engine.read(type, "p/b1", { inputs: { ...inputs }, state: { ...inputs } })).rejects.toMatchObject({
    details: 'railway refused service ("Not Authorized")',
  });
});

test("an unfinished create stays in state with its id, outputs and reason", async () => {
  behaviour = async (call, given, context) => {
    throw new Unfinished("p/b1", await made(call, given, context), "deployment FAILED");
  };
  const error = await engine.create(type, { ...inputs }).catch((thrown: unknown) => thrown);
  expect(initFailed(error)).toEqual({
    id: "p/b1",
    properties: { ...inputs, boxId: "b1", digest: "d1", token: envelope("made-token-1") },
    reasons: ["deployment FAILED"],
  });
});

test("an unfinished object may keep other inputs than the program wrote", async () => {
  const kept = { parent: "p", path: "/data" };
  behaviour = async () => {
    throw new Unfinished("b9", { ...kept, boxId: "b9" }, "too large", { inputs: kept });
  };
  const error = await engine.create(type, { ...inputs }).catch((thrown: unknown) => thrown);
  expect(initFailed(error)?.properties).toEqual({ ...kept, boxId: "b9" });
});

test("our own bugs come with a stack, refusals without; secrets in neither", async () => {
  registerSecret("registered-secret");
  behaviour = () => Promise.reject(new TypeError("cannot read registered-secret of clear-password"));
  const bug = await engine.create(type, { ...inputs, password: "clear-password" }).catch((thrown: unknown) => thrown);
  expect(bug).toMatchObject({ details: expect.stringMatching(/cannot read \[secret\] of \[secret\]\n\s+at /) });
  behaviour = () => Promise.reject(new OperatorError("clear-password is too short"));
  await expect(engine.create(type, { ...inputs, password: "clear-password" })).rejects.toMatchObject({
    details: "[secret] is too short",
  });
});

test("a call ends at its deadline even if the vendor never answers", async () => {
  behaviour = (call) => new Promise((_, reject) => call.signal.addEventListener("abort", () => reject(call.signal.reason)));
  await expect(engine.create(type, { ...inputs }, { timeout: 0.05 })).rejects.toMatchObject({
    details: expect.stringContaining("no result within 0.05 s"),
  });
});

test("functions answer, and complain about their arguments by name", async () => {
  expect(await engine.invoke("boxes:index:count", { of: ["a", "b"] })).toEqual({ result: { count: 2 }, failures: [] });
  expect((await engine.invoke("boxes:index:count", { of: [1] })).failures[0]?.property).toBe("of[0]");
});

test("an unknown resource type is named with those that exist", async () => {
  await expect(engine.create("boxes:index:Crate", {})).rejects.toMatchObject({
    details: expect.stringContaining("it has boxes:index:Box"),
  });
});

test("the schema has inputs, outputs, secrets and configuration", async () => {
  expect(await engine.schema()).toMatchObject({
    name: "boxes",
    version: "1.2.3",
    config: { variables: { token: { type: "string", secret: true } } },
    resources: {
      "boxes:index:Box": {
        requiredInputs: ["parent", "path", "size"],
        inputProperties: { size: { type: "integer" }, tags: { type: "object", additionalProperties: { type: "string" } } },
        properties: { boxId: { type: "string" }, token: { type: "string", secret: true } },
      },
    },
    functions: { "boxes:index:count": { inputs: { properties: { of: { type: "array", items: { type: "string" } } } } } },
  });
});

test("cancel is acknowledged, ends the calls in flight and those that come later", async () => {
  const own = await startProvider(provider, { env: {} });
  const client = connectProvider(own.port);
  let started: () => void = () => {};
  const begun = new Promise<void>((resolve) => {
    started = resolve;
  });
  behaviour = (call) => {
    started();
    return new Promise((_, reject) => call.signal.addEventListener("abort", () => reject(call.signal.reason)));
  };
  const stuck = client.create(type, { ...inputs }).catch((thrown: unknown) => thrown);
  await begun;
  await client.cancel();
  expect(await stuck).toMatchObject({ details: expect.stringContaining("the engine cancelled") });
  await expect(client.create(type, { ...inputs })).rejects.toMatchObject({
    details: expect.stringContaining("the engine cancelled"),
  });
  client.close();
  await own.close("test is over");
});
