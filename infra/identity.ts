/** What a tenant's file may never say otherwise than the last run: which tenant it is and who pays. Data, who may see it, and invoices hang on both
 *  (DESIGN 4). */
import { type Problem, RefusedError } from "../domain/error.ts";
import type { TenantFile } from "../tenants/load.ts";
import type { FormerTenants } from "./vanished.ts";

/** Throws RefusedError that names every file with another uid or customer than before, and every new tenant that cannot begin as its file says. */
export function refuseChangedIdentity(files: readonly TenantFile[], former: FormerTenants): void {
  const bySlug = new Map([...former].map(([uid, { slug }]) => [slug, uid]));
  const problems = files.flatMap((file) => {
    const { uid, state, billing } = file.entry;
    const known = former.get(uid);
    const before = bySlug.get(file.slug);
    if (known)
      return [
        ...anothersName(file, known.slug, before),
        ...otherCustomer(file, known.customer ?? null, billing?.customer ?? null),
      ];
    const kept = before === undefined || files.some(({ entry }) => entry.uid === before);
    if (!kept)
      return [
        at(
          file,
          ["uid"],
          `changed from ${before} to ${uid}: that is another tenant, and ${before} with all its data would go. Write the old uid; a new tenant under this name comes after the old one was offboarding and its file was removed and that is deployed`,
        ),
      ];
    if (state === "retained")
      return [at(file, ["state"], "a new tenant has nothing to retain: begin with active or suspended, or leave the file out")];
    return [];
  });
  if (problems.length > 0) throw new RefusedError(problems);
}

/** A uid that was copied into another's file looks like a tenant renamed, and would open its data to the other's people. */
function anothersName(file: TenantFile, slug: string | undefined, before: string | undefined): Problem[] {
  const { uid } = file.entry;
  if (before === undefined || before === uid) return [];
  return [
    at(
      file,
      ["uid"],
      `is ${slug ?? "another tenant"}'s, and ${file.slug} was ${before} until now: its people would get the other one's data. Was a line copied? Write ${before}. If ${slug ?? "the other one"} is really to be called ${file.slug}, it takes two runs: first that name is given up, then it is taken`,
    ),
  ];
}

function otherCustomer(file: TenantFile, before: string | null, now: string | null): Problem[] {
  if (before === null || before === now) return [];
  const said = now === null ? `${before} was taken out` : `changed from ${before} to ${now}`;
  return [
    at(
      file,
      now === null ? ["billing"] : ["billing", "customer"],
      `customer: ${said}: hours that are billed already belong to ${before}, and its open invoice would lose them. Write ${before}; who is to pay from now on is changed at that customer in Stripe`,
    ),
  ];
}

function at(file: TenantFile, path: readonly (string | number)[], message: string): Problem {
  return { file: file.file, ...file.place(path), message: `${path.join(".")}: ${message}` };
}
