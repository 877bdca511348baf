/** The billing program: a process of its own, called by people, by `fleet billing …` and by a schedule. Data on stdout, messages on stderr. */
import { parseArgs } from "node:util";
import { type ExitCode, exitCode, OperatorError, redact, VendorError } from "../domain/error.ts";
import { errorReport } from "../domain/error-report.ts";
import { billingCommands, type CommandFlags } from "./commands.ts";
import { stopOnSignals } from "./stopping.ts";

const usage = `billing [plan|run|why|link|setup] [flags]
  plan                     what a run would change, in hours and money (the default)
  run                      collect, plan, apply, reconcile, close
  why <slug> <hour>        why an hour is billed or not: why acme 2026-11-23T18Z
  link <slug>              a fresh link to Stripe's page for a card
  setup                    the meter, products and prices that the plans need
flags
  --only <stages>          run: only these of collect,plan,apply,reconcile,close
  --stack <name>           default: Pulumi's current stack
  --outputs <file>         the stack's outputs as a file instead of asking Pulumi
  --rule <name>            a rule of billing/rules/
  --live                   needed for a live Stripe key
  --json                   one object on stdout`;

const flagTypes = {
  only: { type: "string" },
  stack: { type: "string" },
  outputs: { type: "string" },
  rule: { type: "string" },
  live: { type: "boolean" },
  json: { type: "boolean" },
  help: { type: "boolean", short: "h" },
} as const;

const say = (message: string) => void process.stderr.write(`${redact(message)}\n`);

async function main(argv: readonly string[], stop: AbortSignal): Promise<ExitCode> {
  const print = (text: string) => void process.stdout.write(`${text}\n`);
  try {
    const { values, positionals } = parse(argv);
    const [name = "plan", ...words] = positionals;
    if (values.help) {
      print(usage);
      return exitCode.done;
    }
    const command = billingCommands[name];
    if (!command) throw new OperatorError(`there is no command "${name}"\n${usage}`);
    if (values.only !== undefined && name !== "run")
      throw new OperatorError("--only chooses the stages of run; nothing else has any");
    if (values.rule !== undefined && (name === "setup" || name === "link"))
      throw new OperatorError(`--rule is for the commands that judge hours; ${name} does not`);
    return await command({ words, flags: values, env: process.env, say, print, stop });
  } catch (error) {
    const told = describe(error);
    say(told);
    // Whoever asked for an object gets one.
    if (argv.includes("--json")) print(JSON.stringify(errorReport(error, told)));
    return error instanceof OperatorError ? error.exitCode : exitCode.failed;
  }
}

function describe(error: unknown): string {
  if (error instanceof OperatorError) return error.message;
  if (error instanceof VendorError)
    return `${error.message}; ${error.refusal.retryable ? "run it again later" : "look at the request in the vendor's log"}`;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

function parse(argv: readonly string[]): { values: CommandFlags; positionals: string[] } {
  try {
    return parseArgs({ args: [...argv], options: flagTypes, allowPositionals: true });
  } catch (error) {
    throw new OperatorError(`${error instanceof Error ? error.message : String(error)}\n${usage}`);
  }
}

// A reader that has seen enough is no failure of ours, nor is a terminal that was closed; the run itself goes on to its end.
for (const stream of [process.stdout, process.stderr])
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE" && error.code !== "EIO") throw error;
  });
const stop = stopOnSignals(say);
process.exitCode = await main(process.argv.slice(2), stop);
// What was left in its middle would go on.
if (stop.aborted) process.exit();
