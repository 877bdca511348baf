/** A file that is gone would delete its tenant with all data, and on a wrong branch or path all of them. Only who was offboarding may leave (DESIGN 4). */
import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { type Problem, RefusedError } from "../domain/error.ts";

/** A tenant of the last outputs, of whatever version. */
const Former = z.looseObject({
  slug: z.string().optional(),
  state: z.string().optional(),
  customer: z.string().nullish(),
  railway: z
    .looseObject({
      appServiceId: z.string().optional(),
      tunnelServiceId: z.string().nullish(),
      volumeId: z.string().optional(),
    })
    .optional(),
});
export type FormerTenants = ReadonlyMap<string, z.infer<typeof Former>>;

const Answer = z.looseObject({
  outputs: z.looseObject({ fleet: z.looseObject({ tenants: z.record(z.string(), Former) }).optional() }),
});

/** What the stack's last outputs say of its tenants, by uid; empty for a new stack. */
export async function formerTenants(stack: string): Promise<FormerTenants> {
  const name = `${pulumi.getOrganization()}/${pulumi.getProject()}/${stack}`;
  // Not a StackReference: it would be a resource of its own in every preview.
  const { outputs } = Answer.parse(await pulumi.runtime.invoke("pulumi:pulumi:readStackOutputs", { name }));
  return new Map(Object.entries(outputs.fleet?.tenants ?? {}));
}

export interface Leaving {
  readonly stack: string;
  readonly former: FormerTenants;
  /** Uids of the files. */
  readonly present: ReadonlySet<string>;
  /** Whether the stack's data is protected: then nobody leaves by a missing file, whatever is allowed. */
  readonly protect: boolean;
  /** Slugs that may go although they were not offboarding: `fleet up --allow-delete`, or FLEET_ALLOW_DELETE. */
  readonly allowed: readonly string[];
}

/** Throws RefusedError that names every tenant that would be deleted. */
export function refuseVanished({ stack, former, present, protect, allowed }: Leaving): void {
  const leaving = [...former].filter(([uid, said]) => !present.has(uid) && said.state !== "offboarding");
  const problems = leaving.flatMap(([uid, said]): Problem[] => {
    const slug = said.slug ?? uid;
    if (!protect && allowed.includes(slug)) return [];
    const wayOut = protect ? "" : `, or, if all its data may go, run this with --allow-delete ${slug}`;
    return [
      {
        file: `tenants/${stack}/${slug}.yaml`,
        message: `is gone, or has another uid than ${uid}, and the tenant was not offboarding: this would delete it. Restore the file (wrong branch or folder?)${wayOut}`,
      },
    ];
  });
  if (problems.length === 0) return;
  if (present.size > 0) throw new RefusedError(problems);
  const message = `has no tenants, but the stack has ${former.size}: this would delete all of them. Restore the files (wrong branch or folder?); to empty a stack on purpose, use fleet destroy`;
  throw new RefusedError([{ file: `tenants/${stack}`, message }]);
}
