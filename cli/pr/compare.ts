/** PURE. What an entry says otherwise than before, field by field, in words that a reviewer of money and access understands. Values of variables are never
 *  repeated: only their names. */
import { formatMoney, usdFromCents } from "../../domain/money.ts";
import type { Settings } from "../../infra/settings.ts";
import type { Plan } from "../../tenants/plan.ts";
import type { Change } from "./report.ts";
import type { SideTenant } from "./side.ts";

/** Everything but the members, which people.ts compares. */
export function compareTenants(before: SideTenant, after: SideTenant): Change[] {
  const [old, now] = [before.tenant, after.tenant];
  return changes(
    ["", changed("hostname", old.slug, now.slug, "the old address stops working")],
    ["name", changed("name", quote(old.name), quote(now.name))],
    ["plan", changed("plan", planWords(old.plan), planWords(now.plan))],
    ["state", changed("state", before.state, after.state)],
    ["adopt", changed("adopt", before.adopt ?? "none", after.adopt ?? "none")],
    ["access.loginMethods", listed("log-in", old.access.loginMethods, now.access.loginMethods)],
    ["access.sessionDuration", changed("session", old.access.sessionDuration, now.access.sessionDuration)],
    ["access.publicPaths", listed("open to everybody without log-in", old.access.publicPaths, now.access.publicPaths)],
    ["app.release", changed("release", old.app.release, now.app.release) ?? image(old.app, now.app)],
    ["app.region", changed("region", old.app.region, now.app.region)],
    ["app.memoryGB", changed("memory", `${old.app.memoryGB} GB`, `${now.app.memoryGB} GB`)],
    ["app.vCPUs", changed("processors", `${old.app.vCPUs}`, `${now.app.vCPUs}`)],
    ["app.volumeGB", changed("volume", `${old.app.volumeGB} GB`, `${now.app.volumeGB} GB`)],
    ["app.sleep", changed("when idle", idle(old.app.sleep), idle(now.app.sleep))],
    ["app.variables", variables(old.app.variables, now.app.variables)],
    ["billing.customer", changed("Stripe customer", old.billing.customer ?? "none", now.billing.customer ?? "none")],
    ["billing.exempt", changed("billing", billed(old.billing.exempt), billed(now.billing.exempt))],
    ["billing.budgetHours", changed("budget", hours(old.billing.budgetHours), hours(now.billing.budgetHours))],
    ["billing.graceUntil", changed("no suspension before", old.billing.graceUntil ?? "none", now.billing.graceUntil ?? "none")],
  );
}

/** A new tenant's main facts, whether they stand in the file or come from its plan and the stack; without settings nothing of what they decide. */
export function describeNew({ tenant, state, adopt }: SideTenant, settings: Settings | undefined): Change[] {
  const { app, access, billing, plan } = tenant;
  const sizes = `${app.memoryGB} GB memory, ${app.vCPUs} vCPU, ${app.volumeGB} GB volume, ${idle(app.sleep)}`;
  return changes(
    ["", settings && `address ${tenant.slug}.${settings.zone}`],
    ["plan", `plan ${planWords(plan)}`],
    ["state", state === "active" ? undefined : `state ${state}`],
    ["adopt", adopt === null ? undefined : `adopt ${adopt}`],
    ["access.loginMethods", settings && `log-in ${access.loginMethods.join(", ")}`],
    ["access.sessionDuration", `session ${access.sessionDuration}`],
    [
      "access.publicPaths",
      access.publicPaths.length === 0 ? undefined : `open to everybody without log-in: ${access.publicPaths.join(", ")}`,
    ],
    ["app", sizes],
    ["app.variables", variables({}, app.variables)],
    ["billing.customer", billing.customer === null ? undefined : `Stripe customer ${billing.customer}`],
    ["billing.exempt", billing.exempt === null ? undefined : billed(billing.exempt)],
    ["billing.budgetHours", billing.budgetHours === null ? undefined : `budget ${hours(billing.budgetHours)}`],
  );
}

/** What every tenant of the stack feels: its settings and the price plans. */
export function compareShared(
  before: { readonly settings: Settings | undefined; readonly plans: ReadonlyMap<string, Plan> },
  after: { readonly settings: Settings | undefined; readonly plans: ReadonlyMap<string, Plan> },
): Change[] {
  const ids = [...new Set([...before.plans.keys(), ...after.plans.keys()])].sort();
  const plans = ids.flatMap((id): Change[] => {
    const [old, now] = [before.plans.get(id), after.plans.get(id)];
    const field = `tenants/plans/${id}.yaml`;
    if (old && now) {
      const differing = valuesThatDiffer(old, now);
      return differing.length === 0 ? [] : [{ field, text: `plan ${id}: ${differing.join(", ")}` }];
    }
    return [{ field, text: now ? `new plan ${planWords(now)}` : `plan ${id} removed` }];
  });
  if (!before.settings || !after.settings) return plans;
  const names = namesThatDiffer(before.settings, after.settings);
  return [
    ...plans,
    ...names.map((name) => ({ field: `fleet:${name}`, text: settingWords(name, before.settings, after.settings) })),
  ];
}

/** `standard-2026-01 ($5.00 a month, $1.00 an hour)` */
export function planWords({ id, flatAmountCents, hourAmountCents }: Plan): string {
  return `${id} (${money(flatAmountCents)} a month, ${money(hourAmountCents)} an hour)`;
}

/** Names of the fields whose values differ, whatever the order of keys. */
export function namesThatDiffer(before: object, after: object): string[] {
  const [old, now] = [new Map<string, unknown>(Object.entries(before)), new Map<string, unknown>(Object.entries(after))];
  const names = new Set([...old.keys(), ...now.keys()]);
  return [...names].filter((name) => JSON.stringify(old.get(name)) !== JSON.stringify(now.get(name))).sort();
}

/** `people.max 10 → 12`, for each value that differs in blocks of blocks. */
function valuesThatDiffer(before: object, after: object, path = ""): string[] {
  const [old, now] = [new Map<string, unknown>(Object.entries(before)), new Map<string, unknown>(Object.entries(after))];
  return namesThatDiffer(before, after).flatMap((name) => {
    const [left, right] = [old.get(name), now.get(name)];
    if (isBlock(left) && isBlock(right)) return valuesThatDiffer(left, right, `${path}${name}.`);
    return [`${path}${name} ${String(left ?? "none")} → ${String(right ?? "none")}`];
  });
}

function isBlock(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function settingWords(name: string, before: Settings | undefined, after: Settings | undefined): string {
  const [old, now] = [setting(before, name), setting(after, name)];
  if (name === "releases" && typeof old === "object" && typeof now === "object" && old && now)
    return `setting releases: image of ${namesThatDiffer(old, now).join(", ")} changed`;
  const plain = [old, now].every((value) => ["string", "boolean"].includes(typeof value)) && !String(now).includes("@");
  return plain ? `setting ${name} ${String(old)} → ${String(now)}` : `setting ${name} changed`;
}

function setting(settings: Settings | undefined, name: string): unknown {
  return settings === undefined ? undefined : Reflect.get(settings, name);
}

function changes(...said: readonly (readonly [field: string, text: string | undefined])[]): Change[] {
  return said.flatMap(([field, text]) => (text === undefined ? [] : [{ field, text }]));
}

function changed(what: string, before: string, after: string, note?: string): string | undefined {
  if (before === after) return undefined;
  return `${what} ${before} → ${after}${note ? ` (${note})` : ""}`;
}

function listed(what: string, before: readonly string[], after: readonly string[]): string | undefined {
  const parts = [
    ...after.filter((item) => !before.includes(item)).map((item) => `+ ${item}`),
    ...before.filter((item) => !after.includes(item)).map((item) => `− ${item}`),
  ];
  return parts.length === 0 ? undefined : `${what}: ${parts.join(", ")}`;
}

function variables(before: Readonly<Record<string, string>>, after: Readonly<Record<string, string>>): string | undefined {
  const kept = Object.keys(after).filter((name) => Object.hasOwn(before, name) && before[name] !== after[name]);
  const names = listed("variables", Object.keys(before), Object.keys(after));
  const parts = [...(names === undefined ? [] : [names.slice("variables: ".length)]), ...kept.map((name) => `${name} changed`)];
  return parts.length === 0 ? undefined : `variables: ${parts.join(", ")}`;
}

function image(
  before: { readonly image: string },
  after: { readonly image: string; readonly release: string },
): string | undefined {
  return before.image === after.image
    ? undefined
    : `another image of release ${after.release}: the application is deployed again`;
}

function idle(sleep: boolean): string {
  return sleep ? "sleeps" : "stays awake";
}

function billed(exempt: string | null): string {
  return exempt === null ? "billed" : `never billed (${exempt})`;
}

function hours(budget: number | null): string {
  return budget === null ? "none" : `${budget} h a month`;
}

function money(cents: number): string {
  return formatMoney(usdFromCents(cents));
}

function quote(text: string): string {
  return `"${text}"`;
}
