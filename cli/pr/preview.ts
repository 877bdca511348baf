/** PURE. The engine's preview (`pulumi preview --json`) by tenant. Only operations and names of properties are kept: states may hold what a provider made. */
import { z } from "zod";
import { OperatorError } from "../../domain/error.ts";
import { dataTypes, isVendors } from "../../infra/resource-types.ts";
import type { ResourceChange } from "./report.ts";

export interface PreviewedResource extends Omit<ResourceChange, "properties"> {
  readonly properties: readonly string[];
  /** Null for what the whole account shares. */
  readonly uid: string | null;
}

export interface Preview {
  readonly resources: readonly PreviewedResource[];
  /** What the engine or the program complained about, as it said it. */
  readonly errors: readonly string[];
  /** Null where no policies were asked: the engine's JSON does not tell. */
  readonly policies: readonly PolicyResult[] | null;
}

export interface PolicyResult {
  readonly policy: string;
  readonly level: string;
  readonly message: string;
  readonly uid: string | null;
}

const Step = z.object({
  op: z.string(),
  urn: z.string(),
  diffReasons: z.array(z.string()).nullish(),
  replaceReasons: z.array(z.string()).nullish(),
});
const Document = z.object({
  steps: z.array(Step).nullish(),
  diagnostics: z.array(z.object({ severity: z.string().nullish(), message: z.string().nullish() })).nullish(),
});

/** Reads what `pulumi preview --json` printed for a stack. `shown` names it in the OperatorError for what is none, or another stack's. */
export function readPreview(text: string, shown: string, stack: string): Preview {
  const parsed = Document.safeParse(parseJson(text));
  if (!parsed.success)
    throw new OperatorError([
      { file: shown, message: "is no preview; make one with: pulumi preview --json --stack <name> > preview.json" },
    ]);
  const { steps, diagnostics } = parsed.data;
  const other = (steps ?? []).map(({ urn }) => /^urn:pulumi:([^:]+)::/.exec(urn)?.[1]).find((owner) => owner !== stack);
  if (other !== undefined) throw new OperatorError([{ file: shown, message: `is the preview of ${other}, not of ${stack}` }]);
  const resources = new Map<string, PreviewedResource>();
  for (const step of steps ?? []) {
    const name = step.urn.split("::").at(-1) ?? step.urn;
    const type = (step.urn.split("::").at(-2) ?? "").split("$").at(-1) ?? "";
    const op = operation(step.op);
    if (op === undefined || !isVendors(type)) continue;
    // A replacement comes as up to three steps of one resource.
    const earlier = resources.get(step.urn);
    const uid = uidPattern.exec(name)?.[0] ?? null;
    const properties = [
      ...new Set([...(step.diffReasons ?? []), ...(step.replaceReasons ?? []), ...(earlier?.properties ?? [])]),
    ];
    resources.set(step.urn, {
      ...{ uid, ...wordsFor(name, type), properties: properties.sort() },
      op: earlier !== undefined && earlier.op !== op ? "replace" : op,
    });
  }
  const errors = (diagnostics ?? []).filter(({ severity }) => severity === "error").map(({ message }) => message ?? "");
  // The engine's own order differs from run to run.
  const sorted = [...resources.values()].sort(
    (left, right) => Number(right.holdsData) - Number(left.holdsData) || (left.what < right.what ? -1 : 1),
  );
  return { resources: sorted, errors: errors.filter((message) => message !== ""), policies: null };
}

const uidPattern = /tn_[a-z0-9]{10}/;

function operation(op: string): ResourceChange["op"] | undefined {
  if (["same", "read", "refresh"].includes(op)) return undefined;
  if (op === "create" || op === "update" || op === "delete") return op;
  return /replace/.test(op) ? "replace" : "other";
}

/** By the end of a logical name (`tn_…-app-instance`): what a reviewer calls it. */
const nouns: Readonly<Record<string, string>> = {
  project: "project (DATA)",
  volume: "volume (DATA)",
  "app-service": "application's service",
  "app-variables": "application's variables",
  "app-instance": "application",
  "tunnel-service": "tunnel's service",
  "tunnel-variables": "tunnel's variables",
  "tunnel-instance": "tunnel's instance",
  "tunnel-configuration": "tunnel's rules",
  "tunnel-secret": "tunnel's secret",
  tunnel: "tunnel",
  policy: "who may log in",
  app: "log-in page",
  sessions: "log-in sessions",
  "public-policy": "public access",
  "model-key": "model key",
  "basic-auth": "back-up password",
  "hash-key": "hash key",
  dns: "hostname",
};

function wordsFor(name: string, type: string): { readonly what: string; readonly holdsData: boolean } {
  const holdsData = type in dataTypes;
  const suffix = uidPattern.test(name) ? name.replace(/^tn_[a-z0-9]{10}-/, "") : name;
  const noun = Object.hasOwn(nouns, suffix) && uidPattern.test(name) ? nouns[suffix] : undefined;
  if (noun !== undefined) return { what: noun, holdsData };
  // A path without log-in is an application of its own (infra/plan-edge.ts).
  if (suffix.startsWith("public-")) return { what: `open path ${suffix.slice("public-".length)}`, holdsData };
  const kind = type.split(":").at(-1) || "resource";
  return { what: `${kind} ${suffix}${holdsData ? " (DATA)" : ""}`, holdsData };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
