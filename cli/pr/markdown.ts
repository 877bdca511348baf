/** PURE. The report as the comment of a pull request: read on a phone first, so short lines and folds, no tables. Only `plain` texts come from files. */
import { fold, moneyChange, plain } from "./markup.ts";
import type { Finding, PrReport, StackReport, TenantReport } from "./report.ts";
import { resourceLines, tenantBlock, tenantLine } from "./tenant-markdown.ts";

/** GitHub refuses a comment of more than 65,536 characters. */
export const longestComment = 65_536;
/** What lists may take; the rest is for headings, folds and counts. */
const budgetCharacters = 56_000;

/** The hidden line by which CI finds its comment again, to edit it instead of adding one. */
export function commentMarker(stack: string | undefined): string {
  return `<!-- fleet-pr-report${stack === undefined ? "" : ` ${stack}`} -->`;
}

/** The comment; always below `longestComment`: what does not fit is folded, then listed in a line each, then counted. */
export function renderMarkdown(report: PrReport, stack?: string): string {
  const room = new Room(budgetCharacters);
  const touched = report.stacks.filter((each) => isTouched(each));
  const quiet = report.stacks.filter((each) => !isTouched(each)).map(({ stack }) => plain(stack));
  const parts = [
    commentMarker(stack),
    `### ${title(report)}`,
    ...(report.base.common ? [] : [`⚠️ ${plain(uncommonWords(report.base.ref))}`]),
    ...(report.problems.length === 0 ? [] : [section("What is wrong", problemLines(report), room)]),
    ...touched.map((each) => stackSection(each, room)),
    ...(quiet.length === 0 ? [] : [`No changes: ${room.fit(quiet, 2_000, (left) => `${left} more`).join(", ")}`]),
    footer(report),
  ];
  const text = `${parts.join("\n\n")}\n`;
  if (text.length <= longestComment) return text;
  const counts = report.stacks.slice(0, 50).map((each) => `- ${plain(each.stack)}: ${countWords(each)}`);
  return `${[commentMarker(stack), `### ${title(report)}`, "Too much for a comment; `fleet pr report --json` has all of it.", counts.join("\n")].join("\n\n")}\n`;
}

/** Counts what is left of a comment's length. */
export class Room {
  #left: number;
  constructor(characters: number) {
    this.#left = characters;
  }

  /** As many of the lines as fit, in at most `share` characters; then one that counts the others. */
  fit(lines: readonly string[], share: number, rest: (left: number) => string): string[] {
    const taken: string[] = [];
    let used = 0;
    for (const line of lines) {
      if (used + line.length + 1 > Math.min(share, this.#left)) break;
      taken.push(line);
      used += line.length + 1;
    }
    this.#left -= used;
    return taken.length === lines.length ? taken : [...taken, rest(lines.length - taken.length)];
  }

  /** Takes the text if there is room for it beside `reserved`. */
  take(text: string, reserved = 0): boolean {
    if (text.length + 2 > this.#left - reserved) return false;
    this.#left -= text.length + 2;
    return true;
  }
}

function title(report: PrReport): string {
  switch (report.outcome) {
    case "invalid":
      return "⛔ Fleet: the files are not right";
    case "refused":
      return "⛔ Fleet: refused";
    case "failed":
      return "⚠️ Fleet: the preview failed";
    case "changes":
      return "Fleet: changes to review";
    case "unchanged":
      return "✅ Fleet: no changes";
    default:
      return report.outcome satisfies never;
  }
}

function isTouched({ tenants, shared, sharedResources, guards, policies, errors }: StackReport): boolean {
  return [tenants, shared, sharedResources ?? [], guards, policies ?? [], errors].some((list) => list.length > 0);
}

function stackSection(stack: StackReport, room: Room): string {
  const refused = (findings: readonly Finding[]) => findings.toSorted((left, right) => left.verdict.localeCompare(right.verdict));
  const parts = [
    `#### ${plain(stack.stack)}: ${countWords(stack)}`,
    [
      `- Flat fees a month: ${moneyChange(stack.flatCents)}`,
      `- Expected revenue a month: ${moneyChange(stack.revenueCents)}`,
      `- Expected cost a month: ${moneyChange(stack.costCents)}`,
      ...(stack.seats.costCents.before === stack.seats.costCents.after
        ? []
        : [
            `- Log-in seats: ${stack.seats.before} → ${stack.seats.after} (${stack.seats.free} are free): ${moneyChange(stack.seats.costCents)}`,
          ]),
      `- Tenants: ${stack.tenantsBefore} → ${stack.tenantsAfter}`,
      stack.source === "preview"
        ? "- Made from the files and the engine's preview"
        : `- Made from the files alone: ${plain(stack.why ?? "no preview")}`,
    ].join("\n"),
  ];
  if (stack.guards.length > 0) parts.push(section("Guards", findingLines(refused(stack.guards)), room));
  else parts.push("✅ No guard refuses");
  if (stack.source === "preview" && stack.policies === null)
    parts.push(
      stack.errors.length > 0
        ? "⚠️ The policies judged nothing, or not all: the preview failed"
        : "⚠️ The policies were not asked: a preview from a file does not tell",
    );
  if (stack.policies?.length === 0) parts.push("✅ No policy objects");
  if (stack.policies !== null && stack.policies.length > 0)
    parts.push(section("Policies", findingLines(refused(stack.policies)), room));
  if (stack.errors.length > 0)
    parts.push(
      section(
        "The preview failed",
        stack.errors.map((error) => `- ${plain(error)}`),
        room,
      ),
    );
  parts.push(...tenantSections(stack, room));
  const shared = [...stack.shared.map(({ text }) => `- ${plain(text)}`), ...resourceLines(stack.sharedResources ?? [])];
  if (shared.length > 0) parts.push(section("Shared by all tenants", shared, room));
  return parts.join("\n\n");
}

/** In the order of what a reviewer must not miss. */
const order = ["removed", "created", "changed", "resources"] as const;
const heading: Readonly<Record<TenantReport["change"], string>> = {
  removed: "Removed",
  created: "Created",
  changed: "Changed",
  resources: "Same file, other resources",
};
/** More of one kind than a screen holds are folded. */
const mostUnfolded = 5;

function tenantSections(stack: StackReport, room: Room): string[] {
  return order.flatMap((change) => {
    const tenants = stack.tenants.filter((tenant) => tenant.change === change);
    if (tenants.length === 0) return [];
    const blocks: string[] = [];
    const lines: string[] = [];
    for (const tenant of tenants) {
      const block = tenantBlock(tenant);
      // A third is kept for the lines of those that do not fit whole.
      if (lines.length === 0 && room.take(block, budgetCharacters / 3)) blocks.push(block);
      else lines.push(tenantLine(tenant));
    }
    const rest = room.fit(
      lines,
      budgetCharacters / 6,
      (left) => `- … and ${left} more ${change === "resources" ? "with other resources" : change}`,
    );
    const body = [...blocks, ...(rest.length === 0 ? [] : [rest.join("\n")])].join("\n\n");
    const name = `${heading[change]}: ${tenants.length}`;
    return tenants.length <= mostUnfolded ? [`**${name}**\n\n${body}`] : [fold(name, body)];
  });
}

function countWords({ tenants }: StackReport): string {
  const counts = order.map((change) => [tenants.filter((tenant) => tenant.change === change).length, change] as const);
  const words = counts
    .filter(([count]) => count > 0)
    .map(([count, change]) => `${count} ${change === "resources" ? "with other resources" : change}`);
  return words.join(", ") || "no tenant changes";
}

function section(name: string, lines: readonly string[], room: Room): string {
  const fitting = room.fit(lines, budgetCharacters / 5, (left) => `- … and ${left} more`);
  const body = fitting.join("\n");
  return fitting.length > 12 ? fold(`${name}: ${lines.length}`, body) : `**${name}**\n\n${body}`;
}

function findingLines(findings: readonly Finding[]): string[] {
  return findings.map(({ guard, verdict, tenant, message }) => {
    const sign = verdict === "refused" ? "⛔ refused" : "⚠️ look";
    return `- ${sign} (${plain(guard)}${tenant === null ? "" : `, ${plain(tenant)}`}): ${plain(message)}`;
  });
}

function problemLines({ problems }: PrReport): string[] {
  return problems.map(({ file, line, column, message }) => {
    const place = [file, line, column].filter((part) => part !== null).join(":");
    return `- ${place === "" ? "" : `${plain(place)} `}${plain(message)}`;
  });
}

/** Why more may be told than the branch did. */
export function uncommonWords(ref: string): string {
  return `This clone does not hold the commit at which the branch left ${ref} (is it shallow?): what others merged there since is told as if this branch took it back. Fetch the whole history (git fetch --unshallow), then run this again`;
}

function footer({ base, assumptions }: PrReport): string {
  const assumed = [
    `${assumptions.activeHours} hours with activity a tenant and month, the whole memory used while awake`,
    `${plain(assumptions.prices)} prices, without seats and model use`,
  ].join("; ");
  return `<sub>Compared with ${plain(base.ref)} (${plain(base.commit.slice(0, 12))}). Reckoned with ${assumed}. Addresses are masked.</sub>`;
}
