/** Projects and volumes hold what cannot be made again. That they also stay when they leave the program (retainOnDelete) is not shown to policies: the program
 *  sets both by one word (infra/realize.ts), and the pack's system test reads it off the preview. */
import { type ResourceRule, uidOf } from "./rule.ts";

export const railwayDataProtected: ResourceRule = {
  name: "railway-data-protected",
  description: "A tenant's project and volume are protected from deletion unless the tenant is offboarding",
  async check({ type, name, protect }, facts) {
    if (!["railway:index:Project", "railway:index:Volume"].includes(type) || protect || !facts.protect) return [];
    const uid = uidOf(name);
    if (uid !== undefined && (await facts.isOffboarding(uid))) return [];
    return [
      "is not protected, so a change could delete the tenant's data. Give it protect and retainOnDelete (keep: true in the plan); to let a tenant go, set state: offboarding in its file first",
    ];
  },
};
