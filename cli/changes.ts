/** The engine's events, sorted by tenant: what is going on now, and what was done in the end. */
import type { EngineEvent } from "../engine/events.ts";
import { dataTypes, isVendors } from "../infra/resource-types.ts";

/** Operations that change nothing at a vendor. */
const quiet = new Set(["same", "read", "read-replacement", "refresh", "import"]);
/** The steps of a replacement; which one comes first depends on the resource. */
const replacing = new Set(["create-replacement", "replace", "delete-replaced"]);
const uidIn = /tn_[a-z0-9]{10}/;
/** What the SDK says of a resource that needs one that failed; the failure has its own message. */
const aftermath = /\bresource \S+ \[\S+\] failed to register/;
/** What belongs to no tenant: identity providers, providers, the stack itself. */
export const shared = "(account)";

export interface TenantChanges {
  /** Done, by operation; what stayed as it is counts as `same`. */
  readonly done: Map<string, number>;
  readonly underWay: Set<string>;
  /** Logical names of the resources that failed. */
  readonly failed: string[];
}

/** Counts what the engine reports; a resource that is reported twice counts once. */
export class Changes {
  readonly tenants = new Map<string, TenantChanges>();
  readonly errors: string[] = [];
  /** What the rules of policies/ said. */
  readonly policies: Extract<EngineEvent, { kind: "policy" }>[] = [];
  /** Owners by the logical names of what holds data and is replaced. */
  readonly replaced = new Map<string, string>();
  /** Types of what was made. */
  readonly made = new Set<string>();
  readonly #seen = new Set<string>();

  take(event: EngineEvent): void {
    if (event.kind === "diagnostic") {
      const said = event.severity === "error" && !aftermath.test(event.message) && !this.errors.includes(event.message);
      if (said) this.errors.push(event.message);
      return;
    }
    if (event.kind === "policy") {
      this.policies.push(event);
      return;
    }
    if (event.kind !== "resource" || !isVendors(event.type)) return;
    const name = event.urn.split("::").at(-1) ?? event.urn;
    const owner = uidIn.exec(name)?.[0] ?? shared;
    const changes: TenantChanges = this.tenants.get(owner) ?? { done: new Map(), underWay: new Set(), failed: [] };
    this.tenants.set(owner, changes);
    if (replacing.has(event.op) && event.type in dataTypes) this.replaced.set(name, owner);
    if (event.state === "started") {
      if (!quiet.has(event.op)) changes.underWay.add(event.urn);
      return;
    }
    changes.underWay.delete(event.urn);
    const key = `${event.urn} ${event.op} ${event.state}`;
    if (this.#seen.has(key)) return;
    this.#seen.add(key);
    if (event.state === "failed") {
      changes.failed.push(name);
      return;
    }
    if (event.op.startsWith("create")) this.made.add(event.type);
    changes.done.set(event.op, (changes.done.get(event.op) ?? 0) + 1);
  }

  /** Counts what an earlier run of the same command did, too; what failed there was tried again here. */
  after(earlier: Changes): this {
    for (const [owner, { done }] of earlier.tenants) {
      const changes: TenantChanges = this.tenants.get(owner) ?? { done: new Map(), underWay: new Set(), failed: [] };
      this.tenants.set(owner, changes);
      for (const [op, times] of done) if (!quiet.has(op)) changes.done.set(op, (changes.done.get(op) ?? 0) + times);
    }
    for (const type of earlier.made) this.made.add(type);
    for (const [name, owner] of earlier.replaced) this.replaced.set(name, owner);
    return this;
  }

  /** Operations that changed (or, in a preview, would change) something. */
  get count(): number {
    let count = 0;
    for (const { done } of this.tenants.values()) for (const [op, times] of done) if (!quiet.has(op)) count += times;
    return count;
  }
}

/** `12 created, 1 updated, 4 unchanged` */
export function describeDone({ done, failed }: TenantChanges): string {
  const words: Record<string, string> = {
    create: "created",
    update: "updated",
    delete: "deleted",
    same: "unchanged",
    replace: "replaced",
  };
  const parts = [...done].map(([op, times]) => `${times} ${words[op] ?? op}`);
  if (failed.length > 0) parts.push(`${failed.length} failed`);
  return parts.join(", ") || "nothing";
}
