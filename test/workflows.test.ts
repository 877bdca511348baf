/** The workflows, as GitHub reads them, held to the rules of test/workflows/rules.ts. Each rule is shown to bite by a change that it must not let pass. */
import { accessSync, constants, existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parse } from "yaml";
import {
  foreignCode,
  injectable,
  installsBesideSecrets,
  keepsCredentials,
  mayBeCancelled,
  notOneCommand,
  scheduledMinutes,
  shellless,
  tooManyPermissions,
  unpinned,
  Workflow,
  withoutLimit,
} from "./workflows/rules.ts";

const root = join(import.meta.dirname, "..");
const folder = join(root, ".github", "workflows");
const names = ["billing", "deploy", "pull-request", "test", "watch"] as const;
type Name = (typeof names)[number];
const texts = new Map<string, string>(names.map((name) => [name, readFileSync(join(folder, `${name}.yml`), "utf8")]));

/** GitHub's own way to write a value of its contexts. */
const expression = (path: string) => `\${{ ${path} }}`;
const textOf = (name: Name) => texts.get(name) ?? "";
const read = (text: string) => Workflow.parse(parse(text));

/** Beside `contents: read`. */
const permitted: Readonly<Record<Name, Readonly<Record<string, readonly string[]>>>> = {
  billing: {},
  deploy: {},
  "pull-request": { comment: ["pull-requests: write"] },
  test: {},
  watch: { runs: ["actions: read"], tell: ["issues: write"], "tell-railway": ["issues: write"], "tell-drift": ["issues: write"] },
};

/** What is wrong with one file, by the rules that hold for all of them. */
const rules = {
  pins: (_, text) => unpinned(text),
  permissions: (name, _, workflow) => tooManyPermissions(workflow, permitted[name]),
  limits: (_name, _, workflow) => withoutLimit(workflow),
  injection: (_name, _, workflow) => injectable(workflow),
  credentials: (_name, _, workflow) => keepsCredentials(workflow),
  shell: (_name, _, workflow) => shellless(workflow),
  foreign: (_name, _, workflow) => foreignCode(workflow),
  install: (_name, _, workflow) => installsBesideSecrets(workflow),
  commands: (_name, _, workflow) => notOneCommand(workflow),
  minutes: (_name, _, workflow) => scheduledMinutes(workflow).filter((minute) => !/^(?:1[6-9]|[2-5]\d)$/.test(minute)),
  concurrency: (name, _, workflow) => concurrencyFaults(name, workflow),
  secrets: (name, _, workflow) => secretFaults(name, workflow),
} as const satisfies Record<string, (name: Name, text: string, workflow: Workflow) => string[]>;
type RuleName = keyof typeof rules;

function faults(name: Name, text: string): Partial<Record<RuleName, string[]>> {
  const workflow = read(text);
  const found = Object.entries(rules).map(([rule, judge]) => [rule, judge(name, text, workflow)] as const);
  return Object.fromEntries(found.filter(([, wrong]) => wrong.length > 0));
}

function concurrencyFaults(name: Name, workflow: Workflow): string[] {
  switch (name) {
    case "deploy":
      return [
        ...mayBeCancelled("up", workflow.jobs.up?.concurrency, `up-${expression("matrix.stack")}`),
        ...(workflow.concurrency === undefined ? [] : ["a group for all stacks holds one stack up for another's sake"]),
        ...(workflow.jobs.up?.strategy?.["fail-fast"] === false ? [] : ["a stack that fails stops the others in the middle"]),
      ];
    case "billing":
    case "watch":
      return mayBeCancelled(name, workflow.concurrency, `${name}-prod`);
    case "pull-request":
    case "test":
      return workflow.concurrency?.group.endsWith("}}") ? [] : ["its group is not one of a pull request"];
  }
}

/** By job; the names of the secrets that its command needs, as docs/commands.md has them. */
function secretFaults(name: Name, workflow: Workflow): string[] {
  const state = ["PULUMI_ACCESS_TOKEN", "PULUMI_CONFIG_PASSPHRASE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"];
  const vendors = ["RAILWAY_API_TOKEN", "CLOUDFLARE_API_TOKEN", "OPENROUTER_MANAGEMENT_KEY"];
  const needed: Readonly<Record<string, readonly string[]>> = {
    "deploy.up": [...vendors, ...state, "FLEET_AGE_IDENTITY"],
    "pull-request.preview": [...vendors, ...state, "FLEET_AGE_IDENTITY"],
    "billing.run": [...vendors, ...state, "DATABASE_URL", "STRIPE_SECRET_KEY", "FLEET_HEARTBEAT_URL"],
    "watch.watch": [...state, "DATABASE_URL"],
    "watch.drift": [...vendors, ...state],
  };
  return Object.entries(workflow.jobs).flatMap(([job, content]) => {
    const used = [...new Set([...JSON.stringify(content).matchAll(/secrets\.(\w+)/g)].map(([, secret = ""]) => secret))].sort();
    const wanted = [...(needed[`${name}.${job}`] ?? [])].sort();
    return used.join() === wanted.join()
      ? []
      : [`${job}: has ${used.join(" ") || "no secret"}, needs ${wanted.join(" ") || "none"}`];
  });
}

test("there is no workflow that these rules do not know", () => {
  expect(readdirSync(folder).sort()).toEqual(names.map((name) => `${name}.yml`));
});

test.each(names)("%s holds every rule", (name) => {
  expect(faults(name, textOf(name))).toEqual({});
});

const checkout = "actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1";
const changes: readonly (readonly [RuleName, string, Name, string | RegExp, string])[] = [
  ["pins", "an action by its tag", "test", checkout, "actions/checkout@v7"],
  ["pins", "another commit under the same version", "test", checkout, `actions/checkout@${"a".repeat(40)}`],
  ["pins", "a version that is not the commit's", "test", "# v7.0.1", "# v7.0.2"],
  ["pins", "an action that nobody looked at", "test", checkout, "somebody/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1"],
  ["permissions", "permissions for all jobs at once", "watch", "permissions: {}", "permissions:\n  issues: write"],
  ["permissions", "a job that may write without need", "deploy", "contents: read", "contents: write"],
  ["permissions", "a job that may do everything", "billing", /permissions:\n {6}contents: read/, "permissions: write-all"],
  ["limits", "no time limit", "billing", "    timeout-minutes: 50\n", ""],
  ["limits", "a time limit of half a day", "billing", "timeout-minutes: 50", "timeout-minutes: 720"],
  [
    "injection",
    "a branch's name in a run line",
    "pull-request",
    '"$COMMIT"',
    `"${expression("github.event.pull_request.head.ref")}"`,
  ],
  ["injection", "a variable without quotes", "pull-request", '"$COMMIT"', "$COMMIT"],
  ["credentials", "a token that stays in .git/config", "deploy", "persist-credentials: false", "persist-credentials: true"],
  ["credentials", "a checkout without a word on its token", "test", /\n {8}with:\n {10}persist-credentials: false/, ""],
  ["shell", "a shell that is not named", "billing", "shell: bash", "shell: sh"],
  ["shell", "a step with a shell of its own", "test", "- run: .ci/run", "- run: .ci/run\n        shell: sh"],
  [
    "foreign",
    "the pull request's code where main's should run",
    "pull-request",
    "ref: main",
    `ref: ${expression("github.event.pull_request.head.sha")}`,
  ],
  [
    "foreign",
    "the fork's repository",
    "pull-request",
    "ref: main",
    `ref: main\n          repository: ${expression("github.event.pull_request.head.repo.full_name")}`,
  ],
  ["foreign", "a commit taken by hand", "pull-request", "run: .ci/take-tenants", "run: git checkout"],
  ["foreign", "secrets for the pull request's own code", "pull-request", "pull_request_target:", "pull_request:"],
  [
    "foreign",
    "a secret in the test of foreign code",
    "test",
    "- run: .ci/run",
    `- run: .ci/run\n        env: { TOKEN: '${expression("secrets.RAILWAY_API_TOKEN")}' }`,
  ],
  [
    "foreign",
    "an environment in the test of foreign code",
    "test",
    "timeout-minutes: 30",
    "timeout-minutes: 30\n    environment: prod",
  ],
  ["install", "a run that installs beside its secrets", "billing", "      - run: ./fleet doctor\n", ""],
  ["install", "a report that installs beside its secrets", "pull-request", "      - run: ./fleet doctor\n", ""],
  [
    "install",
    "a secret for all steps",
    "billing",
    "HAS_HEARTBEAT:",
    `FLEET_HEARTBEAT_URL: ${expression("secrets.FLEET_HEARTBEAT_URL")}\n      HAS_HEARTBEAT:`,
  ],
  [
    "commands",
    "logic in YAML",
    "billing",
    "./fleet billing run --stack prod --live",
    "./fleet billing run --stack prod --live || true",
  ],
  ["commands", "a command that is not the repository's", "billing", "./fleet watch ping", "curl https://hc.example"],
  ["minutes", "a schedule at the full hour", "billing", '"23 * * * *"', '"0 * * * *"'],
  ["minutes", "a schedule before the hour is sealed", "billing", '"23 * * * *"', '"10 * * * *"'],
  ["concurrency", "a deploy that is cancelled", "deploy", "cancel-in-progress: false", "cancel-in-progress: true"],
  [
    "concurrency",
    "one deploy group a branch",
    "deploy",
    `group: up-${expression("matrix.stack")}`,
    `group: up-${expression("github.ref")}`,
  ],
  [
    "concurrency",
    "a group for all stacks",
    "deploy",
    "permissions: {}",
    "permissions: {}\nconcurrency: { group: up, cancel-in-progress: false }",
  ],
  ["concurrency", "a stack that stops another", "deploy", "fail-fast: false", "fail-fast: true"],
  ["concurrency", "a billing run that is cancelled", "billing", "cancel-in-progress: false", "cancel-in-progress: true"],
  ["secrets", "a ledger on the runner's own disk", "billing", /\n +DATABASE_URL:.*/, ""],
  [
    "secrets",
    "Stripe's key in a preview",
    "pull-request",
    /( +)RAILWAY_API_TOKEN:/,
    `$1STRIPE_SECRET_KEY: ${expression("secrets.STRIPE_SECRET_KEY")}\n$1RAILWAY_API_TOKEN:`,
  ],
];

test.each(changes)("%s: %s does not pass (%s)", (rule, _, name, from, to) => {
  const changed = textOf(name).replace(from, to);
  expect(changed).not.toBe(textOf(name));
  expect(Object.keys(faults(name, changed))).toContain(rule);
});

test("every rule is shown to bite", () => {
  expect([...new Set(changes.map(([rule]) => rule))].sort()).toEqual(Object.keys(rules).sort());
});

test("a fork's pull request reaches no secret: the only job with an environment runs for branches of this repository", () => {
  const { jobs } = read(textOf("pull-request"));
  const withEnvironment = Object.entries(jobs).filter(([, job]) => job.environment !== undefined);
  expect(withEnvironment.map(([name, job]) => [name, job.if])).toEqual([
    ["preview", "github.event.pull_request.head.repo.full_name == github.repository"],
  ]);
});

test("in a copy of this repository nothing is made, billed or told before it is enabled", () => {
  const watch = read(textOf("watch")).jobs;
  const jobs = [
    read(textOf("deploy")).jobs.up,
    read(textOf("billing")).jobs.run,
    watch.watch,
    watch.runs,
    watch.railway,
    watch.drift,
  ];
  for (const job of jobs) expect(job?.if).toMatch(/^vars\.FLEET_ENABLED == 'true'(?: && \(.*\))?$/);
  expect(read(textOf("watch")).jobs.tell?.if).toContain("needs.watch.result != 'skipped'");
  expect(watch["tell-railway"]?.if).toContain("needs.railway.result != 'skipped'");
  expect(watch["tell-drift"]?.if).toContain("needs.drift.result != 'skipped'");
});

test("the tenants of a pull request are taken before anything looks at them", () => {
  const { jobs } = read(textOf("pull-request"));
  for (const name of ["check", "preview"]) {
    const lines = (jobs[name]?.steps ?? []).flatMap(({ run }) => run ?? []);
    const looking = lines.filter((line) => line !== "./fleet doctor");
    expect(looking[0], name).toBe('.ci/take-tenants "$COMMIT"');
    expect(looking[1], name).toContain(".ci/report --stack prod");
  }
});

test("a deploy is of main, by itself when something is merged, and its stacks are those that the real folders are for", () => {
  const { on, jobs } = read(textOf("deploy"));
  expect(on.push).toEqual({ branches: ["main"] });
  expect(jobs.up?.strategy?.matrix).toEqual({ stack: ["prod"] });
  expect(existsSync(join(root, "tenants", "prod"))).toBe(true);
  expect(jobs.up?.steps.at(-1)?.run).toContain('./fleet up "$STACK" --yes');
});

test("the heartbeat follows a run that succeeded, and a failure is told", () => {
  const steps = read(textOf("billing")).jobs.run?.steps ?? [];
  const at = steps.findIndex(({ run }) => run === "./fleet billing run --stack prod --live");
  expect(at).toBeGreaterThan(0);
  expect(steps.slice(at + 1).map(({ run, if: when }) => [run, when])).toEqual([
    ["./fleet watch ping", "env.HAS_HEARTBEAT == 'true'"],
    ["./fleet watch ping --failed", "failure() && env.HAS_HEARTBEAT == 'true'"],
  ]);
});

test("the watch follows every run that did not succeed, and has a clock of its own", () => {
  const { on, jobs } = read(textOf("watch"));
  expect(on.workflow_run).toEqual({ workflows: ["billing", "deploy"], types: ["completed"] });
  expect(on.workflow_run).toMatchObject({ workflows: ["billing", "deploy"].map((name) => read(textOf(name as Name)).name) });
  expect(scheduledMinutes(read(textOf("watch")))).toHaveLength(2);
  expect(jobs.watch?.steps.at(-1)?.run).toBe("./fleet watch --stack prod");
  expect(jobs.runs?.steps.at(-1)?.run).toBe(".ci/last-runs");
  expect(jobs.runs?.if).toBe(jobs.watch?.if);
});

test("all is well only where the ledger, the state and GitHub's own runs say so, whatever became of the jobs that ask them", () => {
  const daily = ["railway", "tell-railway", "drift", "tell-drift"];
  const { tell, ...jobs } = read(textOf("watch")).jobs;
  const others = Object.fromEntries(Object.entries(jobs).filter(([name]) => !daily.includes(name)));
  expect(tell?.needs).toEqual(Object.keys(others));
  expect(tell?.if).toContain("always()");
  const all = Object.keys(others).map((job) => `needs.${job}.result == 'success'`);
  expect(tell?.steps.at(-1)?.env.RESULT).toBe(expression([...all, "'success' || 'failure'"].join(" && ")));
});

test.each([
  ["a change of Railway's API", "railway", "./fleet watch railway"],
  ["what somebody changed by hand", "drift", "./fleet watch drift --stack prod"],
])("%s is looked for once a day and by hand, and its issue is opened, kept and closed by that alone", (_, name, command) => {
  const { [name]: look, [`tell-${name}`]: tell } = read(textOf("watch")).jobs;
  expect(textOf("watch")).toContain('- cron: "37 5 * * *"\n');
  expect(look?.if).toContain("(github.event_name == 'workflow_dispatch' || github.event.schedule == '37 5 * * *')");
  expect(look?.steps.at(-1)?.run).toBe(command);
  expect(tell).toMatchObject({ needs: name, if: expect.stringContaining("always()") });
  expect(tell?.steps.at(-1)).toMatchObject({
    run: `.ci/tell "$RESULT" "$PAGE" ${name}`,
    env: { RESULT: expression(`needs.${name}.result`) },
  });
});

test("the look for drift runs where the stack's other keys are, and has none to open people's addresses or to read the ledger", () => {
  const { drift, watch } = read(textOf("watch")).jobs;
  expect(drift?.environment).toBe(watch?.environment);
  expect(JSON.stringify(drift)).not.toMatch(/FLEET_AGE_IDENTITY|DATABASE_URL|STRIPE/);
});

test("every command of a step is there and may be run", () => {
  const lines = names.flatMap((name) =>
    Object.values(read(textOf(name)).jobs).flatMap(({ steps }) => steps.flatMap(({ run }) => run ?? [])),
  );
  const programs = new Set(lines.flatMap((line) => line.match(/(?:\.\/|\.ci\/)[a-z-]+/g) ?? []));
  const scripts = readdirSync(join(root, ".ci")).map((name) => `.ci/${name}`);
  expect([...programs].sort()).toEqual(["./fleet", ...scripts].sort());
  for (const program of programs) expect(() => accessSync(join(root, program), constants.X_OK), program).not.toThrow();
});
