import grpc from "@grpc/grpc-js";
import { EventsService } from "@pulumi/pulumi/proto/events_grpc_pb.js";
import type { EventRequest } from "@pulumi/pulumi/proto/events_pb.js";
import empty from "google-protobuf/google/protobuf/empty_pb.js";
import { z } from "zod";
import type { Engine } from "./find.ts";
import { type RunOptions, type RunResult, runPulumi } from "./run.ts";

/** What the engine says while it works. `planning` is true in a preview, also the one that `up` makes before it changes anything. A component may be
 *  reported done twice (registered, then its outputs), and an unchanged resource only done. */
export type EngineEvent =
  | {
      readonly kind: "resource";
      readonly state: "started" | "done" | "failed";
      /** create, update, delete, same, read, import, refresh, create-replacement, … */
      readonly op: string;
      readonly urn: string;
      readonly type: string;
      readonly planning: boolean;
      /** Of what is done and is no longer as it was, also where that changes nothing for the program (the operation is `same` then). */
      readonly difference?: Difference;
    }
  | { readonly kind: "diagnostic"; readonly severity: string; readonly message: string; readonly urn: string | undefined }
  | {
      readonly kind: "policy";
      readonly policy: string;
      readonly level: string;
      readonly message: string;
      readonly urn: string | undefined;
    }
  /** Of the preview or of the update, counted by operation. */
  | { readonly kind: "summary"; readonly changes: Readonly<Record<string, number>>; readonly seconds: number };

/** An object before a step and after it. What is secret has the engine's envelope around `[secret]`, never the value. */
export interface Difference {
  /** Undefined where there was nothing yet. */
  readonly before: ObjectState | undefined;
  /** Undefined where nothing is left. */
  readonly after: ObjectState | undefined;
  /** By property path as the provider has it; empty where it names none. */
  readonly paths: Readonly<Record<string, { readonly diffKind: string; readonly inputDiff: boolean }>>;
}

export interface ObjectState {
  /** The vendor's. */
  readonly id: string;
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly outputs: Readonly<Record<string, unknown>>;
}

export interface EventRun {
  /** Ends when the engine has ended. May be left unread. */
  readonly events: AsyncIterable<EngineEvent>;
  /** As runPulumi. */
  readonly result: Promise<RunResult>;
}

/** Runs `preview`, `up`, `refresh`, `destroy` or `import` and follows every resource. The engine sends its events over gRPC to a port of ours (as to
 *  the Automation API), so there is no file to follow and no text to take apart. Messages may hold what a program printed: redact before showing. */
export async function pulumiEvents(engine: Engine, args: readonly string[], options: RunOptions): Promise<EventRun> {
  const queue = new Queue<EngineEvent>();
  const server = new grpc.Server({ "grpc.max_receive_message_length": 400 * 1024 * 1024 });
  server.addService(EventsService, {
    streamEvents(call: grpc.ServerReadableStream<EventRequest, unknown>, reply: grpc.sendUnaryData<unknown>) {
      call.on("data", (request: EventRequest) => {
        const event = readEvent(request.getEvent());
        if (event) queue.push(event);
      });
      call.on("error", () => undefined);
      call.on("end", () => reply(null, new empty.Empty()));
    },
  });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  const whole = [...args, "--event-log", `tcp://127.0.0.1:${port}`];
  // The flag exists only where commands for debugging do.
  const env = { ...options.env, PULUMI_DEBUG_COMMANDS: "true" };
  const result = runPulumi(engine, whole, { ...options, env }).finally(() => {
    queue.end();
    server.forceShutdown();
  });
  result.catch(() => undefined);
  return { events: queue, result };
}

const Values = z
  .record(z.string(), z.unknown())
  .nullish()
  .transform((values) => values ?? {});
const Side = z.object({ id: z.string().default(""), inputs: Values, outputs: Values }).nullish();
const Metadata = z.object({
  ...{ op: z.string(), urn: z.string(), type: z.string(), old: Side, new: Side },
  detailedDiff: z.record(z.string(), z.object({ diffKind: z.string(), inputDiff: z.boolean().default(false) })).nullish(),
});
const Step = z.object({ metadata: Metadata, planning: z.boolean().default(false) });
const Wire = z.object({
  resourcePreEvent: Step.optional(),
  resOutputsEvent: Step.optional(),
  resOpFailedEvent: Step.optional(),
  diagnosticEvent: z
    .object({ urn: z.string().optional(), message: z.string(), severity: z.string(), ephemeral: z.boolean().optional() })
    .optional(),
  policyEvent: z
    .object({ resourceUrn: z.string().optional(), message: z.string(), policyName: z.string(), enforcementLevel: z.string() })
    .optional(),
  summaryEvent: z.object({ resourceChanges: z.record(z.string(), z.number()).nullish(), durationSeconds: z.number() }).optional(),
});

/** One event as the engine writes it (apitype.EngineEvent); undefined for those of no use here. Exported for tests. */
export function readEvent(json: string): EngineEvent | undefined {
  const wire = Wire.safeParse(JSON.parse(json));
  // Another engine's event that does not fit costs a line of progress, not the run.
  if (!wire.success) return undefined;
  const { resourcePreEvent, resOutputsEvent, resOpFailedEvent, diagnosticEvent, policyEvent, summaryEvent } = wire.data;
  if (resourcePreEvent) return step(resourcePreEvent, "started");
  if (resOutputsEvent) return step(resOutputsEvent, "done");
  if (resOpFailedEvent) return step(resOpFailedEvent, "failed");
  // The SDK's debug messages come even without --debug, and may hold a resource's values.
  if (diagnosticEvent && !diagnosticEvent.ephemeral && diagnosticEvent.severity !== "debug") {
    const { severity, urn } = diagnosticEvent;
    return { kind: "diagnostic", severity, message: plain(diagnosticEvent.message), urn: urn || undefined };
  }
  if (policyEvent) {
    const { policyName, enforcementLevel, resourceUrn } = policyEvent;
    const message = plain(policyEvent.message);
    return { kind: "policy", policy: policyName, level: enforcementLevel, message, urn: resourceUrn || undefined };
  }
  if (summaryEvent)
    return { kind: "summary", changes: summaryEvent.resourceChanges ?? {}, seconds: summaryEvent.durationSeconds };
  return undefined;
}

function step({ metadata, planning }: z.infer<typeof Step>, state: "started" | "done" | "failed"): EngineEvent {
  const { op, urn, type, old: before, new: after, detailedDiff: paths } = metadata;
  const event = { kind: "resource", state, op, urn, type, planning } as const;
  const unchanged = op === "same" && JSON.stringify(before?.outputs) === JSON.stringify(after?.outputs);
  if (state !== "done" || unchanged) return event;
  return { ...event, difference: { before: before ?? undefined, after: after ?? undefined, paths: paths ?? {} } };
}

/** Without the engine's colour marks (`<{%reset%}>`). */
function plain(message: string): string {
  return message.replaceAll(/<\{%[^%]*%\}>/g, "").trimEnd();
}

class Queue<T> implements AsyncIterable<T> {
  readonly #waiting: T[] = [];
  #ended = false;
  #wake: () => void = () => undefined;

  push(item: T): void {
    this.#waiting.push(item);
    this.#wake();
  }

  end(): void {
    this.#ended = true;
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncIterator<T> {
    for (;;) {
      for (let item = this.#waiting.shift(); item !== undefined; item = this.#waiting.shift()) yield item;
      if (this.#ended) return;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}
