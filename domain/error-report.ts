/** An error as data, for those who called with `--json`. */
import { type ExitCode, exitCode, OperatorError, type Problem, redact, VendorError, type VendorRefusal } from "./error.ts";

export interface ErrorReport {
  readonly error: {
    /** The operator's mistake, the vendor's refusal, or a bug of ours (DESIGN 3.7). */
    readonly kind: "operator" | "vendor" | "bug";
    readonly exitCode: ExitCode;
    readonly message: string;
    /** All of an operator's mistakes; empty otherwise. */
    readonly problems: readonly Problem[];
    readonly refusal: VendorRefusal | null;
  };
}

/** `message` is what a person is told, where that says more than the error itself. No secret in any field. */
export function errorReport(error: unknown, message?: string): ErrorReport {
  const told = redact(message ?? (error instanceof Error ? error.message : String(error)));
  if (error instanceof VendorError) {
    const refusal = { ...error.refusal, vendorMessage: redact(error.refusal.vendorMessage) };
    return { error: { kind: "vendor", exitCode: exitCode.failed, message: told, problems: [], refusal } };
  }
  if (error instanceof OperatorError) {
    const problems = error.problems.map((problem) => ({ ...problem, message: redact(problem.message) }));
    return { error: { kind: "operator", exitCode: error.exitCode, message: told, problems, refusal: null } };
  }
  // What a file system refuses is the machine's, and its owner's to put right.
  const kind = error instanceof Error && "syscall" in error ? "operator" : "bug";
  return { error: { kind, exitCode: exitCode.failed, message: told, problems: [], refusal: null } };
}
