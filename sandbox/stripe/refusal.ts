/** Stripe's error answers: `{error: {type, code, message, param}}` with a status and, where it matters, headers. */
export type RefusalType = "api_error" | "card_error" | "idempotency_error" | "invalid_request_error";

/** Everything of an error answer but its message. */
export interface RefusalDetails {
  readonly status?: number;
  readonly type?: RefusalType;
  readonly code?: string;
  readonly param?: string;
  readonly declineCode?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** True where Stripe answers before the endpoint began its work: such an answer is not kept under the idempotency key. */
  readonly beforeWork?: boolean;
}

/** Thrown by an operation; becomes the answer. Status 400 and `invalid_request_error` unless said otherwise. */
export class Refusal extends Error {
  readonly status: number;
  readonly type: RefusalType;
  readonly code: string | undefined;
  readonly param: string | undefined;
  readonly declineCode: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly beforeWork: boolean;
  constructor(message: string, details: RefusalDetails = {}) {
    super(message);
    this.name = "Refusal";
    this.status = details.status ?? 400;
    this.type = details.type ?? "invalid_request_error";
    this.code = details.code;
    this.param = details.param;
    this.declineCode = details.declineCode;
    this.headers = details.headers ?? {};
    this.beforeWork = details.beforeWork ?? false;
  }

  body(requestId: string): { error: Record<string, string> } {
    const error: Record<string, string> = { type: this.type, message: this.message };
    if (this.code) {
      error.code = this.code;
      error.doc_url = `https://stripe.com/docs/error-codes/${this.code.replaceAll("_", "-")}`;
    }
    if (this.param) error.param = this.param;
    if (this.declineCode) error.decline_code = this.declineCode;
    error.request_log_url = `https://dashboard.stripe.com/test/logs/${requestId}`;
    return { error };
  }
}

/** 404 `resource_missing`; in a body or query the same code comes with 400. */
export function missing(what: string, id: string, param = "id", status = 404): Refusal {
  return new Refusal(`No such ${what}: '${id}'`, { status, code: "resource_missing", param });
}

/** The parameter is required here. */
export function missingParam(param: string): Refusal {
  return new Refusal(`Missing required param: ${param}.`, { code: "parameter_missing", param, beforeWork: true });
}
