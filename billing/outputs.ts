/** The stack's outputs, through `pulumi stack output --json` in the environment as it is, or from a file. */
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import { z } from "zod";
import { OperatorError, redact } from "../domain/error.ts";
import { FleetOutput, schemaVersion } from "../infra/outputs.ts";

const run = promisify(execFile);

export interface OutputsQuestion {
  /** Instead of asking Pulumi. */
  readonly file?: string | undefined;
  /** Default: the current stack. */
  readonly stack?: string | undefined;
  /** Where Pulumi.yaml is. */
  readonly root: string;
}

/** Throws OperatorError where there are none, or of another version. */
export async function readOutputs(question: OutputsQuestion): Promise<FleetOutput> {
  const source = question.file ?? "`pulumi stack output --json`";
  const text = question.file === undefined ? await askPulumi(question) : await readGiven(question.file);
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch {
    throw new OperatorError(`${source} gave no JSON: ${text.slice(0, 100)}`);
  }
  return parseOutputs(data, source);
}

/** Accepts all outputs of the stack or the fleet output alone. */
export function parseOutputs(data: unknown, source: string): FleetOutput {
  const outer = z.object({ fleet: z.unknown() }).safeParse(data);
  const fleet = outer.success && outer.data.fleet !== undefined ? outer.data.fleet : data;
  const version = z.object({ schemaVersion: z.unknown() }).safeParse(fleet);
  if (!version.success)
    throw new OperatorError(
      `${source} has no output "fleet": this stack was never brought up by \`pulumi up\`, or it is another project's`,
    );
  if (version.data.schemaVersion !== schemaVersion)
    throw new OperatorError(
      `${source}: the stack's outputs have schemaVersion ${JSON.stringify(version.data.schemaVersion)}, this program reads ${schemaVersion}: use the release of billing that fits, or run \`pulumi up\` with this one`,
    );
  const parsed = FleetOutput.safeParse(fleet);
  if (parsed.success) return parsed.data;
  throw new OperatorError(
    parsed.error.issues.map((issue) => ({ file: source, message: `fleet.${issue.path.join(".")}: ${issue.message}` })),
  );
}

async function readGiven(file: string): Promise<string> {
  return readFile(file, "utf8").catch((error: Error) => {
    throw new OperatorError(`the outputs file ${file} cannot be read (${error.message})`);
  });
}

async function askPulumi({ stack, root }: OutputsQuestion): Promise<string> {
  const args = ["stack", "output", "--json", "--non-interactive", ...(stack === undefined ? [] : ["--stack", stack])];
  try {
    const { stdout } = await run("pulumi", args, { cwd: root, maxBuffer: 64 * 1024 * 1024 });
    return stdout;
  } catch (error) {
    const failure = z.object({ code: z.unknown(), stderr: z.string().optional() }).parse(error);
    if (failure.code === "ENOENT")
      throw new OperatorError('pulumi is not on PATH: eval "$(./fleet env <stack>)" first, or give --outputs FILE');
    throw new OperatorError(`\`pulumi ${args.join(" ")}\` failed: ${redact((failure.stderr ?? "").trim()) || "it said nothing"}`);
  }
}
