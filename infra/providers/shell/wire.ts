/** The engine's side of the provider protocol, for tests that talk to a provider over real gRPC. */
import { credentials, type ServiceError } from "@grpc/grpc-js";
import services from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import type * as pb from "@pulumi/pulumi/proto/provider_pb.js";
import providers from "@pulumi/pulumi/proto/provider_pb.js";
import statuses from "@pulumi/pulumi/proto/status_pb.js";
import empties from "google-protobuf/google/protobuf/empty_pb.js";
import type { Properties } from "./resource.ts";
import { fromStruct, toStruct } from "./struct.ts";

/** What ErrorResourceInitFailed carries. */
export interface InitFailed {
  readonly id: string;
  readonly properties: Properties;
  readonly reasons: readonly string[];
}

/** Every call rejects with a gRPC `ServiceError`; answers are plain JSON. */
export function connectProvider(port: number) {
  const client = new services.ResourceProviderClient(`127.0.0.1:${port}`, credentials.createInsecure());
  const urn = (type: string, name: string) => `urn:pulumi:test::test::${type}::${name}`;
  return {
    client,
    close: () => client.close(),
    async configure(variables: Readonly<Record<string, string>>) {
      const request = new providers.ConfigureRequest();
      for (const [name, value] of Object.entries(variables)) request.getVariablesMap().set(name, value);
      return (await promise<pb.ConfigureResponse>((done) => client.configure(request, done))).toObject();
    },
    async check(type: string, news: Properties, olds: Properties = {}) {
      const request = new providers.CheckRequest()
        .setUrn(urn(type, "x"))
        .setType(type)
        .setNews(toStruct(news))
        .setOlds(toStruct(olds));
      const response = await promise<pb.CheckResponse>((done) => client.check(request, done));
      return { inputs: fromStruct(response.getInputs()), failures: response.toObject().failuresList };
    },
    async diff(
      type: string,
      oldInputs: Properties,
      news: Properties,
      ignoreChanges: string[] = [],
      state: Properties = oldInputs,
    ) {
      const request = new providers.DiffRequest().setUrn(urn(type, "x")).setType(type).setId("id").setNews(toStruct(news));
      request.setOldInputs(toStruct(oldInputs)).setOlds(toStruct(state)).setIgnorechangesList(ignoreChanges);
      return (await promise<pb.DiffResponse>((done) => client.diff(request, done))).toObject();
    },
    async create(type: string, inputs: Properties, options: { preview?: boolean; timeout?: number } = {}) {
      const request = new providers.CreateRequest().setUrn(urn(type, "x")).setType(type).setProperties(toStruct(inputs));
      request.setPreview(options.preview ?? false).setTimeout(options.timeout ?? 0);
      const response = await promise<pb.CreateResponse>((done) => client.create(request, done));
      return { id: response.getId(), properties: fromStruct(response.getProperties()) };
    },
    async read(type: string, id: string, known?: { inputs: Properties; state: Properties }) {
      const request = new providers.ReadRequest().setUrn(urn(type, "x")).setType(type).setId(id);
      if (known) request.setInputs(toStruct(known.inputs)).setProperties(toStruct(known.state));
      const response = await promise<pb.ReadResponse>((done) => client.read(request, done));
      return { id: response.getId(), inputs: fromStruct(response.getInputs()), properties: fromStruct(response.getProperties()) };
    },
    async update(type: string, id: string, state: Properties, oldInputs: Properties, news: Properties, preview = false) {
      const request = new providers.UpdateRequest().setUrn(urn(type, "x")).setType(type).setId(id).setNews(toStruct(news));
      request.setOlds(toStruct(state)).setOldInputs(toStruct(oldInputs)).setPreview(preview);
      return fromStruct((await promise<pb.UpdateResponse>((done) => client.update(request, done))).getProperties());
    },
    async delete(type: string, id: string, state: Properties) {
      const request = new providers.DeleteRequest().setUrn(urn(type, "x")).setType(type).setId(id).setProperties(toStruct(state));
      await promise<empties.Empty>((done) => client.delete(request, done));
    },
    async invoke(token: string, args: Properties) {
      const request = new providers.InvokeRequest().setTok(token).setArgs(toStruct(args));
      const response = await promise<pb.InvokeResponse>((done) => client.invoke(request, done));
      return { result: fromStruct(response.getReturn()), failures: response.toObject().failuresList };
    },
    async cancel() {
      await promise<empties.Empty>((done) => client.cancel(new empties.Empty(), done));
    },
    async schema(): Promise<unknown> {
      const response = await promise<pb.GetSchemaResponse>((done) => client.getSchema(new providers.GetSchemaRequest(), done));
      return JSON.parse(response.getSchema());
    },
  };
}

/** The object that an error of create or update left behind; undefined if it left none. */
export function initFailed(error: unknown): InitFailed | undefined {
  if (!isServiceError(error)) return undefined;
  const details = error.metadata.get("grpc-status-details-bin")[0];
  if (!(details instanceof Buffer)) return undefined;
  const any = statuses.Status.deserializeBinary(details).getDetailsList()[0];
  const failed = any && providers.ErrorResourceInitFailed.deserializeBinary(any.getValue_asU8());
  return failed && { id: failed.getId(), properties: fromStruct(failed.getProperties()), reasons: failed.getReasonsList() };
}

function isServiceError(error: unknown): error is ServiceError {
  return error instanceof Error && "metadata" in error;
}

function promise<Response>(
  start: (done: (error: ServiceError | null, response: Response) => void) => unknown,
): Promise<Response> {
  return new Promise((resolve, reject) => {
    start((error, response) => (error ? reject(error) : resolve(response)));
  });
}
