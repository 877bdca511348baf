/** PURE. One tenant in the comment: whole, or in a line where the comment grows too long. */
import { fold, moneyChange, plain } from "./markup.ts";
import { sealedAddresses } from "./people.ts";
import type { ResourceChange, TenantReport } from "./report.ts";

/** More than a few people or lines are folded. */
const mostPeople = 6;
const mostLines = 12;

export function tenantBlock(tenant: TenantReport): string {
  const { change, changes, resources } = tenant;
  const lines = changes.map(({ text }) => `- ${plain(text)}`);
  const shown = [...lossLines(resources ?? []), ...lines.slice(0, mostLines), ...peopleLines(tenant)];
  const { flatCents, revenueCents, costCents } = tenant;
  if (change !== "resources" && [flatCents, revenueCents, costCents].some(({ before, after }) => before !== after))
    shown.push(
      `- flat fee ${moneyChange(flatCents)}`,
      `- revenue ${moneyChange(revenueCents)}`,
      `- cost ${moneyChange(costCents)}`,
    );
  const all = resourceLines(resources ?? []);
  // Where nothing else is told of a tenant its resources are the news.
  if (change === "resources") shown.push(...all);
  const parts = [[`**${plain(tenant.slug)}** (${plain(tenant.name)})`, ...shown].join("\n")];
  if (lines.length > mostLines) parts.push(fold(`${lines.length - mostLines} more changes`, lines.slice(mostLines).join("\n")));
  if (all.length > 0 && change !== "resources") parts.push(fold(resourceCounts(resources ?? []), all.join("\n")));
  return parts.join("\n\n");
}

export function tenantLine(tenant: TenantReport): string {
  const fields = tenant.changes.slice(0, 4).map(({ field }) => field.split(".").at(-1) || "hostname");
  const more = tenant.changes.length > 4 ? " …" : "";
  const what = tenant.change === "changed" ? `: ${plain(fields.join(", "))}${more}` : "";
  return `- ${plain(tenant.slug)}${what}`;
}

function peopleLines(tenant: TenantReport): string[] {
  const { change, changes, people } = tenant;
  if (change === "removed") return [`- lets nobody in any more (${people.removed.length + people.removedSealed} before)`];
  const isTold = change === "created" || changes.some(({ field }) => field === "access.members");
  return isTold ? [`- lets in: ${admittedWords(tenant, mostPeople)}`] : [];
}

/** A line an operation: `- created: volume (DATA), hostname`. */
export function resourceLines(resources: readonly ResourceChange[]): string[] {
  return operations.flatMap(([op, word]) => {
    const some = resources.filter((resource) => resource.op === op);
    const names = some.map(
      ({ what, properties }) => `${what}${op === "create" || properties.length === 0 ? "" : ` (${properties.join(", ")})`}`,
    );
    return names.length === 0 ? [] : [`- ${word}: ${plain(names.join(", "))}`];
  });
}

const operations = [
  ["delete", "deleted"],
  ["replace", "replaced"],
  ["create", "created"],
  ["update", "updated"],
  ["other", "otherwise"],
] as const;

/** What a reviewer must see without unfolding. */
function lossLines(resources: readonly ResourceChange[]): string[] {
  const lost = resources.filter(({ op, holdsData }) => holdsData && (op === "delete" || op === "replace"));
  return lost.map(({ op, what }) => `- ⛔ ${op === "delete" ? "deletes" : "replaces"} ${plain(what)}`);
}

function resourceCounts(resources: readonly ResourceChange[]): string {
  const counts = operations.map(([op, word]) => [resources.filter((resource) => resource.op === op).length, word] as const);
  return `Resources: ${counts
    .filter(([count]) => count > 0)
    .map(([count, word]) => `${count} ${word}`)
    .join(", ")}`;
}

/** `lets in: a…@acme.example, 2 sealed addresses` */
function admittedWords({ people }: TenantReport, most: number): string {
  const named = people.admitted.slice(0, most).map(plain);
  if (people.admitted.length > most) named.push(`${people.admitted.length - most} more`);
  if (people.sealed > 0) named.push(sealedAddresses(people.sealed));
  return named.join(", ") || "nobody";
}
