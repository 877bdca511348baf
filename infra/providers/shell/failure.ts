/** How a thrown error reaches the engine: short for the operator's mistakes and the vendor's refusals, with the stack for our own bugs,
 *  and always without secrets. */
import { Metadata, type ServiceError, status } from "@grpc/grpc-js";
import providers from "@pulumi/pulumi/proto/provider_pb.js";
import statuses from "@pulumi/pulumi/proto/status_pb.js";
import anys from "google-protobuf/google/protobuf/any_pb.js";
import { OperatorError, redact, VendorError } from "../../../domain/error.ts";
import { type Properties, Unfinished } from "./resource.ts";
import { wrapSecrets } from "./secret.ts";
import { toStruct } from "./struct.ts";

export interface FailureContext {
  /** Texts of this call's own secrets, hidden besides the registered ones. */
  readonly hidden?: readonly string[];
  /** Names of secret properties, for the state that an unfinished object leaves. */
  readonly secrets?: readonly string[];
  /** The inputs of the call: they belong to the state that an unfinished object leaves. */
  readonly inputs?: Properties;
}

/** The gRPC error for anything thrown. `Unfinished` becomes ErrorResourceInitFailed: the object stays in state, and the next `up` updates it. */
export function toServiceError(error: unknown, context: FailureContext = {}): ServiceError {
  const message = clean(explain(error), context.hidden);
  const metadata = new Metadata();
  if (error instanceof Unfinished) {
    const failed = new providers.ErrorResourceInitFailed();
    failed.setId(error.id);
    const inputs = error.inputs ?? context.inputs;
    failed.setProperties(toStruct(wrapSecrets({ ...inputs, ...error.state }, context.secrets)));
    failed.setReasonsList([message]);
    if (inputs) failed.setInputs(toStruct(wrapSecrets(inputs, context.secrets)));
    const detail = new anys.Any();
    detail.pack(failed.serializeBinary(), "pulumirpc.ErrorResourceInitFailed");
    const body = new statuses.Status();
    body.setCode(status.UNKNOWN);
    body.setMessage(message);
    body.addDetails(detail);
    // gRPC for Node has no structured error details; Go's client reads them from this header.
    metadata.add("grpc-status-details-bin", Buffer.from(body.serializeBinary()));
  }
  return Object.assign(new Error(message), { code: status.UNKNOWN, details: message, metadata });
}

/** A text without registered secrets and without the given ones. */
export function clean(text: string, hidden: readonly string[] = []): string {
  let result = text;
  for (const secret of [...hidden].sort((a, b) => b.length - a.length)) result = result.replaceAll(secret, "[secret]");
  return redact(result);
}

function explain(error: unknown): string {
  if (!(error instanceof Error)) return `bug: thrown ${String(error)}`;
  const expected =
    error instanceof OperatorError || error instanceof VendorError || error instanceof Unfinished || error.name === "AbortError";
  return expected ? error.message : (error.stack ?? error.message);
}
