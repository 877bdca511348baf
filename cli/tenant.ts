/** `fleet tenant …`: work on the files alone; no vendor is asked. */
import { randomBytes } from "node:crypto";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { exitCode, formatProblem, OperatorError, type Problem, redact } from "../domain/error.ts";
import { personalDataOf } from "../infra/settings-file.ts";
import { acrossStacks, type StackFiles } from "../tenants/across.ts";
import { recipientPath, stackIdentity, stackRecipient } from "../tenants/keys.ts";
import { distinct, loadPlans, loadStack, readStack, stackNames, strayProblems, type TenantFile } from "../tenants/load.ts";
import { nearest } from "../tenants/nearest.ts";
import { newTenantFile } from "../tenants/new.ts";
import { isSealed, keygen as makeKeys, mask, unseal } from "../tenants/seal.ts";
import { sealedProblems } from "../tenants/sealed.ts";
import { appearance } from "../tenants/slug.ts";
import { unknown } from "./choose.ts";
import type { NewFlags, StackFlags } from "./commands/tenant.ts";
import type { Context } from "./context.ts";
import { type KeysMade, type TenantMade, TenantShown, type TenantsChecked, type TenantsListed } from "./reports.ts";
import { zoneOf } from "./stack-files.ts";
import { table } from "./table.ts";
import { needStack } from "./tenant/stack.ts";

export async function create(this: Context, flags: NewFlags, slug: string): Promise<void> {
  const tenants = join(this.root, "tenants");
  const shown = `tenants/${flags.stack}/${slug}.yaml`;
  needStack(tenants, flags.stack);
  const plain = personalDataOf(this.root, flags.stack) === "plain";
  const problems: Problem[] = [];
  const plans = [...loadPlans(tenants).keys()];
  if (!plans.includes(flags.plan)) problems.push({ message: unknown("plan", flags.plan, plans) });
  const alike = readStack(flags.stack, { root: tenants }).tenants.find((other) => appearance(other.slug) === appearance(slug));
  if (alike && alike.slug !== slug)
    problems.push({ message: `"${slug}" looks like "${alike.slug}" (${alike.file}); choose another slug` });
  const wanted = {
    slug,
    name: flags.name,
    email: flags.email,
    plan: flags.plan,
    randomBytes: (count: number) => randomBytes(count),
  };
  const recipient = plain ? null : stackRecipient(tenants, flags.stack);
  const made = await newTenantFile({ ...wanted, recipient }).catch((error: unknown) => {
    if (!(error instanceof OperatorError)) throw error;
    problems.push(...error.problems);
    return undefined;
  });
  if (!made || problems.length > 0) throw new OperatorError(problems);
  const { uid, text } = made;
  try {
    writeFileSync(join(tenants, flags.stack, `${slug}.yaml`), text, { flag: "wx" });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    throw new OperatorError([{ file: shown, message: "exists already; nothing was changed" }]);
  }
  if (flags.json) return this.print(JSON.stringify({ file: shown, uid, slug } satisfies TenantMade));
  this.say(`wrote ${shown}; next: fleet tenant check --stack ${flags.stack}, then commit it and open a pull request`);
  this.print(shown);
}

export async function check(this: Context, flags: { stack?: string; json?: boolean }): Promise<void> {
  const tenants = join(this.root, "tenants");
  const all = stackNames(tenants);
  if (flags.stack !== undefined) needStack(tenants, flags.stack);
  const found: Problem[] = [];
  const read: StackFiles[] = [];
  const counts: Record<string, number> = {};
  for (const stack of flags.stack === undefined ? all : [flags.stack]) {
    const loaded = readStack(stack, { root: tenants, personalData: personalData(this.root, stack, found) });
    found.push(...loaded.problems);
    found.push(...(await sealedProblems(tenants, stack, loaded.tenants, this.process.env.FLEET_AGE_IDENTITY)));
    counts[stack] = loaded.tenants.length;
    read.push({ stack, files: loaded.tenants, zone: zoneOf(this.root, stack) });
  }
  if (flags.stack === undefined) found.push(...strayProblems(tenants), ...acrossStacks(read));
  const problems = [...distinct(found)];
  await tellUnopened(this, flags.stack);
  if (flags.json) this.print(redact(JSON.stringify({ stacks: counts, problems } satisfies TenantsChecked)));
  else if (problems.length === 0) {
    this.print(
      Object.entries(counts)
        .map(([stack, count]) => `${stack}: ${count} ${count === 1 ? "tenant" : "tenants"}, all right`)
        .join("\n"),
    );
  } else for (const problem of problems) this.say(redact(formatProblem(problem)));
  if (problems.length > 0) this.process.exitCode = exitCode.wrongUse;
}

/** Of all stacks one identity opens one. Of a stack that is named, the identity that is set should open it: "all right" must not be read as "opened". */
async function tellUnopened({ root, process, say }: Context, stack: string | undefined): Promise<void> {
  const tenants = join(root, "tenants");
  const given = process.env.FLEET_AGE_IDENTITY;
  if (stack === undefined || !given?.trim() || !existsSync(recipientPath(tenants, stack))) return;
  await stackIdentity(tenants, stack, given).catch((error: Error) =>
    say(redact(`the addresses were not opened: ${error.message}`)),
  );
}

export function list(this: Context, flags: StackFlags): void {
  const files = load(this, flags.stack);
  const rows = files.map(({ slug, entry }) => ({
    slug,
    uid: entry.uid,
    name: entry.name,
    plan: entry.plan,
    state: entry.state ?? "active",
    exempt: entry.billing?.exempt ?? null,
  }));
  if (flags.json) this.print(JSON.stringify({ stack: flags.stack, tenants: rows } satisfies TenantsListed));
  else if (rows.length > 0) this.print(listing(rows));
  else this.say(`${flags.stack} has no tenants yet; write one with: fleet tenant new <slug> --stack ${flags.stack}`);
}

export async function show(this: Context, flags: StackFlags, slug: string): Promise<void> {
  const files = load(this, flags.stack);
  const file = files.find((candidate) => candidate.slug === slug);
  if (!file) {
    const meant = nearest(
      slug,
      files.map((one) => one.slug),
    );
    throw new OperatorError(
      `${flags.stack} has no tenant "${slug}"${meant === undefined ? "" : ` (did you mean "${meant}"?)`}; see: fleet tenant list --stack ${flags.stack}`,
    );
  }
  const identity = await stackIdentity(join(this.root, "tenants"), flags.stack, this.process.env.FLEET_AGE_IDENTITY).catch(
    () => undefined,
  );
  const entry = await hideAddresses(file.entry, identity);
  if (flags.json) return this.print(JSON.stringify(TenantShown.parse({ stack: flags.stack, slug, ...(entry as object) })));
  this.print(await numbered(entry));
}

export async function keygen(this: Context, flags: StackFlags): Promise<void> {
  const file = join(this.root, "tenants", flags.stack, "recipient.txt");
  const shown = `tenants/${flags.stack}/recipient.txt`;
  needStack(join(this.root, "tenants"), flags.stack);
  if (existsSync(file)) {
    throw new OperatorError(
      [{ file: shown, message: "exists already: addresses are sealed to it, so it is not replaced" }],
      exitCode.refused,
    );
  }
  const keys = await makeKeys();
  writeFileSync(file, `${keys.recipient}\n`, { flag: "wx" });
  this.say(`wrote ${shown} (public: commit it)`);
  this.say("The identity below is shown once and kept nowhere. Put it into the secret store as FLEET_AGE_IDENTITY now:");
  const made: KeysMade = { stack: flags.stack, recipient: keys.recipient, identity: keys.identity };
  if (flags.json) return this.print(JSON.stringify(made));
  this.print(keys.identity);
}

function listing(
  rows: readonly { slug: string; uid: string; name: string; plan: string; state: string; exempt: string | null }[],
): string {
  const cells = rows.map((row) => [row.slug, row.uid, row.name, row.plan, row.state, row.exempt ?? ""]);
  return table(["tenant", "uid", "name", "plan", "state", "exempt"], cells);
}

/** The entry as YAML, its members numbered as `fleet tenant edit --remove` takes them. */
async function numbered(entry: unknown): Promise<string> {
  const { Document, isMap, isScalar, isSeq } = await import("yaml");
  const document = new Document(entry, { aliasDuplicateObjects: false });
  const members: unknown = document.getIn(["access", "members"], true);
  for (const [index, member] of isSeq(members) ? members.items.entries() : []) {
    const first: unknown = isMap(member) ? member.items[0]?.value : undefined;
    if (isScalar(first)) first.comment = ` ${index + 1}`;
  }
  return document.toString({ lineWidth: 0 }).trimEnd();
}

function load(context: Context, stack: string): readonly TenantFile[] {
  needStack(join(context.root, "tenants"), stack);
  return loadStack(stack, { root: join(context.root, "tenants"), personalData: personalDataOf(context.root, stack) });
}

/** As the stack's settings say; what is wrong with them is one problem among the others. */
function personalData(root: string, stack: string, problems: Problem[]): "sealed" | "plain" {
  try {
    return personalDataOf(root, stack);
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    problems.push(...error.problems);
    return "sealed";
  }
}

/** Sealed addresses are opened and masked where the identity is at hand, and named as sealed where it is not. */
async function hideAddresses(value: unknown, identity: string | undefined): Promise<unknown> {
  if (typeof value === "string") {
    if (isSealed(value))
      return identity === undefined ? "(sealed)" : unseal(value, identity).then(mask, (error: Error) => `(${error.message})`);
    return value.includes("@") ? mask(value) : value;
  }
  if (Array.isArray(value)) return Promise.all(value.map((item) => hideAddresses(item, identity)));
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(async ([key, item]) => [key, await hideAddresses(item, identity)] as const);
  return Object.fromEntries(await Promise.all(entries));
}
