/** The engine's part, small enough to be stopped anywhere: it speaks to the real providers' processes over gRPC, in the program's order, and keeps what Pulumi's engine
 *  would have written down by then. */
import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { status } from "@grpc/grpc-js";
import { root } from "../../cli/context.ts";
import type { PlannedResource } from "../../infra/planned.ts";
import type { Properties } from "../../infra/providers/shell/resource.ts";
import { secretSignature, signatureKey } from "../../infra/providers/shell/secret.ts";
import { connectProvider, initFailed } from "../../infra/providers/shell/wire.ts";
import { neutralEnvironment } from "../checkout.ts";
import { inert, isProperties, known } from "./edits-model.ts";

/** One resource as the state has it. */
interface Held {
  readonly name: string;
  readonly kind: string;
  readonly id: string;
  readonly inputs: Properties;
  readonly outputs: Properties;
  /** Exists and is not as wanted: the next run updates it. */
  readonly unfinished: boolean;
  /** Retained when it leaves the program. */
  readonly keep: boolean;
  /** Name of the resource with which it goes. */
  readonly deletedWith: string | undefined;
}

/** What is written down after each step. JSON. */
export interface State {
  /** In the order in which they were made. */
  readonly held: readonly Held[];
  /** Names of creates that were begun and whose end nobody knows. */
  readonly pending: readonly string[];
}

export const nothing: State = { held: [], pending: [] };

type Wire = ReturnType<typeof connectProvider>;

/** The providers' processes, started when a resource wants one. */
export class Plugins {
  readonly #env: Readonly<Record<string, string>>;
  readonly #running = new Map<string, Promise<{ readonly child: ChildProcess; readonly wire: Wire }>>();

  constructor(env: Readonly<Record<string, string>>) {
    this.#env = env;
  }

  /** undefined for another's resource. */
  of(kind: string): Promise<Wire> | undefined {
    const name = kind.split(":")[0] ?? "";
    if (name !== "railway" && name !== "openrouter") return undefined;
    const running = this.#running.get(name) ?? this.#start(name);
    this.#running.set(name, running);
    return running.then(({ wire }) => wire);
  }

  async #start(name: string) {
    const file = join(root, "infra", "providers", name, `pulumi-resource-${name}`);
    const env = { ...neutralEnvironment(), NODE_COMPILE_CACHE: join(root, ".fleet", "compile-cache"), ...this.#env };
    const child = spawn(file, [], { env, stdio: ["ignore", "pipe", "inherit"] });
    for await (const line of createInterface({ input: child.stdout })) {
      const wire = connectProvider(Number(line));
      await wire.configure({});
      return { child, wire };
    }
    throw new Error(`${file} ended before it said its port`);
  }

  /** SIGKILL: nothing can be finished, and no call is answered any more. */
  async kill(): Promise<void> {
    for (const running of this.#running.values()) {
      const { child, wire } = await running;
      const over = new Promise((done) => child.once("close", done));
      if (child.kill("SIGKILL")) await over;
      wire.close();
    }
    this.#running.clear();
  }
}

export class WireEngine {
  readonly #plugins: Plugins;
  readonly #held: Map<string, Held>;
  readonly #pending: Set<string>;

  constructor(plugins: Plugins, state: State) {
    this.#plugins = plugins;
    this.#held = new Map(state.held.map((one) => [one.name, one]));
    this.#pending = new Set(state.pending);
  }

  get state(): State {
    return { held: [...this.#held.values()], pending: [...this.#pending] };
  }

  /** One run: every resource as planned, then what is planned no more. After creates whose end nobody knows, what the state has is looked at first, as `fleet up` does. */
  async up(resources: readonly PlannedResource[], protect: boolean): Promise<void> {
    if (this.#pending.size > 0) await this.refresh();
    const scope = new Map<string, { readonly id: string; readonly outputs: Properties }>();
    for (const planned of resources) scope.set(planned.key, await this.#bring(planned, protect, resources, scope));
    const wanted = new Set(resources.map(({ name }) => name));
    const leaving = [...this.#held.values()].filter(({ name }) => !wanted.has(name)).reverse();
    const going = new Set(leaving.map(({ name }) => name));
    for (const one of leaving) {
      const wire = await this.#plugins.of(one.kind);
      if (!one.keep && !going.has(one.deletedWith ?? "")) await wire?.delete(typeOf(one.kind), one.id, one.outputs);
      this.#held.delete(one.name);
    }
  }

  /** Brings the state in line with the vendors. */
  async refresh(): Promise<void> {
    for (const one of this.#held.values()) {
      const wire = await this.#plugins.of(one.kind);
      const read = await wire?.read(typeOf(one.kind), one.id, { inputs: one.inputs, state: one.outputs });
      if (read?.id === "") this.#held.delete(one.name);
      else if (read) this.#held.set(one.name, { ...one, inputs: bare(read.inputs), outputs: bare(read.properties) });
    }
    this.#pending.clear();
  }

  /** What a run would do, by name. */
  async preview(resources: readonly PlannedResource[]): Promise<string[]> {
    const scope = new Map<string, { readonly id: string; readonly outputs: Properties }>();
    const changes: string[] = [];
    for (const planned of resources) {
      const wire = await this.#plugins.of(planned.kind);
      const before = this.#held.get(planned.name);
      scope.set(planned.key, before ?? inert(planned.name));
      if (!wire) continue;
      const inputs = argumentsOf(planned, scope);
      const changed = before ? await changesOf(wire, before, inputs) : ["to be made"];
      if (changed.length > 0) changes.push(`${planned.name}: ${changed.join(", ")}`);
    }
    const wanted = new Set(resources.map(({ name }) => name));
    return [...changes, ...[...this.#held.keys()].filter((name) => !wanted.has(name)).map((name) => `${name}: to be deleted`)];
  }

  async #bring(
    planned: PlannedResource,
    protect: boolean,
    all: readonly PlannedResource[],
    scope: ReadonlyMap<string, { readonly id: string; readonly outputs: Properties }>,
  ): Promise<{ readonly id: string; readonly outputs: Properties }> {
    const { name, kind } = planned;
    const wire = await this.#plugins.of(kind);
    if (!wire) return inert(name);
    const type = typeOf(kind);
    const inputs = argumentsOf(planned, scope);
    const before = this.#held.get(name);
    const { failures } = await wire.check(type, inputs, before?.inputs);
    if (failures.length > 0)
      throw new Error(`${name}: ${failures.map(({ property, reason }) => `${property} ${reason}`).join(", ")}`);
    const options = {
      ...{ name, kind, unfinished: false, keep: planned.keep === true && protect },
      deletedWith: all.find(({ key }) => key === planned.deletedWith)?.name,
    };
    const keep = (id: string, outputs: Properties, unfinished = false) => {
      const held: Held = { ...options, id, inputs, outputs: bare(outputs), unfinished };
      this.#held.set(name, held);
      return held;
    };
    try {
      if (before && !before.unfinished && (await changesOf(wire, before, inputs)).length === 0)
        return keep(before.id, before.outputs);
      if (before) return keep(before.id, await wire.update(type, before.id, before.outputs, before.inputs, inputs));
      this.#pending.add(name);
      const { id, properties } = await wire.create(type, inputs);
      this.#pending.delete(name);
      return keep(id, properties);
    } catch (error) {
      const left = initFailed(error);
      // An answer that says that it failed ends the create; none at all leaves it pending.
      if (left) keep(left.id, left.properties, true);
      if (!isUnavailable(error)) this.#pending.delete(name);
      throw error;
    }
  }
}

async function changesOf(wire: Wire, before: Held, inputs: Properties): Promise<string[]> {
  const diff = await wire.diff(typeOf(before.kind), before.inputs, inputs, [], before.outputs);
  if (diff.replacesList.length > 0) throw new Error(`${before.name} would be replaced for ${diff.replacesList.join(", ")}`);
  return diff.diffsList;
}

function argumentsOf({ name, arguments: planned }: PlannedResource, scope: Parameters<typeof known>[1]): Properties {
  const inputs = known(planned, scope);
  if (!isProperties(inputs)) throw new Error(`bug: ${name} has no arguments`);
  return inputs;
}

/** `railway:Volume` → `railway:index:Volume` */
function typeOf(kind: string): string {
  return kind.replace(":", ":index:");
}

/** Out of the engine's envelope for secrets: a provider that does not take it gets values bare. */
function bare(properties: Properties): Properties {
  const plain: unknown = JSON.parse(JSON.stringify(properties), (_, value: unknown) =>
    isProperties(value) && value[signatureKey] === secretSignature ? value.value : value,
  );
  return isProperties(plain) ? plain : {};
}

function isUnavailable(error: unknown): boolean {
  return error instanceof Error && "code" in error && (error.code === status.UNAVAILABLE || error.code === status.CANCELLED);
}
