/** The scripts of .ci that the workflows call, each in a repository of its own, with stand-ins for gh and fleet. */
import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";

const scripts = join(import.meta.dirname, "..", "..", ".ci");
let folder: string;
let repository: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "fleet-ci-"));
  repository = join(folder, "main");
  cpSync(scripts, join(repository, ".ci"), { recursive: true });
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const environment = {
  PATH: process.env.PATH,
  HOME: "/nonexistent",
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_CONFIG_SYSTEM: "/dev/null",
  ...Object.fromEntries(
    ["AUTHOR", "COMMITTER"].flatMap((who) => [
      [`GIT_${who}_NAME`, "a"],
      [`GIT_${who}_EMAIL`, "a@example.test"],
    ]),
  ),
};
const git = (...args: string[]) => execFileSync("git", args, { cwd: repository, env: environment, encoding: "utf8" }).trim();

function write(path: string, text: string): void {
  mkdirSync(join(repository, path, ".."), { recursive: true });
  writeFileSync(join(repository, path), text);
}
const read = (path: string) => readFileSync(join(repository, path), "utf8");

function run(script: string, args: readonly string[], more: { input?: string; env?: Record<string, string> } = {}) {
  const env = { ...environment, ...more.env };
  const { status, stdout, stderr } = spawnSync(join(repository, ".ci", script), args, {
    env,
    input: more.input ?? "",
    encoding: "utf8",
  });
  return { status, stdout, stderr };
}

/** main with three tenants and code; the branch leaves it there. */
function history(): void {
  git("init", "-q", "-b", "main");
  for (const slug of ["acme", "birch", "cedar"]) write(`tenants/prod/${slug}.yaml`, `name: ${slug}\n`);
  write("tenants/prod/recipient.txt", "age1main\n");
  write("tenants/load.ts", "main's code\n");
  write("cli/main.ts", "main's code\n");
  commit("start");
  git("checkout", "-q", "-b", "branch");
}
function commit(subject: string): string {
  git("add", "-A");
  git("commit", "-q", "-m", subject);
  return git("rev-parse", "HEAD");
}
const take = (commit: string) => run("take-tenants", [commit]);

test("tenants that a branch adds, changes and removes are taken; what main got since then stays", () => {
  history();
  write("tenants/prod/dune.yaml", "name: dune\n");
  write("tenants/prod/acme.yaml", "name: acme two\n");
  rmSync(join(repository, "tenants/prod/birch.yaml"));
  const branch = commit("branch");
  git("checkout", "-q", "main");
  write("tenants/prod/elm.yaml", "name: elm\n");
  commit("main moved on");
  expect(take(branch)).toEqual({ status: 0, stdout: "", stderr: "" });
  expect(
    git("status", "--porcelain")
      .split("\n")
      .map((line) => line.trim()),
  ).toEqual(["M tenants/prod/acme.yaml", "D tenants/prod/birch.yaml", "?? tenants/prod/dune.yaml"]);
  expect(read("tenants/prod/acme.yaml")).toBe("name: acme two\n");
  expect(read("tenants/prod/elm.yaml")).toBe("name: elm\n");
});

test("a branch's code is never taken, not that in tenants/ either, and is named", () => {
  history();
  const code = [
    "tenants/load.ts",
    "cli/main.ts",
    "tenants/prod/evil.ts",
    "tenants/prod/.npmrc",
    "tenants/prod/deep/a.yaml",
    "tenants/package.json",
    ".ci/report",
  ];
  for (const path of code) write(path, "the branch's code\n");
  write(".gitattributes", "*.yaml filter=evil merge=evil\n");
  write("tenants/prod/acme.yaml", "name: acme two\n");
  const branch = commit("branch");
  git("checkout", "-q", "main");
  const { status, stderr } = take(branch);
  expect(status).toBe(0);
  expect(git("status", "--porcelain")).toBe("M tenants/prod/acme.yaml");
  for (const path of code.filter((one) => one.startsWith("tenants/")))
    expect(stderr).toContain(`not taken, the one of this checkout counts: ${path}`);
});

test("a link in a tenant's place is refused and not followed", () => {
  history();
  rmSync(join(repository, "tenants/prod/acme.yaml"));
  symlinkSync("/etc/passwd", join(repository, "tenants/prod/acme.yaml"));
  const branch = commit("branch");
  git("checkout", "-q", "main");
  expect(take(branch)).toMatchObject({ status: 2, stderr: "a tenant is a plain file, no link: tenants/prod/acme.yaml\n" });
  expect(git("status", "--porcelain")).toBe("");
});

test("a file that lost its link's target folder is written into the checkout, never through a link", () => {
  history();
  rmSync(join(repository, "tenants/prod"), { recursive: true });
  symlinkSync(folder, join(repository, "tenants/prod"));
  const branch = commit("branch");
  git("checkout", "-q", "main");
  take(branch);
  expect(existsSync(join(folder, "acme.yaml"))).toBe(false);
});

test("a commit that is not here yet is fetched by its hash", () => {
  history();
  write("tenants/prod/dune.yaml", "name: dune\n");
  const branch = commit("branch");
  git("checkout", "-q", "main");
  const origin = join(folder, "origin.git");
  git("clone", "-q", "--bare", ".", origin);
  git("branch", "-q", "-D", "branch");
  git("reflog", "expire", "--expire=now", "--all");
  git("gc", "-q", "--prune=now");
  git("remote", "add", "origin", origin);
  const { env } = standIn("gh", "exit 1");
  expect(run("take-tenants", [branch], { env })).toEqual({ status: 0, stdout: "", stderr: "" });
  expect(read("tenants/prod/dune.yaml")).toBe("name: dune\n");
});

test("a branch that cannot be merged is told so, and nothing is taken of it", () => {
  history();
  write("tenants/prod/acme.yaml", "name: the branch's\n");
  const branch = commit("branch");
  git("checkout", "-q", "main");
  write("tenants/prod/acme.yaml", "name: main's\n");
  commit("main moved on");
  expect(take(branch)).toMatchObject({ status: 2, stderr: expect.stringContaining("bring it up to date with main") });
  expect(git("status", "--porcelain")).toBe("");
});

test("changes that lie here are not overwritten", () => {
  history();
  write("tenants/prod/acme.yaml", "name: mine\n");
  expect(take("main")).toMatchObject({ status: 2, stderr: expect.stringContaining("commit them first") });
  expect(read("tenants/prod/acme.yaml")).toBe("name: mine\n");
});

/** Programs of these names come first on PATH; each call is a line of `calls`. */
function standIn(program: string, answer: string) {
  const bin = join(folder, "bin");
  mkdirSync(bin, { recursive: true });
  writeFileSync(join(bin, program), `#!/bin/sh\nprintf '%s\\n' "$*" >> "${folder}/calls"\n${answer}\n`);
  chmodSync(join(bin, program), 0o755);
  return {
    env: { PATH: `${bin}:${process.env.PATH}`, GH_REPO: "owner/fleet", GH_TOKEN: "t" },
    calls: () => (existsSync(join(folder, "calls")) ? readFileSync(join(folder, "calls"), "utf8").trim().split("\n") : []),
  };
}
const body = `for word in "$@"; do case $word in body=@*) cat "\${word#body=@}" > "${"$"}{0%/*}/../body" ;; esac; done`;
const report = "<!-- fleet-pr-report prod -->\n# acme\n$(touch owned) `touch owned`\n";

test("the first report is a new comment, the next one takes its place", () => {
  const none = standIn("gh", body);
  expect(run("comment", ["12"], { input: report, env: none.env })).toMatchObject({ status: 0, stderr: "" });
  expect(none.calls().at(-1)).toMatch(/^api --silent --method POST repos\/owner\/fleet\/issues\/12\/comments --field body=@/);
  expect(readFileSync(join(folder, "body"), "utf8")).toBe(report);
  const some = standIn("gh", `case "$*" in *--jq*) printf '77\\n78\\n' ;; esac\n${body}`);
  expect(run("comment", ["12"], { input: report, env: some.env })).toMatchObject({ status: 0, stderr: "" });
  expect(some.calls().at(-1)).toMatch(/^api --silent --method PATCH repos\/owner\/fleet\/issues\/comments\/77 --field body=@/);
});

test("what is no report becomes no comment", () => {
  const gh = standIn("gh", "");
  expect(run("comment", ["12"], { input: "anything\n", env: gh.env })).toMatchObject({ status: 2 });
  expect(run("comment", ["12"], { input: "", env: gh.env })).toMatchObject({ status: 2 });
  expect(gh.calls()).toEqual([]);
});

test.each([
  ["failure", "", ["label create fleet-watch", "issue create --label fleet-watch"]],
  ["cancelled", "", ["label create fleet-watch", "issue create --label fleet-watch"]],
  ["failure", "5", ["issue comment 5 --body Still: https://ci.example/1"]],
  ["success", "5", ["issue close 5 --comment All is well again: https://ci.example/1"]],
  ["success", "", []],
])("a watch that ends with %s, with the open issue %j, does %j", (result, open, expected) => {
  const gh = standIn("gh", `case "$*" in "issue list"*) printf '%s' '${open}' ;; esac`);
  expect(run("tell", [result, "https://ci.example/1"], { env: gh.env })).toMatchObject({ status: 0, stderr: "" });
  const done = gh.calls().slice(1);
  expect(done).toHaveLength(expected.length);
  for (const [index, begin] of expected.entries()) expect(done[index]?.startsWith(begin), done[index]).toBe(true);
});

test.each([
  ["railway", "railway-api-changed.md"],
  ["drift", "volume-deleted.md"],
])("what `watch` finds of %s has an issue of its own, so that none hides another", (what, page) => {
  const gh = standIn("gh", `case "$*" in "issue list"*) printf '' ;; esac`);
  expect(run("tell", ["failure", "https://ci.example/1", what], { env: gh.env })).toMatchObject({ status: 0, stderr: "" });
  expect(gh.calls()[0]).toContain(`issue list --label fleet-watch-${what} `);
  const made = gh.calls().at(-1);
  expect(made?.startsWith(`issue create --label fleet-watch-${what} `)).toBe(true);
  expect(made).toContain(`docs/runbooks/${page}`);
  expect(run("tell", ["failure", "https://ci.example/1", "weather"], { env: gh.env })).toMatchObject({ status: 2 });
});

/** Runs as GitHub lists them, newest first, and main's newest commit. */
interface Actions {
  readonly billing?: readonly Run[];
  readonly deploy?: readonly Run[];
  readonly head?: string;
  /** Hours since that commit. */
  readonly since?: number;
}
type Run = readonly [conclusion: string, hoursAgo: number, commit?: string];

/** Stands in for gh as far as its own jq goes; the machine's jq reads what GitHub would have answered. */
function actions({ billing = [], deploy = [], head = "c2", since = 5 }: Actions) {
  const ago = (hours: number) => `${new Date(Date.now() - hours * 3_600_000).toISOString().slice(0, 19)}Z`;
  const list = (name: string, runs: readonly Run[]) =>
    JSON.stringify(
      runs.map(([conclusion, hours, commit = "c2"], index) => ({
        status: conclusion.startsWith("!") ? conclusion.slice(1) : "completed",
        conclusion: conclusion.startsWith("!") ? "" : conclusion,
        startedAt: ago(hours),
        headSha: commit,
        url: `https://ci.example/${name}/${index}`,
      })),
    );
  const commit = JSON.stringify({ sha: head, commit: { committer: { date: ago(since) } } });
  const { env } = standIn(
    "gh",
    `while [ "$1" != --jq ]; do case $1 in billing.yml) a='${list("billing", billing)}' ;; deploy.yml) a='${list("deploy", deploy)}' ;; */commits/main) a='${commit}' ;; esac; shift; done
printf '%s' "$a" | jq -r "$2"`,
  );
  return run("last-runs", [], { env });
}
const well: Actions = { billing: [["success", 1]], deploy: [["success", 4]] };
// Skipped, and shown so, where the machine has no jq; GitHub's has.
const hasJq = spawnSync("jq", ["--version"]).status === 0;

test.runIf(hasJq).each<[string, Actions, string]>([
  ["all went well", well, ""],
  [
    "billing failed before it could write anything down",
    {
      ...well,
      billing: [
        ["failure", 0.1],
        ["success", 1],
      ],
    },
    'billing: the newest run ended with "failure": https://ci.example/billing/0',
  ],
  ["billing ran out of time", { ...well, billing: [["timed_out", 0.1]] }, 'ended with "timed_out"'],
  [
    "billing failed once, and the next run went well",
    {
      ...well,
      billing: [
        ["success", 0.1],
        ["failure", 1],
      ],
    },
    "",
  ],
  ["billing has another clock since", { ...well, billing: [["failure", 25]] }, ""],
  ["billing never ran here", { ...well, billing: [] }, ""],
  [
    "a deploy failed days ago, and none came since",
    { ...well, deploy: [["failure", 50]] },
    'deploy: the newest run ended with "failure"',
  ],
  [
    "a person cancelled the newest deploy",
    { ...well, deploy: [["cancelled", 4]] },
    'deploy: the newest run ended with "cancelled"',
  ],
  [
    "a deploy was cancelled for a newer one that still runs",
    {
      ...well,
      deploy: [
        ["!in_progress", 0.2],
        ["cancelled", 0.3, "c1"],
      ],
    },
    "",
  ],
  [
    "a deploy waits for somebody's yes",
    { ...well, deploy: [["!waiting", 4]] },
    'deploy: the newest run is "waiting" for 4 hours',
  ],
  [
    "runs before the repository was enabled did nothing",
    {
      ...well,
      deploy: [
        ["skipped", 1],
        ["success", 4],
      ],
    },
    "",
  ],
  ["a merge started no deploy", { ...well, head: "c3" }, "deploy: no run for main's newest commit c3; start it by hand"],
  ["a merge of this hour has none yet", { ...well, head: "c3", since: 0.5 }, ""],
  ["nothing was ever deployed", { billing: well.billing ?? [], deploy: [["skipped", 9]] }, "no run for main's newest commit c2"],
])("%s", (_, given, problem) => {
  const { status, stdout, stderr } = actions(given);
  expect(stderr).toBe("");
  expect(stdout.trim().split("\n")).toEqual([problem === "" ? "" : expect.stringContaining(problem)]);
  expect(status).toBe(problem === "" ? 0 : 1);
});

function fleet(code: number, text: string): void {
  write("fleet", `#!/bin/sh\nprintf '%s\\n' "$*" > "${folder}/asked"\nprintf '%s\\n' '${text}'\nexit ${code}\n`);
  chmodSync(join(repository, "fleet"), 0o755);
}

test.each([
  [0, 0],
  [3, 0],
  [1, 1],
  [2, 2],
  [5, 5],
])("a report that ends with %i lets the job end with %i, and is handed on in any case", (code, status) => {
  fleet(code, "# report\n\nreport<<x\nx");
  const output = join(folder, "output");
  const env = { GITHUB_OUTPUT: output, GITHUB_STEP_SUMMARY: join(folder, "summary") };
  expect(run("report", ["--stack", "prod"], { env })).toEqual({ status, stdout: "", stderr: "" });
  expect(readFileSync(join(folder, "asked"), "utf8")).toBe("pr report --base HEAD --markdown --stack prod\n");
  const [, end, handed] = /^report<<(report-[0-9a-f]{32})\n([\s\S]*)\n\1\n$/.exec(readFileSync(output, "utf8")) ?? [];
  expect(end).toBeDefined();
  expect(handed).toBe("# report\n\nreport<<x\nx");
  expect(readFileSync(join(folder, "summary"), "utf8")).toBe("# report\n\nreport<<x\nx\n");
});

test("without GitHub a report is printed", () => {
  fleet(3, "# report");
  expect(run("report", [], {})).toEqual({ status: 0, stdout: "# report\n", stderr: "" });
});
