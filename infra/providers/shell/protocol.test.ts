/** Every RPC of Pulumi's provider protocol, asked raw over real gRPC as the engine asks: what is answered, and what is said to be unknown. */
import { type ServiceError, status } from "@grpc/grpc-js";
import plugins from "@pulumi/pulumi/proto/plugin_pb.js";
import services from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import providers from "@pulumi/pulumi/proto/provider_pb.js";
import empties from "google-protobuf/google/protobuf/empty_pb.js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import type { Provider } from "./configuration.ts";
import type { Properties, Resource } from "./resource.ts";
import { secretSignature, signatureKey } from "./secret.ts";
import { type RunningProvider, startProvider } from "./serve.ts";
import { fromStruct, toStruct } from "./struct.ts";
import { unknown } from "./unknown.ts";
import { connectProvider } from "./wire.ts";

const inputsShape = z.strictObject({ size: z.number(), note: z.string().optional(), password: z.string().optional() });
type Inputs = z.infer<typeof inputsShape>;
const things = new Map<string, Inputs>();

const thing: Resource<Inputs, Inputs & { serial: string }, Properties> = {
  token: "things:index:Thing",
  description: "A thing.",
  importId: "<serial>",
  inputs: inputsShape,
  outputs: inputsShape.extend({ serial: z.string() }),
  leftAlone: ["note"],
  sameMeaning: (property, before, after, state) => property === "size" && before === 1 && after === 2 && state.serial === "s1",
  secrets: ["password"],
  stable: ["serial"],
  async create(inputs) {
    const serial = `s${things.size + 1}`;
    things.set(serial, inputs);
    return { id: serial, state: { ...inputs, serial } };
  },
  async read(id) {
    const inputs = things.get(id);
    return inputs && { id, inputs, state: { ...inputs, serial: id } };
  },
  async update(id, _state, inputs) {
    things.set(id, inputs);
    return { ...inputs, serial: id };
  },
  async delete(id) {
    things.delete(id);
  },
};

const provider: Provider<Properties> = {
  name: "things",
  version: "4.5.6",
  resources: [thing],
  functions: [
    {
      token: "things:index:count",
      description: "Counts.",
      inputs: z.strictObject({}),
      run: async () => ({ count: things.size }),
    },
  ],
  configSchema: z.strictObject({ token: z.string().min(4).optional() }),
  configSecrets: ["token"],
  context: (_env, config) => ({ ...config }),
};

let running: RunningProvider;
let wire: ReturnType<typeof connectProvider>;
beforeAll(async () => {
  running = await startProvider(provider, { env: {} });
  wire = connectProvider(running.port);
});
afterAll(async () => {
  wire.close();
  await running.close("test is over");
});

const empty = new empties.Empty();
const urn = "urn:pulumi:dev::proj::things:index:Box$things:index:Thing::x";
const secretOf = (value: unknown) => ({ [signatureKey]: secretSignature, value });

/** One unary call; rejects with the gRPC error. */
function ask<Response>(start: (done: (error: ServiceError | null, response: Response) => void) => unknown): Promise<Response> {
  return new Promise((resolve, reject) => start((error, response) => (error ? reject(error) : resolve(response))));
}

const create = async (inputs: Inputs) => {
  const request = new providers.CreateRequest().setUrn(urn).setProperties(toStruct(inputs));
  return ask<InstanceType<typeof providers.CreateResponse>>((done) => wire.client.create(request, done));
};

/** RPC → the guarantee it keeps. */
const answered: Record<string, () => Promise<void>> = {
  async handshake() {
    const request = new providers.ProviderHandshakeRequest();
    const answer = await ask<InstanceType<typeof providers.ProviderHandshakeResponse>>((done) =>
      wire.client.handshake(request, done),
    );
    expect(answer.toObject()).toMatchObject({ acceptSecrets: false, acceptResources: false, acceptOutputs: false });
  },
  async getPluginInfo() {
    const answer = await ask<InstanceType<typeof plugins.PluginInfo>>((done) => wire.client.getPluginInfo(empty, done));
    expect(answer.getVersion()).toBe("4.5.6");
  },
  async getSchema() {
    expect(await wire.schema()).toMatchObject({
      name: "things",
      resources: {
        "things:index:Thing": { description: expect.stringContaining("Import id: `<serial>`"), requiredInputs: ["size"] },
      },
      functions: { "things:index:count": {} },
    });
  },
  async checkConfig() {
    const check = async (news: Properties) => {
      const request = new providers.CheckRequest()
        .setUrn("urn:pulumi:dev::proj::pulumi:providers:things::p")
        .setNews(toStruct(news));
      return ask<InstanceType<typeof providers.CheckResponse>>((done) => wire.client.checkConfig(request, done));
    };
    const good = await check({ token: "a-token", version: "4.5.6" });
    expect(fromStruct(good.getInputs())).toEqual({ token: secretOf("a-token"), version: "4.5.6" });
    expect(good.getFailuresList()).toEqual([]);
    const bad = await check({ token: "x", tokn: "y" });
    expect(bad.getFailuresList().map((failure) => failure.getProperty())).toEqual(["token", "tokn"]);
  },
  async diffConfig() {
    const request = new providers.DiffRequest().setOlds(toStruct({ token: "a" })).setNews(toStruct({ token: "b" }));
    const answer = await ask<InstanceType<typeof providers.DiffResponse>>((done) => wire.client.diffConfig(request, done));
    expect([answer.getChanges(), answer.getReplacesList()]).toEqual([providers.DiffResponse.DiffChanges.DIFF_NONE, []]);
  },
  async configure() {
    expect(await wire.configure({ "things:config:token": "a-token" })).toMatchObject({
      ...{ acceptsecrets: false, supportspreview: true, acceptresources: false },
    });
  },
  async check() {
    // Without a type the URN's last one counts.
    const request = new providers.CheckRequest()
      .setUrn(urn)
      .setNews(toStruct({ size: unknown, password: "hidden-one", extra: 1 }));
    const answer = await ask<InstanceType<typeof providers.CheckResponse>>((done) => wire.client.check(request, done));
    expect(answer.getFailuresList().map((failure) => failure.getProperty())).toEqual(["extra"]);
    expect(fromStruct(answer.getInputs())).toMatchObject({ size: unknown, password: secretOf("hidden-one") });
  },
  async diff() {
    const changes = async (olds: Properties, news: Properties, state: Properties = olds) =>
      (await wire.diff(thing.token, olds, news, [], state)).detaileddiffMap.map(([path]) => path);
    expect(await changes({ size: 1, note: "mine" }, { size: 3 })).toEqual(["size"]);
    expect(await changes({ size: 1 }, { size: 1, note: "mine" })).toEqual(["note"]);
    expect(await changes({ size: 1 }, { size: 2 }, { size: 1, serial: "s1" })).toEqual([]);
    expect(await changes({ size: 1 }, { size: 2 }, { size: 1, serial: "s2" })).toEqual(["size"]);
    expect(await changes({ size: 1 }, { size: unknown }, { size: 1, serial: "s1" })).toEqual(["size"]);
    // A state of another engine's version has no old inputs: the outputs of the same names stand for them.
    const request = new providers.DiffRequest()
      .setUrn(urn)
      .setOlds(toStruct({ size: 1, serial: "s" }))
      .setNews(toStruct({ size: 9 }));
    const answer = await ask<InstanceType<typeof providers.DiffResponse>>((done) => wire.client.diff(request, done));
    expect(answer.getDiffsList()).toEqual(["size"]);
  },
  async create() {
    const answer = await create({ size: 1, password: "hidden-one" });
    expect(fromStruct(answer.getProperties())).toEqual({ size: 1, serial: answer.getId(), password: secretOf("hidden-one") });
  },
  async read() {
    const id = (await create({ size: 4 })).getId();
    expect(await wire.read(thing.token, id)).toMatchObject({ id, inputs: { size: 4 }, properties: { size: 4, serial: id } });
    const gone = await ask<InstanceType<typeof providers.ReadResponse>>((done) =>
      wire.client.read(new providers.ReadRequest().setUrn(urn).setId("none"), done),
    );
    // Unset, not empty: so the engine tells "gone" from "nothing in it".
    expect([gone.getId(), gone.hasProperties(), gone.hasInputs()]).toEqual(["", false, false]);
  },
  async update() {
    const id = (await create({ size: 4 })).getId();
    const state = { size: 4, serial: id };
    expect(await wire.update(thing.token, id, state, { size: 4 }, { size: 5 }, true)).toEqual({ size: 5, serial: id });
    // A note that was taken out of the program without a change is no output now.
    const stale = { ...state, note: "mine" };
    expect(await wire.update(thing.token, id, stale, { size: 4 }, { size: 5 }, true)).toEqual({ size: 5, serial: id });
    expect(things.get(id)).toEqual({ size: 4 });
    expect(await wire.update(thing.token, id, state, { size: 4 }, { size: 5 })).toEqual({ size: 5, serial: id });
    expect(things.get(id)).toEqual({ size: 5 });
  },
  async delete() {
    const id = (await create({ size: 4 })).getId();
    await wire.delete(thing.token, id, { size: 4, serial: id });
    await wire.delete(thing.token, id, { size: 4, serial: id });
    expect(things.has(id)).toBe(false);
  },
  async invoke() {
    expect(await wire.invoke("things:index:count", {})).toEqual({ result: { count: things.size }, failures: [] });
    expect((await wire.invoke("things:index:count", { of: 1 })).failures[0]?.property).toBe("of");
    await expect(wire.invoke("things:index:weigh", {})).rejects.toMatchObject({
      details: expect.stringContaining("no function"),
    });
  },
  async attach() {
    const request = new plugins.PluginAttach().setAddress("127.0.0.1:1");
    await expect(ask((done) => wire.client.attach(request, done))).resolves.toBeDefined();
  },
  async cancel() {
    const own = await startProvider(provider, { env: {} });
    const client = connectProvider(own.port);
    await client.cancel();
    await expect(client.read(thing.token, "s1")).rejects.toMatchObject({ details: expect.stringContaining("cancelled") });
    client.close();
    await own.close("test is over");
  },
};

/** What the engine asks only of providers that offer components, parameters or conversions. */
const unknownHere: Record<string, (done: (error: ServiceError | null) => void) => unknown> = {
  parameterize: (done) => wire.client.parameterize(new providers.ParameterizeRequest(), done),
  call: (done) => wire.client.call(new providers.CallRequest(), done),
  construct: (done) => wire.client.construct(new providers.ConstructRequest(), done),
  getMapping: (done) => wire.client.getMapping(new providers.GetMappingRequest(), done),
  getMappings: (done) => wire.client.getMappings(new providers.GetMappingsRequest(), done),
  list: (done) => wire.client.list(new providers.ListRequest()).on("error", done),
};

test("every RPC of the protocol is tested here", () => {
  const all = Object.keys(services.ResourceProviderService).sort();
  expect([...Object.keys(answered), ...Object.keys(unknownHere)].sort()).toEqual(all);
});

describe("over real gRPC", () => {
  test.each(Object.keys(answered))("%s keeps its promise", async (name) => {
    await answered[name]?.();
  });

  test.each(Object.keys(unknownHere))("%s is answered as not implemented, which the engine takes for an answer", async (name) => {
    const error = await new Promise<ServiceError | null>((resolve) => unknownHere[name]?.(resolve));
    expect(error?.code).toBe(status.UNIMPLEMENTED);
  });
});
