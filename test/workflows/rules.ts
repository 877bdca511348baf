/** What every workflow must hold, as functions over the parsed file: each answers with what is wrong. GitHub's own syntax is actionlint's subject. */
import { z } from "zod";

const Permissions = z.union([z.string(), z.record(z.string(), z.string())]);
const Concurrency = z.strictObject({ group: z.string(), "cancel-in-progress": z.boolean() });
const Defaults = z.object({ run: z.object({ shell: z.string().optional() }).optional() });
const Environment = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]));

const Step = z.looseObject({
  uses: z.string().optional(),
  run: z.string().optional(),
  if: z.string().optional(),
  shell: z.string().optional(),
  with: z.record(z.string(), z.unknown()).default({}),
  env: Environment.default({}),
});

const Job = z.looseObject({
  if: z.string().optional(),
  needs: z.union([z.string(), z.array(z.string())]).optional(),
  environment: z.unknown().optional(),
  permissions: Permissions.optional(),
  concurrency: Concurrency.optional(),
  strategy: z.looseObject({ matrix: z.record(z.string(), z.unknown()) }).optional(),
  "timeout-minutes": z.number().optional(),
  env: Environment.default({}),
  steps: z.array(Step),
});
export type Job = z.infer<typeof Job>;

export const Workflow = z.looseObject({
  name: z.string(),
  // As yaml 1.2 reads it: `on` is a word there, not a truth value.
  on: z.record(z.string(), z.unknown()),
  permissions: Permissions.optional(),
  concurrency: Concurrency.optional(),
  defaults: Defaults.optional(),
  env: Environment.default({}),
  jobs: z.record(z.string(), Job),
});
export type Workflow = z.infer<typeof Workflow>;

/** The commit of each action that we use and the version that it is of (the comment beside it must say so). */
export const pinnedActions: Readonly<Record<string, { readonly commit: string; readonly version: string }>> = {
  "actions/checkout": { commit: "3d3c42e5aac5ba805825da76410c181273ba90b1", version: "v7.0.1" },
  "actions/setup-node": { commit: "820762786026740c76f36085b0efc47a31fe5020", version: "v7.0.0" },
};

/** A tag can be moved to other code, a commit cannot. `text` is the file, whose comments no parser keeps. */
export function unpinned(text: string): string[] {
  return [...text.matchAll(/^[\s-]*uses:\s*(.*)$/gm)].flatMap(([, used = ""]) => {
    const [, action = "", commit = "", version = ""] = /^([^@\s]+)@([0-9a-f]{40}) # (v\d+\.\d+\.\d+)$/.exec(used) ?? [];
    const known = pinnedActions[action];
    return known?.commit === commit && known.version === version ? [] : [`uses: ${used}`];
  });
}

/** Nothing by default, and a job only what it is allowed here. */
export function tooManyPermissions(workflow: Workflow, allowed: Readonly<Record<string, readonly string[]>>): string[] {
  const wrong = Object.entries(workflow.jobs).flatMap(([name, { permissions }]) => {
    if (typeof permissions !== "object") return [`${name}: permissions are not listed`];
    const own = Object.entries(permissions).map(([scope, access]) => `${scope}: ${access}`);
    const may = ["contents: read", ...(allowed[name] ?? [])];
    return own.filter((one) => !may.includes(one)).map((one) => `${name}: ${one}`);
  });
  const { permissions } = workflow;
  const none = typeof permissions === "object" && Object.keys(permissions).length === 0;
  return none ? wrong : ["the workflow's own permissions are not {}", ...wrong];
}

/** A job without a limit hangs for six hours, and its concurrency group with it. */
export function withoutLimit(workflow: Workflow): string[] {
  return Object.entries(workflow.jobs).flatMap(([name, job]) => {
    const minutes = job["timeout-minutes"];
    return minutes !== undefined && minutes > 0 && minutes <= 120 ? [] : [`${name}: timeout-minutes ${minutes}`];
  });
}

/** What a run line gets from outside it gets as a variable, in quotes: an expression there is pasted into the script, and a branch's name is a script. */
export function injectable(workflow: Workflow): string[] {
  return steps(workflow).flatMap(({ name, step }) => {
    const run = step.run ?? "";
    const wrong = [...run.matchAll(/\$\{\{.*?\}\}/gs)].map(([expression]) => `${name}: ${expression} in a run line`);
    const bare = run.replaceAll(/"[^"]*"|'[^']*'/g, "").replaceAll(/\$\{\w+:\+[\w-]+\}/g, "");
    return [...wrong, ...[...bare.matchAll(/\$\{?\w+/g)].map(([variable]) => `${name}: ${variable} without quotes`)];
  });
}

/** The token that a checkout leaves in .git/config is readable for everything that runs after it. */
export function keepsCredentials(workflow: Workflow): string[] {
  return checkouts(workflow)
    .filter(({ step }) => step.with["persist-credentials"] !== false)
    .map(({ name }) => name);
}

/** Bash stops at the first failure in a pipe only when it is named. */
export function shellless(workflow: Workflow): string[] {
  if (workflow.defaults?.run?.shell === "bash" && steps(workflow).every(({ step }) => step.shell === undefined)) return [];
  return ["defaults.run.shell is not bash for all steps"];
}

/** Where a secret is in reach, and in a trigger that has secrets for everybody's pull requests, only main's code may run. */
export function foreignCode(workflow: Workflow): string[] {
  const target = "pull_request_target" in workflow.on;
  const wrong = Object.entries(workflow.jobs).flatMap(([name, job]) => {
    const secret = JSON.stringify(job).includes("secrets.") || job.environment !== undefined;
    const writes = Object.values(typeof job.permissions === "object" ? job.permissions : {}).includes("write");
    if (!target && !secret && !writes) return [];
    const problems = "pull_request" in workflow.on ? [`${name}: secrets or a writing token beside the trigger pull_request`] : [];
    const other = job.steps.filter(({ uses = "", with: given }) => uses.startsWith("actions/checkout@") && given.ref !== "main");
    const where = job.steps.filter(({ uses = "", with: given }) => uses.startsWith("actions/checkout@") && "repository" in given);
    return [
      ...problems,
      ...[...other, ...where].map(
        ({ with: given }) => `${name}: checks out ${given.repository ?? given.ref ?? "the event's commit"}`,
      ),
    ];
  });
  const fetching = steps(workflow).filter(({ step }) =>
    /\bgit\s+(?:fetch|checkout|pull|switch|merge)|\bgh\s+pr\s+checkout/.test(step.run ?? ""),
  );
  return [...wrong, ...fetching.map(({ name }) => `${name}: takes a commit by hand`)];
}

/** The first `./fleet` of a job installs the dependencies, whose install scripts see the environment: no secret may be in it yet. */
export function installsBesideSecrets(workflow: Workflow): string[] {
  const reach = /secrets\.\w+ *\}\}/;
  return Object.entries(workflow.jobs).flatMap(([name, { steps: own, env }]) => {
    const first = own.find(({ run }) => /^(?:\.\/fleet|\.ci\/(?:report|run))\b/.test(run ?? ""));
    const secret = first !== undefined && reach.test(JSON.stringify([workflow.env, env, first.env]));
    return secret ? [`${name}: "${first.run}" installs the dependencies with a secret in reach`] : [];
  });
}

/** Every step is one command of this repository, so that it can be run on a laptop: no logic in YAML. */
export function notOneCommand(workflow: Workflow): string[] {
  return steps(workflow).flatMap(({ name, step: { run } }) => {
    if (run === undefined) return [];
    const command = run.trim().replace(/^printf '%s\\n' "\$\w+" \| /, "");
    return /^(?:\.\/fleet|\.ci\/[a-z-]+)(?: [^\n;&|]*)?$/.test(command) ? [] : [`${name}: ${run}`];
  });
}

/** Two runs over one stack must not meet, and one that is stopped in the middle leaves a lock. */
export function mayBeCancelled(name: string, group: z.infer<typeof Concurrency> | undefined, wanted: string): string[] {
  if (group?.group !== wanted) return [`${name}: group ${group?.group}, not ${wanted}`];
  return group["cancel-in-progress"] ? [`${name}: is cancelled by a newer run`] : [];
}

/** Minutes of the hour at which a schedule runs; GitHub's is late most at full hours, and an hour is sealed 15 minutes after its end. */
export function scheduledMinutes(workflow: Workflow): string[] {
  const schedule = z.array(z.strictObject({ cron: z.string() })).parse(workflow.on.schedule ?? []);
  return schedule.map(({ cron }) => cron.split(" ")[0] ?? "");
}

function steps({ jobs }: Workflow) {
  return Object.entries(jobs).flatMap(([job, { steps: own }]) =>
    own.map((step, index) => ({ name: `${job}.${index + 1}`, step })),
  );
}

function checkouts(workflow: Workflow) {
  return steps(workflow).filter(({ step }) => step.uses?.startsWith("actions/checkout@"));
}
