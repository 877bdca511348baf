/** `fleet pr report`: reads both sides, opens addresses where the identity is at hand, makes the preview where the secrets are, prints. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { listPricesOf } from "../billing/costs/prices.ts";
import { systemClock } from "../domain/clock.ts";
import { exitCode, formatProblem, OperatorError, type Problem, redact } from "../domain/error.ts";
import { acrossStacks } from "../tenants/across.ts";
import { stackIdentity } from "../tenants/keys.ts";
import { distinct, strayProblems } from "../tenants/load.ts";
import { isSealed } from "../tenants/seal.ts";
import { sealedProblems } from "../tenants/sealed.ts";
import type { ReportFlags } from "./commands/pr.ts";
import type { Context } from "./context.ts";
import { differs, type PeopleOf, reportOf, reportStack } from "./pr/assemble.ts";
import { findBase, writeBase } from "./pr/base.ts";
import { renderMarkdown, uncommonWords } from "./pr/markdown.ts";
import { opener, personsOf } from "./pr/people.ts";
import { type Preview, readPreview } from "./pr/preview.ts";
import { assumedHours } from "./pr/price.ts";
import type { PrReport, StackReport } from "./pr/report.ts";
import { runPreview, whyNoPreview } from "./pr/run-preview.ts";
import { fillIn, readSideFiles, type Side, type SideTenant, stacksOf } from "./pr/side.ts";

export async function report(this: Context, flags: ReportFlags): Promise<void> {
  checkFlags(flags);
  const base = await findBase(this.root, flags.base);
  const folder = mkdtempSync(join(tmpdir(), "fleet-pr-"));
  const abort = new AbortController();
  const interrupt = () => abort.abort();
  process.once("SIGINT", interrupt).once("SIGTERM", interrupt).once("SIGHUP", interrupt);
  try {
    await writeBase(this.root, base.commit, folder);
    const known = [...new Set([...stacksOf(folder), ...stacksOf(this.root)])].sort();
    if (flags.stack !== undefined && !known.includes(flags.stack))
      throw new OperatorError(
        `there is no stack "${flags.stack}", neither here nor at ${flags.base}; there are: ${known.join(", ")}`,
      );
    const activeHours = flags.hours ?? assumedHours;
    const month = new Date(await systemClock.now()).toISOString().slice(0, 7);
    const problems: Problem[] = [...overallProblems(this.root)];
    const stacks: StackReport[] = [];
    for (const stack of flags.stack === undefined ? known : [flags.stack]) {
      const work = { context: this, flags, folder, stack, activeHours, month, problems, signal: abort.signal };
      const made = await reportOne(work);
      if (made) stacks.push(made);
    }
    const assumptions = { activeHours, prices: listPricesOf(month).name };
    tell(this, flags, reportOf({ base, assumptions, problems: distinct(problems), stacks }));
  } finally {
    process.off("SIGINT", interrupt).off("SIGTERM", interrupt).off("SIGHUP", interrupt);
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Work {
  readonly context: Context;
  readonly flags: ReportFlags;
  /** Where the base's files lie. */
  readonly folder: string;
  readonly stack: string;
  readonly activeHours: number;
  readonly month: string;
  /** Grows by what is wrong with this side's files. */
  readonly problems: Problem[];
  readonly signal: AbortSignal;
}

async function reportOne(work: Work): Promise<StackReport | undefined> {
  const { context, folder, stack, activeHours, month, problems } = work;
  const { root } = context;
  const files = { base: readSideFiles(folder, stack), head: readSideFiles(root, stack) };
  // A stack whose settings were never filled in is compared by its files; settings that broke here are this branch's fault.
  const settled = files.head.settings !== undefined && (files.base.settings !== undefined || files.base.files.length === 0);
  const wrong: Problem[] = [];
  if (files.base.settings !== undefined && files.head.exists) wrong.push(...files.head.settingsProblems);
  const base = fillIn(files.base, settled ? files.base.settings : undefined);
  const head = fillIn(files.head, settled ? files.head.settings : undefined);
  // A folder that is gone is the guards' subject.
  if (head.exists) wrong.push(...head.problems);
  const touched = touchedUids(base, head);
  const identity = await identityOf(context, stack);
  const changed = files.head.files.filter(({ entry }) => touched.has(entry.uid));
  if (head.exists && changed.length > 0) wrong.push(...(await sealedProblems(join(root, "tenants"), stack, changed, identity)));
  if (wrong.length > 0) {
    problems.push(...wrong);
    return undefined;
  }
  const open = opener(identity);
  const people = { base: await peopleOf(base, touched, open), head: await peopleOf(head, touched, open) };
  const { preview, why } = await previewFor(work, whatLacks(head, identity), leavingSlugs(base, head));
  const allowed = (context.process.env.FLEET_ALLOW_DELETE ?? "").split(/[\s,]+/);
  return reportStack({ base, head, people, preview, why, allowed, activeHours, prices: listPricesOf(month) });
}

/** What no single stack's files show: what lies beside the stacks, and what tenants of two stacks share. */
function overallProblems(root: string): readonly Problem[] {
  const stacks = stacksOf(root).map((stack) => {
    const { files, settings } = readSideFiles(root, stack);
    return { stack, files, zone: settings?.zone };
  });
  return [...strayProblems(join(root, "tenants")), ...acrossStacks(stacks)];
}

/** Why the stack's files do not allow a preview here; undefined where they do. */
function whatLacks({ stack, settingsProblems, tenants }: Side, identity: string | undefined): string | undefined {
  if (settingsProblems.length > 0) return `the settings of ${stack} are not filled in (Pulumi.${stack}.yaml)`;
  const addresses = tenants.flatMap(({ tenant }) =>
    tenant.access.members.flatMap((member) => ("address" in member ? [member.address] : [])),
  );
  if (identity !== undefined || !addresses.some(isSealed)) return undefined;
  return "the identity that opens its addresses is not at hand (FLEET_AGE_IDENTITY)";
}

/** Tenants whose files are gone. None for an emptied folder: that is most likely a mistake, and a list of everything would not help. */
function leavingSlugs(base: Side, head: Side): readonly string[] {
  const kept = new Set(head.tenants.map(({ tenant }) => tenant.uid));
  if (kept.size === 0) return [];
  return base.tenants.flatMap(({ tenant: { uid, slug } }) => (kept.has(uid) ? [] : [slug]));
}

async function identityOf({ root, process }: Context, stack: string): Promise<string | undefined> {
  try {
    return await stackIdentity(join(root, "tenants"), stack, process.env.FLEET_AGE_IDENTITY);
  } catch (error) {
    // No identity, another stack's, or no recipient: then sealed addresses are counted.
    if (error instanceof OperatorError) return undefined;
    throw error;
  }
}

async function previewFor(
  { context, flags, stack, signal }: Work,
  lacks: string | undefined,
  leaving: readonly string[],
): Promise<{ readonly preview: Preview | undefined; readonly why: string | null }> {
  if (flags.preview !== undefined) return { preview: readPreview(readText(flags.preview), flags.preview, stack), why: null };
  const why = flags.filesOnly ? "asked for with --files-only" : (lacks ?? (await whyNoPreview(context, stack)));
  if (why !== undefined) return { preview: undefined, why };
  context.progress.begin("pr report", `previewing ${stack}`);
  return { preview: await runPreview(context, stack, leaving, signal), why: null };
}

function touchedUids(base: Side, head: Side): ReadonlySet<string> {
  const by = ({ tenants }: Side) => new Map<string, SideTenant>(tenants.map((tenant) => [tenant.tenant.uid, tenant]));
  const [before, after] = [by(base), by(head)];
  return new Set([...before.keys(), ...after.keys()].filter((uid) => differs(before.get(uid), after.get(uid))));
}

/** Only the addresses of tenants that this branch touches are opened: each takes milliseconds. */
async function peopleOf(side: Side, touched: ReadonlySet<string>, open: ReturnType<typeof opener>): Promise<PeopleOf> {
  const closed = opener(undefined);
  const of = async ({ tenant: { uid, access } }: SideTenant) =>
    [uid, await personsOf(access.members, touched.has(uid) ? open : closed)] as const;
  return new Map(await Promise.all(side.tenants.map(of)));
}

const codes = {
  unchanged: exitCode.done,
  changes: exitCode.pending,
  refused: exitCode.refused,
  failed: exitCode.failed,
  invalid: exitCode.wrongUse,
} as const;

function tell(context: Context, flags: ReportFlags, made: PrReport): void {
  context.print(flags.json ? JSON.stringify(made) : renderMarkdown(made, flags.stack).trimEnd());
  if (!made.base.common) context.say(uncommonWords(made.base.ref));
  for (const { file, line, column, message } of made.problems)
    context.say(
      redact(
        formatProblem({
          ...(file === null ? {} : { file }),
          ...(line === null ? {} : { line }),
          ...(column === null ? {} : { column }),
          message,
        }),
      ),
    );
  context.process.exitCode = codes[made.outcome];
}

function checkFlags({ preview, stack, filesOnly, json, markdown, hours }: ReportFlags): void {
  const wrong: Problem[] = [];
  if (preview !== undefined && stack === undefined) wrong.push({ message: "--preview is one stack's: say which with --stack" });
  if (preview !== undefined && filesOnly) wrong.push({ message: "--preview and --files-only exclude each other" });
  if (json && markdown) wrong.push({ message: "--json and --markdown exclude each other" });
  if (hours !== undefined && !(hours >= 0 && hours <= 744)) wrong.push({ message: "--hours is a number from 0 to 744" });
  if (wrong.length > 0) throw new OperatorError(wrong);
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : String(error);
    throw new OperatorError([{ file: path, message: `cannot be read (${code}); make it with: pulumi preview --json` }]);
  }
}
