/** Reads one stack's tenants: every file, then what holds between files. Reports all problems at once, each with file, line and column. */
import { type Dirent, existsSync, readdirSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { formatProblem, OperatorError, type Problem } from "../domain/error.ts";
import type { TenantSlug } from "../domain/ids.ts";
import { type Place, readDocument } from "./document.ts";
import { type Draft, draftOf } from "./draft.ts";
import { nearest } from "./nearest.ts";
import { type Plan, PlanEntry } from "./plan.ts";
import { TenantEntry } from "./schema.ts";
import { isSealed } from "./seal.ts";
import { appearance, slugProblem } from "./slug.ts";
import { printable, stackPattern, strayEntry, strayStacks } from "./stray.ts";

/** One tenant as its file says it, and where. */
export interface TenantFile {
  readonly stack: string;
  readonly slug: TenantSlug;
  /** As problems name it: `tenants/prod/acme.yaml`. */
  readonly file: string;
  readonly entry: TenantEntry;
  readonly plan: Plan;
  place(path: readonly (string | number)[]): Place;
}

export interface LoadOptions {
  /** The folder `tenants/`. */
  readonly root: string;
  /** Default: read from `<root>/plans`. */
  readonly plans?: ReadonlyMap<string, Plan>;
  /** The stack's `fleet:personalData`: whether addresses may stand in the files unsealed. Default sealed. */
  readonly personalData?: "sealed" | "plain";
  /** Texts that files are going to have (by name: `acme.yaml`), to be checked before they are written. */
  readonly drafts?: ReadonlyMap<string, string>;
}

export interface Loaded {
  /** In the order of their slugs, whatever the file system's. Only files without problems. */
  readonly tenants: readonly TenantFile[];
  readonly problems: readonly Problem[];
}

/** All tenants of a stack; throws OperatorError with every problem of every file. An empty folder gives an empty list: whether that is right, the caller knows. */
export function loadStack(stack: string, options: LoadOptions): readonly TenantFile[] {
  const { tenants, problems } = readStack(stack, options);
  if (problems.length) throw new OperatorError(problems);
  return tenants;
}

/** Like loadStack, but hands the problems over instead of throwing. */
export function readStack(stack: string, options: LoadOptions): Loaded {
  const problems: Problem[] = [];
  const { plans, broken } = options.plans ? { plans: options.plans, broken: none } : readPlans(options.root, problems);
  if (!stackPattern.test(stack) || stack === "plans")
    return {
      tenants: [],
      problems: [{ message: `"${stack}" is not a stack; stacks are the folders of tenants/: ${names(options.root)}` }],
    };
  const shown = `tenants/${stack}`;
  const listing = list(join(options.root, stack));
  if ("reason" in listing)
    return {
      tenants: [],
      problems: [
        ...problems,
        { file: shown, message: `cannot be read (${listing.reason}); stacks here: ${names(options.root)}` },
      ],
    };

  const tenants: TenantFile[] = [];
  const files: Drafted[] = [];
  for (const item of listing.items) {
    const file = `${shown}/${printable(item.name)}`;
    const stray = strayEntry(item, "tenant");
    if (stray) problems.push({ file, line: 1, column: 1, message: stray });
    if (stray || !isEntryName(item.name)) continue;
    const slug = item.name.slice(0, -".yaml".length);
    const wrongSlug = slugProblem(slug);
    if (wrongSlug) problems.push({ file, line: 1, column: 1, message: wrongSlug });
    const outcome = readDocument(
      join(listing.folder, item.name),
      file,
      listing.folder,
      TenantEntry,
      options.drafts?.get(item.name),
    );
    if ("problems" in outcome) problems.push(...outcome.problems);
    const { value, place } = "read" in outcome ? outcome.read : (outcome.draft ?? { value: undefined, place: atTop });
    const draft = { ...draftOf(value), file, slug: wrongSlug ? undefined : slug, place };
    files.push(draft);
    const plan = draft.plan === undefined ? undefined : plans.get(draft.plan);
    const wrong = [...againstPlan(draft, plans, broken, options.personalData ?? "sealed")];
    problems.push(...wrong);
    if ("read" in outcome && plan && !wrong.length && !wrongSlug)
      tenants.push({ stack, slug: slug as TenantSlug, file, entry: outcome.read.value, plan, place });
  }
  problems.push(...collisions(files));
  return { tenants, problems: [...bounded([...problems].sort(byPlace))] };
}

const mostOfOneFile = 50;

/** One file, however wrong, does not push the others' problems out of sight (or a log over its limit). */
function* bounded(problems: readonly Problem[]): Generator<Problem> {
  const counts = new Map<string | undefined, number>();
  for (const { file } of problems) counts.set(file, (counts.get(file) ?? 0) + 1);
  let told = 0;
  for (const [index, problem] of problems.entries()) {
    told = problem.file === problems[index - 1]?.file ? told + 1 : 1;
    if (told <= mostOfOneFile) yield problem;
    else if (told === mostOfOneFile + 1)
      yield {
        ...problem,
        message: `and ${(counts.get(problem.file) ?? 0) - mostOfOneFile} more problems from here on; put the ones above right first`,
      };
  }
}

/** The stacks that have a folder of tenants, in alphabetical order. */
export function stackNames(root: string): string[] {
  const listing = list(root);
  if ("reason" in listing) throw new OperatorError([{ file: "tenants", message: `cannot be read (${listing.reason})` }]);
  return listing.items
    .filter((item) => item.isDirectory() && item.name !== "plans" && stackPattern.test(item.name))
    .map((item) => item.name);
}

/** What lies in `tenants/` itself and is read as nothing. */
export function strayProblems(root: string): readonly Problem[] {
  const listing = list(root);
  return "reason" in listing ? [] : strayStacks(listing.items);
}

/** Each problem once: what is wrong with the plans is wrong in every stack. */
export function distinct(problems: readonly Problem[]): readonly Problem[] {
  return [...new Map(problems.map((problem) => [formatProblem(problem), problem])).values()];
}

/** All plans by their id; throws OperatorError with every problem. */
export function loadPlans(root: string): ReadonlyMap<string, Plan> {
  const problems: Problem[] = [];
  const { plans } = readPlans(root, problems);
  if (problems.length) throw new OperatorError(problems);
  return plans;
}

interface Plans {
  readonly plans: ReadonlyMap<string, Plan>;
  /** What is said of a plan that is there and not right is enough: entries that name it are not at fault. */
  readonly broken: { has(id: string): boolean };
}

const none: Plans["broken"] = { has: () => false };
const all: Plans["broken"] = { has: () => true };

function readPlans(root: string, problems: Problem[]): Plans {
  const plans = new Map<string, Plan>();
  const broken = new Set<string>();
  const listing = list(join(root, "plans"));
  if ("reason" in listing) {
    problems.push({ file: "tenants/plans", message: `cannot be read (${listing.reason})` });
    return { plans, broken: all };
  }
  for (const item of listing.items) {
    const file = `tenants/plans/${printable(item.name)}`;
    const stray = strayEntry(item, "plan");
    if (stray) problems.push({ file, line: 1, column: 1, message: stray });
    if (stray || !isEntryName(item.name)) continue;
    const outcome = readDocument(join(listing.folder, item.name), file, listing.folder, PlanEntry);
    const id = item.name.slice(0, -".yaml".length);
    if ("read" in outcome) plans.set(id, { ...outcome.read.value, id });
    else {
      problems.push(...outcome.problems);
      broken.add(id);
    }
  }
  return { plans, broken };
}

function list(folder: string): { readonly folder: string; readonly items: readonly Dirent[] } | { readonly reason: string } {
  try {
    const items = readdirSync(folder, { withFileTypes: true });
    items.sort((left, right) => (left.name < right.name ? -1 : 1));
    return { folder: realpathSync(folder), items };
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : String(error);
    return { reason: code === "ENOENT" ? "there is no such folder" : code };
  }
}

/** `_` and `.` in front keep a file out; `acme.yaml.example` is none either. */
function isEntryName(name: string): boolean {
  return name.endsWith(".yaml") && !name.startsWith("_") && !name.startsWith(".");
}

function names(root: string): string {
  return existsSync(root) ? stackNames(root).join(", ") || "none" : "none";
}

interface Drafted extends Draft {
  readonly file: string;
  /** Undefined where it is wrong by itself. */
  readonly slug: string | undefined;
  place(path: readonly (string | number)[]): Place;
}

/** What a plan and the stack's settings do not allow. */
function* againstPlan(
  draft: Drafted,
  plans: ReadonlyMap<string, Plan>,
  broken: Plans["broken"],
  personalData: "sealed" | "plain",
): Generator<Problem> {
  const at = (path: readonly (string | number)[], message: string): Problem => ({
    file: draft.file,
    ...draft.place(path),
    message: `${path.join(".")}: ${message}`,
  });
  const plan = draft.plan === undefined ? undefined : plans.get(draft.plan);
  if (draft.plan !== undefined && !plan && !broken.has(draft.plan)) {
    const meant = nearest(draft.plan, [...plans.keys()]);
    const known = [...plans.keys()].sort().join(", ") || "none";
    yield at(["plan"], `"${draft.plan}" is not a plan; ${meant ? `did you mean ${meant}?` : `plans: ${known}`}`);
  }
  const seen = new Map<string, number>();
  for (const { index, member } of draft.members) {
    const path = ["access", "members", index] as const;
    for (const kind of ["email", "googleGroup"] as const) {
      const said = member[kind];
      if (said !== undefined && personalData === "sealed" && !isSealed(said))
        yield at(
          [...path, kind],
          "is not sealed; take it out and add it with fleet tenant edit --add-email (an only member: fleet tenant new), or set fleet:personalData to plain for this stack",
        );
    }
    const open = (["emailDomain", "githubOrganization", "googleGroup"] as const).find((kind) => member[kind] !== undefined);
    if (open && plan && !plan.people.open)
      yield at([...path, open], `needs a plan with an open number of people; ${plan.id} has none`);
    const written = JSON.stringify(Object.entries(member).sort()).toLowerCase();
    const first = seen.get(written);
    if (first !== undefined) yield at(path, `is the same member as access.members.${first}`);
    else seen.set(written, index);
  }
  const named = draft.members.filter(({ member }) => member.email !== undefined).length;
  if (plan && named > plan.people.max)
    yield at(["access", "members"], `names ${named} people; ${plan.id} allows ${plan.people.max}`);
}

/** What two tenants of a stack may not share. Reported at the later file, naming the earlier one. */
function collisions(files: readonly Drafted[]): Problem[] {
  const problems: Problem[] = [];
  const check = (path: readonly string[], keyOf: (file: Drafted) => string | undefined, message: (other: Drafted) => string) => {
    const first = new Map<string, Drafted>();
    for (const file of files) {
      const key = keyOf(file);
      if (key === undefined) continue;
      const other = first.get(key);
      if (!other) first.set(key, file);
      else problems.push({ file: file.file, ...file.place(path), message: message(other) });
    }
  };
  check(
    ["uid"],
    ({ uid }) => uid,
    ({ file }) => `uid: is already the uid of ${file}; each tenant has its own (fleet tenant new makes one)`,
  );
  check(
    ["billing", "customer"],
    ({ customer }) => customer,
    ({ file }) => `billing.customer: is already the customer of ${file}; each tenant pays by itself`,
  );
  check(
    [],
    ({ slug }) => (slug === undefined ? undefined : appearance(slug)),
    ({ slug, file }) => `the slug looks like "${slug}" (${file}); people would mistake one hostname for the other`,
  );
  return problems;
}

function atTop(): Place {
  return { line: 1, column: 1 };
}

function byPlace(left: Problem, right: Problem): number {
  const file = (left.file ?? "").localeCompare(right.file ?? "", "en");
  return file || (left.line ?? 0) - (right.line ?? 0) || (left.column ?? 0) - (right.column ?? 0);
}
