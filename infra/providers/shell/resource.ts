/** What a resource is to the provider shell: a plain object over (inputs, state, context). The shell alone knows gRPC and Pulumi's protocol. */
import type { z } from "zod";

/** Plain JSON values; the engine's unknown sentinel may stand anywhere in inputs during preview. */
export type Properties = Record<string, unknown>;

/** Chance to stop: aborted when the engine cancels or its deadline for the resource passes. */
export interface Call {
  readonly signal: AbortSignal;
  /** A line for the engine's diagnostics of this resource (progress); secrets are redacted by the shell. */
  readonly log: (message: string) => void;
}

export interface Created<State> {
  readonly id: string;
  readonly state: State;
}

export interface Found<Inputs, State> extends Created<State> {
  /** In the program's shape, so that refresh and import show no false difference. */
  readonly inputs: Inputs;
}

/** Thrown by create or update when the object exists but is not finished: it stays in state with its id and the next `up` calls update. `inputs` are what
 *  state shall hold as the program's words, where not all that it wrote came true; else they are what it wrote. */
export class Unfinished<State extends Properties = Properties> extends Error {
  readonly id: string;
  readonly state: State;
  readonly inputs: Properties | undefined;
  constructor(id: string, state: State, reason: string, options?: ErrorOptions & { readonly inputs?: Properties }) {
    super(reason, options);
    this.name = "Unfinished";
    this.id = id;
    this.state = state;
    this.inputs = options?.inputs;
  }
}

export interface Resource<Inputs extends Properties, State extends Properties, Context> {
  /** `railway:index:Volume` */
  readonly token: string;
  /** One line for the schema and the docs. */
  readonly description: string;
  /** check() and its messages come from here. No transforms and no defaults (the engine keeps what the program wrote, and the schema is generated
   *  from it). Unknown values pass. */
  readonly inputs: z.ZodType<Inputs>;
  /** The outputs' shape (inputs included): the schema, and which outputs are unknown in preview. */
  readonly outputs?: z.ZodType;
  /** Inputs whose change replaces the object. */
  readonly replaceOnChange?: readonly (keyof Inputs & string)[];
  /** Inputs whose change is refused by Check, because it would need a new object that must never be made. */
  readonly refuseChange?: readonly (keyof Inputs & string)[];
  /** Optional inputs whose absence means "as it is at the vendor": taking one out of the program changes nothing, and after an import it need not be
   *  written at all. */
  readonly leftAlone?: readonly (keyof Inputs & string)[];
  /** Whether the new value asks nothing of the vendor that state does not hold already: no change is shown, and the engine keeps the new value. */
  sameMeaning?(property: keyof Inputs & string, before: unknown, after: unknown, state: Partial<State>): boolean;
  /** The output that says that an update is due although no input changes: what a refresh found half done. It is shown as the change. */
  due?(state: Partial<State>): (keyof State & string) | undefined;
  /** What an id looks like, for people who import: `<projectId>/<serviceId>`. */
  readonly importId?: string;
  /** Outputs that stay known while the object is updated (ids). Everything else of the state is unknown in preview when an input changes. */
  readonly stable?: readonly (keyof State & string)[];
  /** Inputs and outputs that are secret: wrapped in the engine's envelope in every answer. */
  readonly secrets?: readonly string[];
  /** Further rules over inputs that are all known, all problems at once. */
  check?(inputs: Inputs, old: Inputs | undefined): readonly { readonly property: string; readonly reason: string }[];
  /** Outputs known already in preview of a create; the inputs may hold unknowns. */
  preview?(inputs: Inputs): Partial<State>;
  create(inputs: Inputs, context: Context, call: Call): Promise<Created<State>>;
  /** undefined = a successful query found nothing: it is gone. A read that fails throws. `known` is absent on import. */
  read(
    id: string,
    context: Context,
    call: Call,
    known?: { readonly inputs: Inputs; readonly state: State },
  ): Promise<Found<Inputs, State> | undefined>;
  update(id: string, state: State, inputs: Inputs, context: Context, call: Call, oldInputs: Inputs): Promise<State>;
  /** "Not found" is success. */
  delete(id: string, state: State, context: Context, call: Call): Promise<void>;
}

/** A function of the provider (`Invoke`): reads something, makes nothing. */
export interface ProviderFunction<Inputs extends Properties, Context> {
  /** `cloudflare:index/getZone:getZone` */
  readonly token: string;
  readonly description: string;
  readonly inputs: z.ZodType<Inputs>;
  readonly outputs?: z.ZodType;
  run(inputs: Inputs, context: Context, call: Call): Promise<Properties>;
}
