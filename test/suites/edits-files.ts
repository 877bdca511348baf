/** Random edits of a stack's tenant files, as people make them in a pull request: right ones, wrong ones and mistakes. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "../../cli/context.ts";
import { loadPlans, readStack, type TenantFile } from "../../tenants/load.ts";
import type { Random } from "./random.ts";

/** An entry as it is written; YAML takes JSON. */
export type Entry = Record<string, unknown> & { readonly uid: string };
/** Entries by slug. */
export type Files = ReadonlyMap<string, Entry>;

export interface Edit {
  /** For the case's name: `acme: state suspended`. */
  readonly what: string;
  readonly files: Files;
}

const slugs = ["acme", "birch", "cedar", "dogwood", "elm"] as const;
const states = ["active", "suspended", "retained", "offboarding"] as const;

/** One tenant with everything at its default. */
export function entryOf(uid: string, slug: string): Entry {
  return { uid, name: `Tenant ${slug}`, plan: "standard-2026-01", access: { members: [{ email: `ada@${slug}.example` }] } };
}

/** One random edit; `removed` are entries that were there earlier. */
export function editOf(files: Files, removed: Files, random: Random): Edit {
  const present = [...files.keys()];
  const [first] = present;
  const kinds = first === undefined ? ["restore", "add"] : [...everyday, ...mistakes];
  const kind = kinds[random.int(0, kinds.length - 1)] ?? "add";
  if (kind === "restore" || kind === "add" || first === undefined)
    return cameBack(files, kind === "add" ? new Map() : removed, random);
  const slug = random.pick([first, ...present]);
  const entry = files.get(slug);
  if (!entry) throw new Error("bug: a slug without an entry");
  const put = (change: Record<string, unknown>, what: string): Edit => ({
    what: `${slug}: ${what}`,
    files: new Map([...files, [slug, { ...entry, ...change }]]),
  });
  const app = (change: Record<string, unknown>, what: string) => put({ app: { ...recordOf(entry.app), ...change } }, what);
  const access = (change: Record<string, unknown>, what: string) =>
    put({ access: { ...recordOf(entry.access), ...change } }, what);
  switch (kind) {
    case "state": {
      const state = random.pick(states);
      return put({ state }, `state ${state}`);
    }
    case "volume": {
      const volumeGB = random.int(1, 60);
      return app({ volumeGB }, `volume of ${volumeGB} GB`);
    }
    case "region": {
      const region = random.pick(["us-west2", "europe-west4"]);
      return app({ region }, `region ${region}`);
    }
    case "release": {
      const release = random.pick(["stable", "beta"]);
      return app({ release }, `release ${release}`);
    }
    case "members": {
      const count = random.int(1, 3);
      const members = Array.from({ length: count }, (_, index) => ({ email: `p${index}@${slug}.example` }));
      return access({ members }, `${count} members`);
    }
    case "paths": {
      const publicPaths = random.chance(0.5) ? ["/yourapp"] : [];
      return access({ publicPaths }, publicPaths.length > 0 ? "a public path" : "no public path");
    }
    case "rename": {
      const to = random.pick(slugs);
      if (files.has(to)) return swapped(files, slug, to);
      return { what: `${slug} becomes ${to}`, files: new Map([...without(files, slug), [to, entry]]) };
    }
    case "customer": {
      const customer = random.pick([undefined, "cus_A1", "cus_B2"]);
      return put({ billing: customer === undefined ? {} : { customer } }, `customer ${customer ?? "none"}`);
    }
    case "uid":
      return put({ uid: newUid(random) }, "another uid");
    case "remove":
      return { what: `${slug} removed`, files: without(files, slug) };
    case "empty":
      return { what: "the folder emptied", files: new Map() };
    default:
      return put({}, "no change");
  }
}

const everyday = [
  "state",
  "state",
  "state",
  "state",
  "volume",
  "release",
  "members",
  "paths",
  "rename",
  "restore",
  "remove",
  "remove",
];
const mistakes = ["region", "customer", "uid", "empty", "add", "none"];

function cameBack(files: Files, removed: Files, random: Random): Edit {
  const old = [...removed].find(([, { uid }]) => ![...files.values()].some((entry) => entry.uid === uid));
  if (old && !files.has(old[0])) return { what: `${old[0]} restored`, files: new Map([...files, old]) };
  const slug = slugs.find((one) => !files.has(one));
  if (slug === undefined) return { what: "no change", files };
  const state = random.pick([undefined, ...states]);
  const entry = { ...entryOf(newUid(random), slug), ...(state === undefined ? {} : { state }) };
  return { what: `${slug} added${state === undefined ? "" : ` as ${state}`}`, files: new Map([...files, [slug, entry]]) };
}

function swapped(files: Files, slug: string, to: string): Edit {
  const [one, other] = [files.get(slug), files.get(to)];
  if (!one || !other || slug === to) return { what: "no change", files };
  return { what: `${slug} and ${to} change names`, files: new Map([...files, [slug, other], [to, one]]) };
}

function without(files: Files, slug: string): Files {
  return new Map([...files].filter(([name]) => name !== slug));
}

function newUid(random: Random): string {
  return `tn_${Array.from({ length: 10 }, () => random.int(0, 35).toString(36)).join("")}`;
}

function recordOf(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? { ...value } : {};
}

/** A folder of tenant files that is written anew for each edit and read by the real loader. */
export class Folder {
  readonly #root = mkdtempSync(join(tmpdir(), "fleet-edits-"));
  readonly #plans = loadPlans(join(root, "tenants"));

  /** undefined where the loader does not take the files (exit code 2). */
  read(stack: string, files: Files): readonly TenantFile[] | undefined {
    const folder = join(this.#root, stack);
    mkdirSync(folder, { recursive: true });
    for (const name of readdirSync(folder)) if (!files.has(name.slice(0, -".yaml".length))) rmSync(join(folder, name));
    for (const [slug, entry] of files) writeFileSync(join(folder, `${slug}.yaml`), textOf(entry));
    const { tenants, problems } = readStack(stack, { root: this.#root, plans: this.#plans, personalData: "plain" });
    return problems.length > 0 ? undefined : tenants;
  }

  end(): void {
    rmSync(this.#root, { recursive: true, force: true });
  }
}

export function textOf(entry: Entry): string {
  return `${JSON.stringify(entry, undefined, 2)}\n`;
}
