/** A stack without the engine, quick enough for hundreds of lives: the real guards, the real plan and the provider's own resources against the emulated
 *  Railway; what the engine adds (order, protect, retainOnDelete, deletedWith) is modelled here. The engine's own word is asked in edits-stack.ts. */
import { OperatorError, RefusedError } from "../../domain/error.ts";
import { overBudget } from "../../infra/budget.ts";
import { refuseChangedIdentity } from "../../infra/identity.ts";
import { planFleet } from "../../infra/plan.ts";
import type { PlannedResource } from "../../infra/planned.ts";
import type { RailwayContext } from "../../infra/providers/railway/context.ts";
import { project } from "../../infra/providers/railway/project.ts";
import { service } from "../../infra/providers/railway/service.ts";
import { serviceInstance } from "../../infra/providers/railway/service-instance.ts";
import { variableCollection } from "../../infra/providers/railway/variable-collection.ts";
import { volume } from "../../infra/providers/railway/volume.ts";
import { volumeBackup } from "../../infra/providers/railway/volume-backup.ts";
import { checkInputs } from "../../infra/providers/shell/check.ts";
import { diffInputs } from "../../infra/providers/shell/diff.ts";
import type { Call, Properties, Resource } from "../../infra/providers/shell/resource.ts";
import { methodNames, type Settings } from "../../infra/settings.ts";
import { type FormerTenants, refuseVanished } from "../../infra/vanished.ts";
import type { TenantFile } from "../../tenants/load.ts";
import { resolveStack } from "../../tenants/resolve.ts";
import type { QuickRailway } from "./edits-railway.ts";

type Provided = Resource<Properties, Properties, RailwayContext>;
/** A resource's own types end here, as they do at the engine's wire: its inputs are checked before it sees them. */
const provided = new Map<string, Provided>(
  [project, service, volume, volumeBackup, variableCollection, serviceInstance].map((one) => [
    one.token.replace(":index:", ":"),
    one as unknown as Provided,
  ]),
);

interface Held {
  readonly planned: PlannedResource;
  readonly id: string;
  readonly inputs: Properties;
  readonly outputs: Properties;
}

/** What the stack knows and Railway has, to begin another life from. */
export interface Saved {
  readonly held: readonly (readonly [string, Held])[];
  readonly former: FormerTenants;
  readonly railway: ReturnType<QuickRailway["save"]>;
}

const call: Call = { signal: new AbortController().signal, log: () => undefined };

export class ModelStack {
  /** Resources by logical name, in the order in which they were made. */
  #held = new Map<string, Held>();
  #former: FormerTenants = new Map();
  readonly #settings: Settings;
  readonly #railway: QuickRailway;

  constructor(settings: Settings, railway: QuickRailway) {
    this.#settings = settings;
    this.#railway = railway;
  }

  save(): Saved {
    return { held: [...this.#held], former: this.#former, railway: this.#railway.save() };
  }

  restore({ held, former, railway }: Saved): void {
    this.#held = new Map(held);
    this.#former = former;
    this.#railway.restore(railway);
  }

  /** The last run's tenants. */
  get former(): FormerTenants {
    return this.#former;
  }

  /** Preview and up in one: what the guards refuse changes nothing, everything else is made. Throws where the provider or the engine would fail although the
   *  guards let it pass. */
  async up(files: readonly TenantFile[]): Promise<"done" | "refused"> {
    const settings = this.#settings;
    try {
      const tenants = resolveStack(files, { ...settings, loginMethods: methodNames(settings.loginMethods) });
      if (tenants.length > 0) this.#refuseLosses(tenants);
      refuseChangedIdentity(files, this.#former);
      const present = new Set(files.map(({ entry }) => entry.uid));
      refuseVanished({ stack: settings.stack, former: this.#former, present, protect: settings.protect, allowed: [] });
      const plan = planFleet(
        settings,
        tenants.map((tenant) => ({ ...tenant, opened: true as const })),
      );
      await this.#make(plan.tenants.map(({ resources }) => resources));
      this.#former = new Map(plan.tenants.map(({ uid, facts }) => [uid, { ...facts }]));
      return "done";
    } catch (error) {
      if (error instanceof RefusedError) return "refused";
      throw error instanceof OperatorError ? new Error(`the guards let pass what then failed: ${error.message}`) : error;
    }
  }

  #refuseLosses(tenants: ReturnType<typeof resolveStack>): void {
    const resources = [...this.#held].map(([name, { planned, inputs }]) => ({
      ...{ type: planned.kind.replace(":", ":index:"), name, inputs },
      protect: keeps(planned, this.#settings),
    }));
    const problems = overBudget({ resources, former: this.#former }, { settings: this.#settings, tenants, allowed: [] });
    if (problems.length > 0) throw new RefusedError(problems);
  }

  async #make(tenants: readonly (readonly PlannedResource[])[]): Promise<void> {
    const context = { railway: this.#railway.client(), fresh: new Set<string>() };
    const wanted = new Set(tenants.flat().map(({ name }) => name));
    for (const resources of tenants) {
      const scope = new Map<string, Held>();
      for (const planned of resources) {
        const inputs = known(planned.arguments, scope);
        if (!isProperties(inputs)) throw new Error(`${planned.name} has no arguments`);
        const held = await this.#bring(planned, inputs, context);
        this.#held.set(planned.name, held);
        scope.set(planned.key, held);
      }
    }
    const leaving = [...this.#held].filter(([name]) => !wanted.has(name)).toReversed();
    for (const [name, held] of leaving) {
      if (keeps(held.planned, this.#settings)) throw new Error(`${name} is protected, but the guards let its deletion pass`);
      const { deletedWith } = held.planned;
      const owner = name.slice(0, "tn_0123456789".length);
      const withIt = leaving.some(([, { planned }]) => planned.key === deletedWith && planned.name.startsWith(owner));
      if (!withIt) await provided.get(held.planned.kind)?.delete(held.id, held.outputs, context, call);
      this.#held.delete(name);
    }
  }

  /** Creates, updates or leaves as it is. */
  async #bring(planned: PlannedResource, inputs: Properties, context: RailwayContext): Promise<Held> {
    const before = this.#held.get(planned.name);
    const resource = provided.get(planned.kind);
    if (!resource) return { planned, inputs, ...inert(planned.name) };
    const wrong = checkInputs(resource, before?.inputs ?? {}, inputs);
    if (wrong.length > 0)
      throw new OperatorError(wrong.map(({ property, reason }) => ({ message: `${planned.name}: ${property} ${reason}` })));
    const changes = before ? diffInputs(before.inputs, inputs) : [];
    if (before && changes.length === 0) return { ...before, planned };
    if (before && !changes.some(({ property }) => resource.replaceOnChange?.includes(property))) {
      const outputs = await resource.update(before.id, before.outputs, inputs, context, call, before.inputs);
      return { ...before, planned, inputs, outputs };
    }
    if (before && planned.keep) throw new Error(`${planned.name} would be replaced`);
    const { id, state } = await resource.create(inputs, context, call);
    return { planned, id, inputs, outputs: state };
  }
}

/** Protected, and retained when it leaves the program. */
function keeps({ keep }: PlannedResource, { protect }: Settings): boolean {
  return keep === true && protect;
}

/** Another vendor's resource: it has outputs and nothing else here. */
export function inert(name: string): { readonly id: string; readonly outputs: Properties } {
  const text = `${name}-value`;
  return { id: text, outputs: { id: text, result: text, hex: text, base64: text, hash: text, key: text, aud: text } };
}

export function isProperties(value: unknown): value is Properties {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Where expressions find what they name: what was made, by key. */
export type Scope = ReadonlyMap<string, { readonly id: string; readonly outputs: Properties }>;

/** A planned value with everything known. */
export function known(value: unknown, scope: Scope): unknown {
  if (Array.isArray(value)) return value.map((item: unknown) => known(item, scope));
  if (!isProperties(value)) return value;
  const { ref, join, base64Json, keyedHash, secret } = value;
  if (typeof ref === "string") return outputOf(ref, scope);
  if (Array.isArray(join)) return join.map((part: unknown) => String(known(part, scope))).join("");
  if (base64Json !== undefined) return JSON.stringify(known(base64Json, scope));
  if (keyedHash !== undefined) return JSON.stringify(known(keyedHash, scope));
  if (typeof secret === "string") return secret;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, known(inner, scope)]));
}

function outputOf(ref: string, scope: Scope): unknown {
  const dot = ref.lastIndexOf(".");
  const [key, name] = [ref.slice(0, dot), ref.slice(dot + 1)];
  if (key.startsWith("account/")) return `${key}-id`;
  const held = scope.get(key);
  if (!held) throw new Error(`${ref} is named before it is made`);
  return name === "id" ? held.id : held.outputs[name];
}
