import { createReadStream } from "node:fs";
import { OperatorError, type Problem } from "../../domain/error.ts";
import type { EvidenceLine } from "../rules/evidence.ts";
import { parseLine } from "./line.ts";

/** Problems of one file beyond these are counted, not shown. */
const shownProblems = 20;

/** The lines of an evidence file by tenant. */
export type EvidenceByTenant = Map<string, EvidenceLine[]>;

/** Reads evidence in the JSON lines format, one text a line. Throws OperatorError (exit 2) naming `file` and the number of every line
 *  that is not as the format says; then nothing may be judged. Blank lines are skipped but counted. */
export async function readEvidence(file: string, lines: Iterable<string> | AsyncIterable<string>): Promise<EvidenceByTenant> {
  const tenants: EvidenceByTenant = new Map();
  const problems: Problem[] = [];
  let number = 0;
  let wrongLines = 0;
  for await (const text of lines) {
    number++;
    if (text.trim() === "") continue;
    const parsed = parseLine(text);
    if ("problems" in parsed) {
      wrongLines++;
      const line = number;
      if (problems.length < shownProblems) problems.push(...parsed.problems.map((message) => ({ file, line, message })));
    } else if (wrongLines === 0) {
      const known = tenants.get(parsed.uid);
      if (known) known.push(parsed.line);
      else tenants.set(parsed.uid, [parsed.line]);
    }
  }
  if (wrongLines > 0) {
    const rest = `${wrongLines} ${wrongLines === 1 ? "line is" : "lines are"} not evidence; nothing was judged`;
    throw new OperatorError([...problems, { file, message: rest }]);
  }
  return tenants;
}

/** The lines of a file, one at a time, without the line feed: the file may be larger than memory. JSON may hold the other
 *  characters that Unicode calls line ends, so only the line feed ends a line. Throws OperatorError if the file cannot be read. */
export async function* linesOfFile(file: string): AsyncGenerator<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  let pending: Buffer[] = [];
  const flush = () => {
    const bytes = Buffer.concat(pending);
    pending = [];
    try {
      return decoder.decode(bytes);
    } catch {
      return "not UTF-8";
    }
  };
  try {
    for await (const chunk of createReadStream(file)) {
      if (!Buffer.isBuffer(chunk)) continue;
      let from = 0;
      for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, from)) {
        pending.push(chunk.subarray(from, at));
        from = at + 1;
        yield flush();
      }
      if (from < chunk.length) pending.push(chunk.subarray(from));
    }
  } catch (error) {
    if (!(error instanceof Error && "code" in error)) throw error;
    throw new OperatorError(`cannot read the evidence file ${file} (${String(error.code)}); check the path given to --evidence`);
  }
  if (pending.length > 0) yield flush();
}
