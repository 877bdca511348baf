/** One side of a pull request, base or work tree: a stack's tenants with nothing left to default, its settings and plans. Reads files only. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { OperatorError, type Problem, RefusedError } from "../../domain/error.ts";
import { methodNames, type Settings } from "../../infra/settings.ts";
import { personalDataOf, stackSettings } from "../../infra/settings-file.ts";
import { stackRecipient } from "../../tenants/keys.ts";
import { loadPlans, readStack, stackNames, type TenantFile } from "../../tenants/load.ts";
import type { Plan } from "../../tenants/plan.ts";
import { resolveStack, type StackDefaults, type Tenant } from "../../tenants/resolve.ts";
import { loginMethods, type TenantState } from "../../tenants/schema.ts";

/** What the files of one side say, before anything is filled in. */
export interface SideFiles {
  readonly stack: string;
  /** Whether the stack has a folder on this side. */
  readonly exists: boolean;
  readonly files: readonly TenantFile[];
  readonly problems: readonly Problem[];
  /** Undefined where they are missing or wrong. */
  readonly settings: Settings | undefined;
  readonly settingsProblems: readonly Problem[];
  /** Those of all stacks; none where one of them is wrong (then `problems` says it). */
  readonly plans: ReadonlyMap<string, Plan>;
  /** Whom addresses are sealed to; undefined where the stack has no (or no proper) recipient. */
  readonly recipient: string | undefined;
}

/** A tenant as one side says it. */
export interface SideTenant {
  /** Everything filled in; addresses as in the file. */
  readonly tenant: Omit<Tenant, "state">;
  readonly state: TenantState;
  readonly adopt: string | null;
}

/** `settings` are those that were filled in with. */
export interface Side extends SideFiles {
  readonly tenants: readonly SideTenant[];
}

/** The stacks that have a folder on a side. */
export function stacksOf(root: string): readonly string[] {
  const tenants = join(root, "tenants");
  return existsSync(tenants) ? stackNames(tenants) : [];
}

/** Settings, plans and entries of a stack as they lie under `root`. Throws nothing for what is wrong in them. */
export function readSideFiles(root: string, stack: string): SideFiles {
  const tenants = join(root, "tenants");
  const exists = existsSync(join(tenants, stack));
  const read = attempt(() => stackSettings(root, stack));
  const plans = attempt(() => loadPlans(tenants)).value ?? new Map<string, Plan>();
  const personalData = attempt(() => personalDataOf(root, stack));
  const loaded = exists
    ? readStack(stack, { root: tenants, personalData: personalData.value ?? "sealed" })
    : { tenants: [], problems: [] };
  return {
    ...{ stack, exists, plans, settings: read.value, settingsProblems: read.problems },
    recipient: exists ? attempt(() => stackRecipient(tenants, stack)).value : undefined,
    files: loaded.tenants,
    problems: loaded.problems,
  };
}

/** Fills in what plans and settings decide; without settings what they decide has one neutral value, so that both sides can still be compared.
 *  What contradicts the settings becomes a problem. */
export function fillIn(from: SideFiles, settings: Settings | undefined): Side {
  const problems: Problem[] = [...from.problems];
  const tenants = from.files.flatMap((file): SideTenant[] => {
    // A state or step that is not built is the guards' subject; the rest of the entry can be compared all the same.
    const { state, adopt, ...entry } = file.entry;
    const filled = attempt(() => resolveStack([{ ...file, entry }], defaultsOf(file, settings)));
    problems.push(...filled.problems);
    const [tenant] = filled.value ?? [];
    return tenant === undefined
      ? []
      : [{ tenant, state: state ?? "active", adopt: adopt ? `${adopt.step} until ${adopt.until}` : null }];
  });
  return { ...from, settings, tenants, problems };
}

/** What the infrastructure refuses to build, entry by entry. */
export function unbuilt({ files }: SideFiles): readonly Problem[] {
  return files.flatMap((file) => {
    const { error } = attempt(() => resolveStack([file], defaultsOf(file, undefined)));
    return error instanceof RefusedError ? error.problems : [];
  });
}

function defaultsOf({ entry }: TenantFile, settings: Settings | undefined): StackDefaults {
  if (settings) return { ...settings, loginMethods: methodNames(settings.loginMethods) };
  return { releases: { [entry.app?.release ?? "stable"]: "" }, defaultRelease: "stable", region: "", loginMethods };
}

interface Attempt<Value> {
  readonly value?: Value;
  readonly error?: OperatorError;
  readonly problems: readonly Problem[];
}

function attempt<Value>(make: () => Value): Attempt<Value> {
  try {
    return { value: make(), problems: [] };
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    return { error, problems: error.problems };
  }
}
