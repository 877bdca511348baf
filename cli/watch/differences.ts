/** PURE. What the engine found when it compared a stack's state with the vendors, as objects and fields that a person can look up. */
import { redact } from "../../domain/error.ts";
import type { Difference, EngineEvent, ObjectState } from "../../engine/events.ts";
import { signatureKey } from "../../infra/providers/shell/secret.ts";
import { dataTypes, isVendors } from "../../infra/resource-types.ts";

/** One object that a vendor has otherwise than the state. */
export interface ChangedObject {
  /** Null for what belongs to no tenant (identity providers, settings of the zone). */
  readonly uid: string | null;
  readonly slug: string | null;
  /** The logical name without the uid: `volume`, `app-variables`. */
  readonly resource: string;
  readonly type: string;
  /** The vendor's id as the state has it. */
  readonly id: string;
  readonly what: "changed" | "deleted";
  /** Whether a tenant's data lies in it: a project or volume. */
  readonly holdsData: boolean;
  /** Empty for what was deleted. */
  readonly fields: ChangedField[];
}

export interface ChangedField {
  readonly field: string;
  /** As JSON, cut where it is long; null where there is none. Secrets are `[secret]`, addresses masked. */
  readonly state: string | null;
  readonly vendor: string | null;
}

const uidIn = /^(tn_[a-z0-9]{10})-/;

/** What differs, what can be lost first, then by tenant and name. `slugs` are by uid. */
export function differences(events: Iterable<EngineEvent>, slugs: ReadonlyMap<string, string>): ChangedObject[] {
  const found = new Map<string, ChangedObject>();
  for (const event of events) {
    if (event.kind !== "resource" || !isVendors(event.type) || event.difference === undefined) continue;
    const difference = withoutGrave(event.difference);
    // What a vendor counts or dates by itself.
    if (event.op === "same" && difference.after !== undefined) continue;
    found.set(event.urn, changedObject(event.urn, event.type, difference, slugs));
  }
  const rank = ({ what, holdsData }: ChangedObject) => (what === "changed" ? 2 : holdsData ? 0 : 1);
  const place = ({ slug, uid, resource }: ChangedObject) => `${slug ?? uid ?? ""} ${resource}`;
  return [...found.values()].sort((one, other) => rank(one) - rank(other) || (place(one) < place(other) ? -1 : 1));
}

export interface Ended {
  /** The engine's exit code. */
  readonly code: number;
  readonly stderr: string;
  /** Of the state, and how many of them the vendors answered for. */
  readonly objects: number;
  readonly looked: number;
}

/** Why the comparison is not whole, each reason with the object that it is about; empty where it is. */
export function problemsOf(events: Iterable<EngineEvent>, { code, stderr, objects, looked }: Ended): string[] {
  const unseen = objects > looked ? [`not looked at: ${objects - looked} of ${objects} objects`] : [];
  if (code === 0) return unseen;
  const said = new Set<string>();
  for (const event of events) {
    if (event.kind !== "diagnostic" || event.severity !== "error" || event.message === "preview failed") continue;
    const { message, urn = "" } = event;
    const name = urn.includes("::pulumi:pulumi:Stack::") ? undefined : urn.split("::").at(-1);
    said.add(redact(name ? `${name}: ${message.replace(/^Preview failed: /, "")}` : message));
  }
  const why = said.size > 0 ? [...said] : [redact(stderr.trim() || `pulumi refresh ended with ${code}`)];
  return [...why, ...unseen];
}

/** Cloudflare still answers for a tunnel that was deleted, and everything is as it was but for this date. */
function withoutGrave(difference: Difference): Difference {
  return difference.after?.outputs.deletedAt ? { ...difference, after: undefined } : difference;
}

function changedObject(urn: string, type: string, difference: Difference, slugs: ReadonlyMap<string, string>): ChangedObject {
  const name = urn.split("::").at(-1) ?? urn;
  const [mark = "", uid] = uidIn.exec(name) ?? [];
  const { before, after } = difference;
  return {
    ...{ uid: uid ?? null, slug: slugs.get(uid ?? "") ?? null, resource: name.slice(mark.length), type },
    id: before?.id ?? after?.id ?? "",
    what: after === undefined ? "deleted" : "changed",
    holdsData: type in dataTypes,
    fields: before === undefined || after === undefined ? [] : fieldsOf(before, after, withReasons(type, difference.paths)),
  };
}

function fieldsOf(before: ObjectState, after: ObjectState, paths: Difference["paths"]): ChangedField[] {
  const named = Object.entries(paths);
  const whole = named.length > 0 ? named : differingKeys(before, after);
  return whole
    .map(([field, { diffKind, inputDiff }]): ChangedField => {
      // What a program left to the vendor stands among the outputs only.
      const now = inputDiff ? [after.inputs, after.outputs] : [after.outputs, after.inputs];
      return {
        field: hidden(field),
        state: diffKind.startsWith("add") ? null : shown(valueAt([before.inputs, before.outputs], field)),
        vendor: diffKind.startsWith("delete") ? null : shown(valueAt(now, field)),
      };
    })
    .sort((one, other) => (one.field < other.field ? -1 : 1));
}

/** That somebody opened a service to the whole internet is said by one word of ours; the address is Railway's. */
function withReasons(type: string, paths: Difference["paths"]): Difference["paths"] {
  if (type !== "railway:index:ServiceInstance" || !("publicAddress" in paths)) return paths;
  return { ...paths, publicAddresses: { diffKind: "update", inputDiff: false } };
}

/** Of a provider that only says that something differs. */
function differingKeys(before: ObjectState, after: ObjectState): [string, { diffKind: string; inputDiff: boolean }][] {
  const keys = (side: "inputs" | "outputs") =>
    [...new Set([...Object.keys(before[side]), ...Object.keys(after[side])])].filter(
      (key) => JSON.stringify(before[side][key]) !== JSON.stringify(after[side][key]),
    );
  const inputs = keys("inputs");
  return (inputs.length > 0 ? inputs : keys("outputs")).map((key) => [
    /^\w+$/.test(key) ? key : `[${JSON.stringify(key)}]`,
    { diffKind: "update", inputDiff: inputs.length > 0 },
  ]);
}

const secret = "[secret]";
const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;

/** Of the first place that has it; undefined where none does. Nothing is known from the engine's envelope of a secret on. A property path is `a.b[0]["c.d"]`. */
function valueAt(places: readonly unknown[], path: string): unknown {
  const steps = [...path.matchAll(/\["((?:[^"\\]|\\.)*)"\]|\[(\d+)\]|([^.[\]]+)/g)].map(
    ([, quoted, index, plain]) => quoted?.replaceAll(/\\(.)/g, "$1") ?? index ?? plain ?? "",
  );
  for (const place of places) {
    let value: unknown = place;
    for (const step of steps) {
      if (!isObject(value) || signatureKey in value) break;
      value = Object.hasOwn(value, step) ? value[step] : undefined;
    }
    if (value !== undefined) return value;
  }
  return undefined;
}

const mostCharacters = 200;

function shown(value: unknown): string | null {
  if (value === undefined || value === null) return null;
  if (isObject(value) && signatureKey in value) return secret;
  const text = hidden(JSON.stringify(value, (_, inner) => (isObject(inner) && signatureKey in inner ? secret : inner)));
  return text.length > mostCharacters ? `${text.slice(0, mostCharacters)}…` : text;
}

/** Also what looks like a token: a person may have put one where our program keeps none. Digests and ids have no capitals. */
function hidden(text: string): string {
  return redact(text).replaceAll(/(?<![\w+=-])(?=[\w+=-]*[a-z])(?=[\w+=-]*[A-Z])(?=[\w+=-]*\d)[\w+=-]{24,}/g, secret);
}
