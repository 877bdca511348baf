/** What Railway's errors mean. Most come as HTTP 200 with `errors[]`; the kinds say what to do about them. */
import { VendorError, type VendorRefusal } from "../../domain/error.ts";

/** `cooldown`: too soon after the last one; nothing was done. `lag`: an object made a moment ago is not known yet. `hidden`: absent, deleted or not ours
 *  to see, which Railway does not tell apart, so never "gone" by itself. `passing`: the platform's own trouble. `refused`: everything else. */
export type RefusalKind = "cooldown" | "lag" | "hidden" | "passing" | "refused";

/** A GraphQL error of Railway: it answered, and nothing was done. */
export class RailwayRefusal extends VendorError {
  readonly kind: RefusalKind;
  constructor(refusal: VendorRefusal, kind: RefusalKind) {
    super(refusal);
    this.name = "RailwayRefusal";
    this.kind = kind;
    // Railway's own words say less than what they mean.
    if (kind === "hidden") this.message += ": what it asks for is absent, deleted or not this token's to see";
  }
}

/** Whether Railway said what it says of things that are absent, deleted or out of the token's scope. */
export function isHidden(error: unknown): boolean {
  return error instanceof RailwayRefusal && (error.kind === "hidden" || error.kind === "lag");
}

export function refusalOf(
  operation: string,
  status: number,
  error: { message: string; code?: string; traceId?: string },
): RailwayRefusal {
  const kind = kindOf(error.message);
  return new RailwayRefusal(
    {
      vendor: "railway",
      operation,
      status: status === 200 ? undefined : status,
      code: error.code,
      vendorMessage: error.message,
      requestId: error.traceId,
      retryable: kind !== "refused",
    },
    kind,
  );
}

const kinds: readonly (readonly [RefusalKind, RegExp])[] = [
  ["cooldown", /too quickly|whoa there|in a sec\b|cannot redeploy yet|operation is already in progress|rate limit/i],
  ["hidden", /^not authorized|problem processing request/i],
  ["lag", /\bnot found\b/i],
  ["passing", /internal server error|timed? ?out|temporarily|unexpected error/i],
];

function kindOf(message: string): RefusalKind {
  return kinds.find(([, pattern]) => pattern.test(message))?.[0] ?? "refused";
}
