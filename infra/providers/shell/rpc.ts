/** Pulumi's ResourceProvider service over resources that are plain objects. What is not here is answered UNIMPLEMENTED by gRPC. */
import type { handleUnaryCall, UntypedServiceImplementation } from "@grpc/grpc-js";
import plugins from "@pulumi/pulumi/proto/plugin_pb.js";
import type * as pb from "@pulumi/pulumi/proto/provider_pb.js";
import providers from "@pulumi/pulumi/proto/provider_pb.js";
import empties from "google-protobuf/google/protobuf/empty_pb.js";
import { OperatorError } from "../../../domain/error.ts";
import type { Calls } from "./calls.ts";
import { type CheckFailure, checkInputs, checkShape } from "./check.ts";
import { bareNames, checkConfiguration, contextOf, type Environment, type Provider } from "./configuration.ts";
import { materialChanges, type PropertyChange } from "./diff.ts";
import { clean, type FailureContext, toServiceError } from "./failure.ts";
import type { Properties, Resource } from "./resource.ts";
import { inputNames, outputNames, packageSchema } from "./schema.ts";
import { secretTexts, wrapSecrets } from "./secret.ts";
import { fromStruct, toStruct } from "./struct.ts";
import { unknown } from "./unknown.ts";

export interface Surroundings {
  readonly env: Environment;
  readonly calls: Calls;
  /** A line for the engine's diagnostics of a resource. */
  readonly log: (urn: string, message: string) => void;
}

export function providerService<Context>(provider: Provider<Context>, around: Surroundings): UntypedServiceImplementation {
  const resources = new Map(provider.resources.map((resource) => [resource.token, resource]));
  const functions = new Map((provider.functions ?? []).map((fn) => [fn.token, fn]));
  const context = contextOf(provider, around.env);

  const resourceOf = (request: { getType(): string; getUrn(): string }) => {
    const type = request.getType() || typeOfUrn(request.getUrn());
    const resource = resources.get(type);
    if (!resource)
      throw new OperatorError(
        `${provider.name} ${provider.version} has no resource ${type}; it has ${[...resources.keys()].join(", ")}`,
      );
    return resource;
  };

  /** One real operation: context, deadline, progress lines; whatever it throws leaves without the call's secrets. */
  const operate = async <Result>(
    request: { getUrn(): string; getTimeout(): number },
    resource: Resource<Properties, Properties, Context>,
    caller: AbortSignal,
    seen: readonly Properties[],
    failure: FailureContext,
    work: (context: Context, call: { signal: AbortSignal; log: (message: string) => void }) => Promise<Result>,
  ): Promise<Result> => {
    const hidden = seen.flatMap((properties) => secretTexts(properties, resource.secrets));
    const log = (message: string) => around.log(request.getUrn(), clean(message, hidden));
    try {
      const made = await context.get();
      return await around.calls.run({ timeoutSeconds: request.getTimeout(), caller, log }, (call) => work(made, call));
    } catch (error) {
      throw toServiceError(error, { ...failure, hidden, secrets: resource.secrets });
    }
  };

  return {
    handshake: unary<pb.ProviderHandshakeRequest, pb.ProviderHandshakeResponse>(async () => {
      // Inputs arrive bare; what must be secret is wrapped by us (secret.ts).
      return new providers.ProviderHandshakeResponse().setAcceptSecrets(false).setAcceptResources(false).setAcceptOutputs(false);
    }),

    getPluginInfo: unary(async () => {
      const info = new plugins.PluginInfo();
      info.setVersion(provider.version);
      return info;
    }),

    getSchema: unary<pb.GetSchemaRequest, pb.GetSchemaResponse>(async () =>
      new providers.GetSchemaResponse().setSchema(JSON.stringify(packageSchema(provider))),
    ),

    checkConfig: unary<pb.CheckRequest, pb.CheckResponse>(async (request) => {
      const news = fromStruct(request.getNews());
      return checkResponse(wrapSecrets(news, provider.configSecrets), checkConfiguration(provider, news));
    }),

    // Never a replacement: it would replace every resource of this provider.
    diffConfig: unary<pb.DiffRequest, pb.DiffResponse>(async () =>
      new providers.DiffResponse().setChanges(providers.DiffResponse.DiffChanges.DIFF_NONE),
    ),

    configure: unary<pb.ConfigureRequest, pb.ConfigureResponse>(async (request) => {
      await context.configure(bareNames(request.getVariablesMap().toArray()));
      return new providers.ConfigureResponse().setAcceptsecrets(false).setSupportspreview(true).setAcceptresources(false);
    }),

    check: unary<pb.CheckRequest, pb.CheckResponse>(async (request) => {
      const resource = resourceOf(request);
      const news = fromStruct(request.getNews());
      return checkResponse(wrapSecrets(news, resource.secrets), checkInputs(resource, fromStruct(request.getOlds()), news));
    }),

    diff: unary<pb.DiffRequest, pb.DiffResponse>(async (request) => {
      const resource = resourceOf(request);
      const news = fromStruct(request.getNews());
      // States written by other versions of the engine may lack old inputs: then the outputs of the same names are the nearest.
      const olds = request.hasOldInputs() ? fromStruct(request.getOldInputs()) : sameNames(fromStruct(request.getOlds()), news);
      const state = fromStruct(request.getOlds());
      const changes = materialChanges(resource, { olds, news, state, ignoreChanges: request.getIgnorechangesList() });
      return diffResponse(resource, changes, changes.length === 0 ? resource.due?.(state) : undefined);
    }),

    create: unary<pb.CreateRequest, pb.CreateResponse>(async (request, caller) => {
      const resource = resourceOf(request);
      const inputs = fromStruct(request.getProperties());
      const response = new providers.CreateResponse();
      if (request.getPreview()) {
        const unknowns = Object.fromEntries(outputNames(resource).map((name) => [name, unknown]));
        const state = { ...unknowns, ...inputs, ...resource.preview?.(inputs) };
        return response.setProperties(toStruct(wrapSecrets(state, resource.secrets)));
      }
      const created = await operate(request, resource, caller, [inputs], { inputs }, (made, call) =>
        resource.create(inputs, made, call),
      );
      return response.setId(created.id).setProperties(toStruct(wrapSecrets({ ...inputs, ...created.state }, resource.secrets)));
    }),

    read: unary<pb.ReadRequest, pb.ReadResponse>(async (request, caller) => {
      const resource = resourceOf(request);
      const inputs = fromStruct(request.getInputs());
      const state = fromStruct(request.getProperties());
      const known = Object.keys(inputs).length > 0 ? { inputs, state } : undefined;
      const found = await operate(request, resource, caller, [inputs, state], {}, (made, call) =>
        resource.read(request.getId(), made, call, known),
      );
      const response = new providers.ReadResponse();
      // Without id and properties the engine drops the object from state: only a query that succeeded may say so.
      if (!found) return response;
      return response
        .setId(found.id)
        .setProperties(toStruct(wrapSecrets({ ...found.inputs, ...found.state }, resource.secrets)))
        .setInputs(toStruct(wrapSecrets(found.inputs, resource.secrets)));
    }),

    update: unary<pb.UpdateRequest, pb.UpdateResponse>(async (request, caller) => {
      const resource = resourceOf(request);
      const state = fromStruct(request.getOlds());
      const inputs = fromStruct(request.getNews());
      const oldInputs = request.hasOldInputs() ? fromStruct(request.getOldInputs()) : sameNames(state, inputs);
      const response = new providers.UpdateResponse();
      if (request.getPreview()) {
        const stable = new Set<string>(resource.stable ?? []);
        // An input that was taken out without a change still stands in the outputs: it is none of them.
        const given = inputNames(resource);
        const outputs = Object.entries(state).filter(([name]) => !Object.hasOwn(oldInputs, name) && !given.has(name));
        const kept = Object.fromEntries(outputs.map(([name, value]) => [name, stable.has(name) ? value : unknown]));
        return response.setProperties(toStruct(wrapSecrets({ ...kept, ...inputs }, resource.secrets)));
      }
      const updated = await operate(request, resource, caller, [state, inputs, oldInputs], { inputs }, (made, call) =>
        resource.update(request.getId(), state, inputs, made, call, oldInputs),
      );
      return response.setProperties(toStruct(wrapSecrets({ ...inputs, ...updated }, resource.secrets)));
    }),

    delete: unary<pb.DeleteRequest, empties.Empty>(async (request, caller) => {
      const resource = resourceOf(request);
      const state = fromStruct(request.getProperties());
      await operate(request, resource, caller, [state], {}, (made, call) => resource.delete(request.getId(), state, made, call));
      return new empties.Empty();
    }),

    invoke: unary<pb.InvokeRequest, pb.InvokeResponse>(async (request, caller) => {
      const fn = functions.get(request.getTok());
      if (!fn) throw new OperatorError(`${provider.name} ${provider.version} has no function ${request.getTok()}`);
      const args = fromStruct(request.getArgs());
      const failures = checkShape(fn.inputs, args);
      if (failures.length > 0) return new providers.InvokeResponse().setFailuresList(failures.map(checkFailure));
      const made = await context.get();
      const result = await around.calls.run({ timeoutSeconds: 0, caller, log: () => {} }, (call) => fn.run(args, made, call));
      return new providers.InvokeResponse().setReturn(toStruct(result));
    }),

    cancel: unary(async () => {
      around.calls.cancelAll("the engine cancelled the operation");
      return new empties.Empty();
    }),

    attach: unary(async () => new empties.Empty()),
  };
}

/** A handler whose thrown errors become gRPC errors, with a signal that aborts when the caller goes away. */
function unary<Request, Response>(
  handle: (request: Request, caller: AbortSignal) => Promise<Response>,
): handleUnaryCall<Request, Response> {
  return (call, respond) => {
    const gone = new AbortController();
    call.on("cancelled", () =>
      gone.abort(Object.assign(new Error("stopped: the engine ended the call"), { name: "AbortError" })),
    );
    handle(call.request, gone.signal).then(
      (response) => respond(null, response),
      (error: unknown) => respond(isServiceError(error) ? error : toServiceError(error)),
    );
  };
}

function isServiceError(error: unknown): error is Error & { code: number } {
  return error instanceof Error && "metadata" in error && "code" in error;
}

function checkResponse(inputs: Properties, failures: readonly CheckFailure[]): pb.CheckResponse {
  return new providers.CheckResponse().setInputs(toStruct(inputs)).setFailuresList(failures.map(checkFailure));
}

function checkFailure(failure: CheckFailure): pb.CheckFailure {
  return new providers.CheckFailure().setProperty(failure.property).setReason(failure.reason);
}

function diffResponse(
  resource: Resource<Properties, Properties, never>,
  changes: readonly PropertyChange[],
  due: string | undefined,
): pb.DiffResponse {
  const response = new providers.DiffResponse().setHasdetaileddiff(true);
  const replacing = new Set<string>(resource.replaceOnChange ?? []);
  const changed = [...new Set(changes.map((change) => change.property))];
  const replaces = changed.filter((property) => replacing.has(property));
  for (const change of changes) {
    const kind = kinds[change.kind][replacing.has(change.property) ? 1 : 0];
    response.getDetaileddiffMap().set(change.path, new providers.PropertyDiff().setKind(kind).setInputdiff(true));
  }
  if (due !== undefined) {
    response.getDetaileddiffMap().set(due, new providers.PropertyDiff().setKind(Kind.UPDATE).setInputdiff(false));
    changed.push(due);
  }
  const { DIFF_NONE, DIFF_SOME } = providers.DiffResponse.DiffChanges;
  return response
    .setChanges(changed.length > 0 ? DIFF_SOME : DIFF_NONE)
    .setDiffsList(changed)
    .setReplacesList(replaces)
    .setStablesList(replaces.length > 0 ? [] : [...(resource.stable ?? [])]);
}

const Kind = providers.PropertyDiff.Kind;
const kinds = {
  add: [Kind.ADD, Kind.ADD_REPLACE],
  delete: [Kind.DELETE, Kind.DELETE_REPLACE],
  update: [Kind.UPDATE, Kind.UPDATE_REPLACE],
} as const;

function sameNames(state: Properties, inputs: Properties): Properties {
  return Object.fromEntries(Object.entries(state).filter(([name]) => Object.hasOwn(inputs, name)));
}

/** `urn:pulumi:stack::project::parent$railway:index:Volume::name`: the type is the last `$` segment. */
function typeOfUrn(urn: string): string {
  return urn.split("::")[2]?.split("$").at(-1) ?? "";
}
