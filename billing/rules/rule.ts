import { readdirSync, readFileSync } from "node:fs";
import { parse } from "yaml";
import { z } from "zod";
import { OperatorError } from "../../domain/error.ts";

/** The three reasons for which an hour can be active, in the order in which `because` lists them. */
export const sourceNames = ["railwayUptime", "cloudflareSessions", "sprintActivity"] as const;
export type SourceName = (typeof sourceNames)[number];

/** What a gateway request was for; only a rule's `countingClasses` mean a person. */
export const requestClasses = ["navigation", "work", "generatedApp", "poll", "static", "probe", "public"] as const;
export type RequestClass = (typeof requestClasses)[number];

/** Whole minutes; a day bounds what one verdict may have to look at. */
const minutes = z.int().min(0).max(1440);

/** The content of `billing/rules/<name>.yaml`. */
export const RuleFile = z.strictObject({
  sources: z.array(z.enum(sourceNames)).min(1),
  /** Memory above which (not: from which) a minute is awake. */
  awakeAboveGB: z.number().min(0),
  measuredWithinMinutes: minutes,
  tailMinutes: minutes,
  skewMinutes: minutes,
  quietTailMinutes: minutes,
  countingClasses: z.array(z.enum(requestClasses)),
});

/** When is an hour billable, as data. The name is the file's name and is written beside every verdict. */
export interface Rule extends Readonly<z.infer<typeof RuleFile>> {
  readonly name: string;
}

export const defaultRuleName = "fleet-2026-11";

const folder = new URL("./", import.meta.url);

/** Names of the rules that are shipped, sorted. */
export function ruleNames(from: URL = folder): string[] {
  return readdirSync(from)
    .filter((file) => file.endsWith(".yaml"))
    .map((file) => file.slice(0, -".yaml".length))
    .sort();
}

/** Reads a shipped rule; throws OperatorError (exit 2) for a name that is none and for a file that is not as `RuleFile` says. */
export function loadRule(name: string = defaultRuleName, from: URL = folder): Rule {
  const names = ruleNames(from);
  // Looked up in the list, never joined to a path: a name comes from the command line.
  if (!names.includes(name)) throw new OperatorError(`there is no rule "${name}"; the rules are ${names.join(", ")}`);
  return parseRule(name, readFileSync(new URL(`${name}.yaml`, from), "utf8"));
}

/** A rule from its YAML text; throws OperatorError with all problems. */
export function parseRule(name: string, text: string): Rule {
  const file = `billing/rules/${name}.yaml`;
  let data: unknown;
  try {
    data = parse(text);
  } catch (error) {
    throw new OperatorError([{ file, message: `is not YAML: ${error instanceof Error ? error.message : String(error)}` }]);
  }
  const result = RuleFile.safeParse(data);
  if (result.success) return { name, ...result.data };
  throw new OperatorError(result.error.issues.map((issue) => ({ file, message: `${issue.path.join(".")}: ${issue.message}` })));
}
