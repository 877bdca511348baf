/** Three kinds of error: the operator's mistake, the vendor's refusal, our own bug (any other Error). Secrets are redacted in all three. */

/** Exit codes of every command (DESIGN 3.3). */
export const exitCode = { done: 0, failed: 1, wrongUse: 2, pending: 3, partial: 4, refused: 5 } as const;
export type ExitCode = (typeof exitCode)[keyof typeof exitCode];

/** One thing that is wrong with an input, and how to put it right. `line` and `column` count from 1. */
export interface Problem {
  readonly file?: string;
  readonly line?: number;
  readonly column?: number;
  readonly message: string;
}

export function formatProblem(problem: Problem): string {
  const place = [problem.file, problem.line, problem.column].filter((part) => part !== undefined).join(":");
  return place ? `${place} ${problem.message}` : problem.message;
}

/** The operator's mistake: what, where, how to put it right; shown without a stack. Holds all problems of an input at once. */
export class OperatorError extends Error {
  readonly exitCode: ExitCode;
  readonly problems: readonly Problem[];
  constructor(problems: string | readonly Problem[], code: ExitCode = exitCode.wrongUse) {
    const list = typeof problems === "string" ? [{ message: problems }] : problems;
    super(list.map(formatProblem).join("\n"));
    this.name = "OperatorError";
    this.problems = list;
    this.exitCode = code;
  }
}

/** A guard said no (exit 5). */
export class RefusedError extends OperatorError {
  constructor(problems: string | readonly Problem[]) {
    super(problems, exitCode.refused);
    this.name = "RefusedError";
  }
}

export interface VendorRefusal {
  readonly vendor: "railway" | "cloudflare" | "stripe" | "openrouter" | "heartbeat";
  /** GraphQL operation name, or `METHOD /path`. */
  readonly operation: string;
  readonly status?: number;
  /** The vendor's own code and words. */
  readonly code?: string;
  readonly vendorMessage: string;
  readonly requestId?: string;
  /** Whether trying the same again later may help. */
  readonly retryable: boolean;
}

/** The vendor said no, or nothing. */
export class VendorError extends Error {
  readonly refusal: VendorRefusal;
  constructor(refusal: VendorRefusal, options?: ErrorOptions) {
    const facts = [
      refusal.status && `HTTP ${refusal.status}`,
      refusal.code,
      refusal.requestId && `request ${refusal.requestId}`,
    ].filter(Boolean);
    super(
      `${refusal.vendor} refused ${refusal.operation} ("${redact(refusal.vendorMessage)}")${facts.length ? `, ${facts.join(", ")}` : ""}`,
      options,
    );
    this.name = "VendorError";
    this.refusal = refusal;
  }
}

const secrets = new Set<string>();

/** From now on this value is replaced in every text that goes through `redact`. Values under eight characters are too common to hide. */
export function registerSecret(value: string | undefined): void {
  if (value && value.length >= 8) secrets.add(value);
}

/** Replaces registered secrets, bearer tokens, Stripe, OpenRouter and age keys in a text, and masks mail addresses (`a…@acme.example`): vendors repeat in
 *  a refusal what they were sent. */
export function redact(text: string): string {
  let clean = text;
  for (const secret of secrets) clean = clean.replaceAll(secret, "[secret]");
  return clean
    .replace(/\b(Bearer|Basic)\s+[A-Za-z0-9._~+/=-]{8,}/gi, "$1 [secret]")
    .replace(/\b(?:sk|rk)_(?:test|live)_[A-Za-z0-9]{6,}/g, "[secret]")
    .replace(/\bsk-or-[A-Za-z0-9-]{8,}/g, "[secret]")
    .replace(/\bAGE-SECRET-KEY-[A-Z0-9]+/g, "[secret]")
    .replace(address, "$1…$2");
}

/** Looking only where a word begins keeps the time in proportion to the text. */
const address = /(?<![\w.%+'-])([\w+])[\w.%+'-]*((?:@|%40)(?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,})/g;

/** For states that cannot be: our own bug, shown with a stack. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(`bug: ${message}`);
}
