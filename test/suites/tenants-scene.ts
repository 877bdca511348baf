/** One stack on the disk with one file that is not right, and what `fleet tenant check` says of it. */
import { ok } from "node:assert/strict";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "@stricli/core";
import { stringify } from "yaml";
import { app } from "../../cli/app.ts";
import { root as repository } from "../../cli/context.ts";
import { silent } from "../../cli/progress.ts";
import { TenantsChecked } from "../../cli/reports.ts";
import { redact } from "../../domain/error.ts";
import type { Random } from "./random.ts";

export type Values = Record<string, unknown>;

export interface Broken {
  /** What is wrong, in a few words without control characters. */
  readonly what: string;
  /** Makes it so in the stack's folder. */
  write(folder: string): void | Promise<void>;
  /** The line that must be named, where there is one right answer. */
  readonly line?: number;
}

export interface Answer {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Stands in broken files in the clear, and may never be said in full. */
export const planted = "planted.person@secret.example";

/** An address that the sandbox's identity opens. */
export const sealedAddress = /age:\S+/.exec(readFileSync(join(repository, "tenants", "sandbox", "acme.yaml"), "utf8"))?.[0] ?? "";

/** An entry that is right, with some of what may be left out. */
export function validEntry(random: Random): Values {
  const some = (block: Values) => (random.chance(0.6) ? block : {});
  return {
    uid: "tn_zzzzzzzzzz",
    name: random.pick(["Zephyr", "Zoo & Sons", "Zürich Works"]),
    plan: "standard-2026-01",
    access: {
      members: [{ email: sealedAddress }, { emailDomain: "z.example" }, { githubOrganization: "z-works", team: "t" }],
      ...some({ loginMethods: ["google", "github"] }),
      ...some({ sessionDuration: "8h" }),
      ...some({ publicPaths: ["/yourapp"] }),
    },
    app: { memoryGB: 2, sleep: true, variables: { MOTTO: "z: z" }, ...some({ release: "stable", region: "us-west2" }) },
    billing: { budgetHours: 10, customer: "cus_Zzzzzz", ...some({ exempt: "a demo" }), ...some({ graceUntil: "2026-12-31" }) },
  };
}

/** As people write it. */
export function written(entry: unknown): string {
  return `# a tenant\n${stringify(entry, { lineWidth: 0 })}`;
}

/** The file that is broken where its name does not matter. */
export const fileName = "zephyr.yaml";

export function text(what: string, content: string | Uint8Array, line?: number): Broken {
  return { what, ...(line !== undefined && { line }), write: (folder) => writeFileSync(join(folder, fileName), content) };
}

/** The line of a text on which a piece of it begins. */
export function lineOf(content: string, piece: string): number {
  return content.slice(0, content.indexOf(piece)).split("\n").length;
}

/** `fleet tenant check` over the sandbox's tenants and this file, in this process. */
export async function checked(broken: Pick<Broken, "write">, words: readonly string[] = []): Promise<Answer> {
  const root = mkdtempSync(join(tmpdir(), "fleet-tenants-"));
  try {
    for (const part of ["plans", "sandbox"]) {
      mkdirSync(join(root, "tenants", part), { recursive: true });
      cpSync(join(repository, "tenants", part), join(root, "tenants", part), { recursive: true });
    }
    await broken.write(join(root, "tenants", "sandbox"));
    const [out, err]: [string[], string[]] = [[], []];
    const process = {
      stdout: { write: (said: string) => void out.push(said) },
      stderr: { write: (said: string) => void err.push(said) },
      env: {},
      exitCode: undefined as number | string | null | undefined,
    };
    const print = (said: string) => void out.push(`${said}\n`);
    await run(app, ["tenant", "check", "--stack", "sandbox", ...words], {
      process,
      root,
      print,
      progress: silent,
      say: (said: string) => void err.push(`${said}\n`),
    });
    return { code: Number(process.exitCode ?? 0), out: out.join(""), err: err.join("") };
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

const mostBytes = 32 * 1024;
/** What moves a cursor, hides or turns text around in a terminal or a log. */
const unprintable = /[\p{Cc}\p{Cf}\u2028\u2029]/u;

/** Throws unless the file was refused as a person can use it. */
export function refusedWell({ code, out, err }: Answer, line?: number): void {
  const told = redact(err.slice(0, 1500));
  ok(code === 2, `exit code ${code}, not 2: ${told}${out.slice(0, 300)}`);
  ok(out === "", `stdout is not empty: ${out.slice(0, 300)}`);
  ok(err.length <= mostBytes, `${err.length} characters on stderr`);
  const lines = err.trimEnd().split("\n");
  for (const said of lines) {
    ok(/^tenants\/sandbox\/.*?:[1-9]\d*:[1-9]\d* \S/.test(said), `no file:line:column in ${JSON.stringify(said.slice(0, 200))}`);
    ok(said.length <= 1000, `a line of ${said.length} characters: ${said.slice(0, 200)}`);
    ok(!unprintable.test(said), `unprintable characters in ${JSON.stringify(said.slice(0, 200))}`);
  }
  ok(!/^\s+at |node:internal|\.ts:\d|\[object |undefined|AGE-SECRET-KEY/m.test(err), `not an operator's message: ${told}`);
  ok(!err.includes("planted.person"), `an address in the clear: ${told}`);
  if (line !== undefined)
    ok(
      lines.some((said) => said.includes(`.yaml:${line}:`)),
      `line ${line} is not named: ${told}`,
    );
}

/** The same of `--json`. */
export function refusedAsJson({ code, out, err }: Answer): void {
  ok(code === 2 && err === "", `exit code ${code}, stderr ${err.slice(0, 300)}`);
  const { problems } = TenantsChecked.parse(JSON.parse(out));
  ok(problems.length > 0 && problems.every(({ file, line, column }) => file && line && column), out.slice(0, 500));
}
