/** Our rules as CrossGuard policies. The SDK hides what is secret and throws where a value is unknown; here both become data. */
import { join } from "node:path";
import {
  type PolicyResource,
  type ResourceValidationArgs,
  type ResourceValidationPolicy,
  Secret,
  type StackValidationPolicy,
  UnknownValueError,
} from "@pulumi/policy";
import { type Facts, factsOf, stackOf } from "./facts.ts";
import { Declared, type Resource, type ResourceRule, type StackRule, unknown, type Value } from "./rule.ts";

export function policyOf(rule: ResourceRule): ResourceValidationPolicy {
  const { name, description } = rule;
  const judge = async (resource: Resource) => rule.check(resource, facts(resource.urn));
  if (rule.seesSecrets !== true)
    return {
      ...{ name, description, enforcementLevel: "mandatory" },
      validateResource: async (args, report) => {
        for (const message of await judge(resourceOf(args))) report(message);
      },
    };
  // Only a remediation is handed secrets as such (the SDK opens them for everything else). It comes before the validation of the same resource and
  // remediates nothing; at this level the SDK reports a violation as mandatory.
  const found = new Map<string, readonly string[]>();
  return {
    ...{ name, description, enforcementLevel: "remediate" },
    remediateResource: async (args) => {
      found.set(args.urn, await judge(resourceOf(args)));
    },
    validateResource: (args, report) => {
      const messages = found.get(args.urn);
      if (!messages) throw new Error(`bug: ${name} was not asked before the validation of ${args.urn}`);
      found.delete(args.urn);
      for (const message of messages) report(message);
    },
  };
}

export function stackPolicyOf(rule: StackRule): StackValidationPolicy {
  const { name, description } = rule;
  return {
    ...{ name, description, enforcementLevel: "mandatory" },
    validateStack: ({ resources }, report) => {
      const first = resources[0];
      if (!first) return;
      for (const { urn, message } of rule.check(resources.map(resourceOf), facts(first.urn))) report(message, urn);
    },
  };
}

let known: { readonly stack: string; readonly facts: Facts } | undefined;

/** A pack serves one stack. */
function facts(urn: string): Facts {
  const stack = stackOf(urn);
  if (known?.stack !== stack) known = { stack, facts: factsOf(stack, join(import.meta.dirname, "..")) };
  return known.facts;
}

function resourceOf(args: ResourceValidationArgs | PolicyResource): Resource {
  const { type, name, urn, opts } = args;
  const dependencies = "propertyDependencies" in args ? args.propertyDependencies : {};
  const sources = Object.entries(dependencies).map(([property, resources]) => [property, resources.map((one) => one.type)]);
  return {
    ...{ type, name, urn, protect: opts.protect, secretOutputs: opts.additionalSecretOutputs },
    props: readObject(args.props),
    sources: Object.fromEntries(sources),
  };
}

/** The SDK's guarded object as plain data. Exported for tests. */
export function readObject(guarded: object): Readonly<Record<string, Value>> {
  return Object.fromEntries(Object.keys(guarded).map((name) => [name, readProperty(guarded, name)]));
}

function readProperty(guarded: object, name: string): Value {
  // The guard catches reads only: a descriptor shows what lies behind it.
  const raw: unknown = Object.getOwnPropertyDescriptor(guarded, name)?.value;
  const value = readGuarded(guarded, name);
  return raw instanceof Secret ? new Declared(value) : value;
}

function readGuarded(guarded: object, name: string): Value {
  let value: unknown;
  try {
    value = Reflect.get(guarded, name);
  } catch (error) {
    if (error instanceof UnknownValueError) return unknown;
    throw error;
  }
  // Counted by hand: the guard breaks an array's own `map`.
  if (Array.isArray(value)) return Array.from({ length: value.length }, (_, index) => readProperty(value, String(index)));
  if (typeof value === "object" && value !== null) return readObject(value);
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") return value;
  return null;
}
