/** The policy pack, and the only file here with effects at import: the engine starts it with `--policy-pack policies`. */
import { PolicyPack } from "@pulumi/policy";
import { policyOf, stackPolicyOf } from "./policy.ts";
import { resourceRules, stackRules } from "./rules.ts";

// A rule that nobody must obey is a comment: each is mandatory, in preview and in up.
new PolicyPack("fleet", {
  description: "What must never happen to a tenant",
  policies: [...resourceRules.map(policyOf), ...stackRules.map(stackPolicyOf)],
});
