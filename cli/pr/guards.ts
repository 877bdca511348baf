/** PURE. What a pull request may not do: no data is lost by a change that does not say so, and nothing is asked for that is not built (DESIGN 4). */
import { formatProblem } from "../../domain/error.ts";
import { namesThatDiffer } from "./compare.ts";
import type { Preview, PreviewedResource } from "./preview.ts";
import type { Finding } from "./report.ts";
import { type Side, type SideTenant, unbuilt } from "./side.ts";

/** Guards over the files alone: they hold in every clone, with secrets or without. `allowed` are the slugs that may go although they were not offboarding
 *  (FLEET_ALLOW_DELETE); as in infra/vanished.ts, only where the stack's data is not protected. */
export function fileGuards(base: Side, head: Side, allowed: readonly string[] = []): Finding[] {
  return [
    ...removals(base, head, allowed),
    ...unbuiltStates(head),
    ...names(base, head),
    ...volumes(base, head),
    ...customers(base, head),
    ...prices(base, head),
    ...settings(base, head),
  ];
}

/** The deletion budget: of what holds data the preview may delete only what belonged to a tenant that may go and whose file is removed here. */
export function previewGuards(base: Side, head: Side, preview: Preview, allowed: readonly string[] = []): Finding[] {
  const named = new Set<string>(
    leaving(base, head)
      .filter((tenant) => isOffboarding(tenant) || isAllowed(tenant, base, allowed))
      .map(({ tenant }) => tenant.uid),
  );
  const lost = Map.groupBy(
    preview.resources.filter(({ op, holdsData }) => holdsData && (op === "delete" || op === "replace")),
    ({ uid }) => uid,
  );
  const deletions = [...lost].flatMap(([uid, resources]): Finding[] => {
    if (uid !== null && named.has(uid)) return [];
    const known = [...head.tenants, ...base.tenants].find(({ tenant }) => tenant.uid === uid)?.tenant.slug;
    const stranger = known === undefined ? "; neither the base nor this branch knows it: bring the branch up to date" : "";
    const message = `would lose data: ${listOf(resources)}${known === undefined ? ` of ${uid ?? "the account"}` : ""}${stranger}`;
    return [{ guard: "deletion", verdict: "refused", tenant: known ?? null, message }];
  });
  const refusals = preview.errors.filter(isRefusal).flatMap(refusedLines);
  return [
    ...deletions,
    ...[...new Set(refusals)].map((message): Finding => ({ guard: "engine", verdict: "refused", tenant: null, message })),
  ];
}

/** Whether the engine's complaint is a guard's (ours or its protection), not a fault. */
export function isRefusal(message: string): boolean {
  return message.includes("refused by a guard:") || /cannot be deleted\s+because it is protected/.test(message);
}

/** What the policies of the preview found; null where it ran none. */
export function policyFindings(preview: Preview, slugOf: (uid: string) => string | undefined): Finding[] | null {
  if (preview.policies === null) return null;
  return preview.policies.map(({ policy, level, message, uid }) => ({
    guard: policy,
    verdict: level === "mandatory" ? "refused" : "warning",
    tenant: uid === null ? null : (slugOf(uid) ?? uid),
    message,
  }));
}

function removals(base: Side, head: Side, allowed: readonly string[]): Finding[] {
  const refused = (tenant: string | null, message: string): Finding => ({
    guard: "removal",
    verdict: "refused",
    tenant,
    message,
  });
  if (head.files.length === 0 && base.files.length > 0)
    return [
      refused(
        null,
        `tenants/${base.stack} has no tenants any more, the base has ${base.files.length}: this would delete all of them. Restore the files; to empty a stack on purpose, use fleet destroy`,
      ),
    ];
  const slugs = new Set(head.files.map(({ slug }) => slug));
  const gone = leaving(base, head)
    .filter((before) => !isOffboarding(before))
    .map((before) => {
      const { slug, uid, file } = before.tenant;
      if (isAllowed(before, base, allowed))
        return { ...refused(slug, `${slug} goes with all its data: FLEET_ALLOW_DELETE names it`), verdict: "warning" as const };
      return slugs.has(slug)
        ? refused(
            slug,
            `${file}: the uid changed, so this is another tenant, and ${uid} with all its data would go. Restore the uid`,
          )
        : refused(
            slug,
            `${file} was removed while ${before.state}: the tenant and all its data would go. Restore the file; set state: offboarding first, and remove it in a later pull request`,
          );
    });
  const present = new Set([...head.files.map(({ file }) => file), ...head.problems.map(({ file }) => file)]);
  const unreadable = [...new Set(base.problems.flatMap(({ file }) => (file === undefined ? [] : [file])))]
    .filter((file) => file.startsWith(`tenants/${base.stack}/`))
    .map(
      (file): Finding =>
        present.has(file)
          ? { ...refused(null, `${file} could not be read at the base: it is compared as if it were new`), verdict: "warning" }
          : refused(
              null,
              `${file} was removed, and the base's text of it cannot be read: nobody can tell whether it was offboarding`,
            ),
    );
  return [...gone, ...unreadable];
}

function unbuiltStates(head: Side): Finding[] {
  return unbuilt(head).map((problem) => ({
    guard: "unbuilt",
    verdict: "refused",
    tenant: head.files.find(({ file }) => file === problem.file)?.slug ?? null,
    message: formatProblem(problem),
  }));
}

function volumes(base: Side, head: Side): Finding[] {
  return pairs(base, head).flatMap(([{ tenant: before }, { tenant: after }]): Finding[] => {
    const refused = (message: string): Finding => ({ guard: "volume", verdict: "refused", tenant: after.slug, message });
    return [
      ...(after.app.volumeGB < before.app.volumeGB
        ? [
            refused(
              `${after.file}: a volume cannot shrink: it has ${before.app.volumeGB} GB; write ${before.app.volumeGB} or more`,
            ),
          ]
        : []),
      ...(after.app.region !== before.app.region
        ? [
            refused(
              `${after.file}: a volume cannot move from ${before.app.region} to ${after.app.region} without losing its data`,
            ),
          ]
        : []),
    ];
  });
}

/** A uid copied into another's file would give its people the data (infra/identity.ts). */
function names(base: Side, head: Side): Finding[] {
  const owners = new Map<string, string>(base.tenants.map(({ tenant }) => [tenant.slug, tenant.uid]));
  return pairs(base, head).flatMap(([{ tenant: before }, { tenant: after }]): Finding[] => {
    const owner = owners.get(after.slug);
    if (owner === undefined || owner === after.uid) return [];
    const message = `${after.file}: the uid is that of ${before.slug}, so the people of ${after.slug} would get the data of ${before.slug}. Was a line copied? Write ${owner}. A name that is really to change hands takes two pull requests: first it is given up, then it is taken`;
    return [{ guard: "name", verdict: "refused", tenant: after.slug, message }];
  });
}

/** Who pays: hours that are billed already belong to that customer (infra/identity.ts). */
function customers(base: Side, head: Side): Finding[] {
  return pairs(base, head).flatMap(([{ tenant: before }, { tenant: after }]): Finding[] => {
    const [was, is] = [before.billing.customer, after.billing.customer];
    if (was === null || was === is) return [];
    const message = `${after.file}: the customer was ${was} and ${is === null ? "is taken out" : `becomes ${is}`}: its open invoice would lose hours. Write ${was}; who pays is changed at that customer in Stripe`;
    return [{ guard: "customer", verdict: "refused", tenant: after.slug, message }];
  });
}

/** What a tenant agreed to: a new price is a new plan (tenants/plan.ts). */
const agreed = ["priceVersion", "currency", "flatAmountCents", "hourAmountCents", "firstMonth", "collection", "daysUntilDue"];

function prices(base: Side, head: Side): Finding[] {
  return [...new Set(base.files.map(({ plan }) => plan.id))].sort().flatMap((id): Finding[] => {
    const [before, after] = [base.plans.get(id), head.plans.get(id)];
    if (!before || !after) return [];
    const broken = namesThatDiffer(before, after).filter((name) => agreed.includes(name));
    if (broken.length === 0) return [];
    const message = `tenants/plans/${id}.yaml: tenants have this plan, and ${broken.join(", ")} would change for them. Write a new plan beside it`;
    return [{ guard: "price", verdict: "refused", tenant: null, message }];
  });
}

function settings(base: Side, head: Side): Finding[] {
  const warning = (message: string): Finding => ({ guard: "settings", verdict: "warning", tenant: null, message });
  const findings: Finding[] = [];
  if (base.settings?.protect === true && head.settings?.protect === false)
    findings.push(warning("fleet:protect is switched off: later changes may delete volumes and projects"));
  if (base.settings?.personalData === "sealed" && head.settings?.personalData === "plain")
    findings.push(warning("fleet:personalData becomes plain: addresses may stand in the repository as they are"));
  if (base.recipient !== undefined && head.exists && base.recipient !== head.recipient)
    findings.push(
      warning(
        `tenants/${base.stack}/recipient.txt is another one: from now on its owner opens the addresses, and what was sealed before cannot be compared here (a preview with the new identity shows whether the same people are let in). Ask who made it`,
      ),
    );
  return findings;
}

/** Our own guards tell a tenant a line; the same comes once with the diagnostics and once with the events. */
function refusedLines(message: string): string[] {
  const [, own] = message.split("refused by a guard:");
  const lines = own === undefined ? [message] : own.split("\n");
  return lines.map((line) => line.trim()).filter((line) => line !== "");
}

/** Tenants of the base whose uid is in no file of this side. */
function leaving(base: Side, head: Side): SideTenant[] {
  const kept = new Set<string>(head.files.map(({ entry }) => entry.uid));
  return base.tenants.filter(({ tenant }) => !kept.has(tenant.uid));
}

function isAllowed({ tenant }: SideTenant, { settings }: Side, allowed: readonly string[]): boolean {
  return settings?.protect === false && allowed.includes(tenant.slug);
}

function isOffboarding({ state }: SideTenant): boolean {
  return state === "offboarding";
}

/** The tenants of both sides. */
export function pairs(base: Side, head: Side): (readonly [before: SideTenant, after: SideTenant])[] {
  const before = new Map(base.tenants.map((tenant) => [tenant.tenant.uid, tenant]));
  return head.tenants.flatMap((after) => {
    const old = before.get(after.tenant.uid);
    return old ? [[old, after] as const] : [];
  });
}

function listOf(resources: readonly PreviewedResource[]): string {
  return resources.map(({ what, op }) => `${what} ${op === "delete" ? "deleted" : "replaced"}`).join(", ");
}
