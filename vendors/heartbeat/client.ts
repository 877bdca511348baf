/** The service that waits for a sign of life and writes to a person when none comes (healthchecks.io and those that speak like it): one secret address,
 *  asked after each success; the same with `/fail` tells of a failure. */
import type { Clock } from "../../domain/clock.ts";
import { OperatorError, registerSecret, VendorError } from "../../domain/error.ts";
import { request } from "../http/request.ts";

const deadlineMs = 10_000;

export interface HeartbeatSettings {
  /** Whoever knows it can keep the service quiet: it is shown nowhere. */
  readonly url: string;
  readonly clock: Clock;
  /** A line for each wait. */
  readonly log?: (message: string) => void;
}

/** Throws OperatorError for an address that is none, VendorError when the service does not take it. */
export async function sendHeartbeat({ url, clock, log }: HeartbeatSettings, outcome: "done" | "failed"): Promise<void> {
  const address = URL.canParse(url) ? new URL(url) : undefined;
  if (address?.protocol !== "https:" && address?.protocol !== "http:")
    throw new OperatorError("FLEET_HEARTBEAT_URL is no address: it begins with https://");
  registerSecret(address.pathname);
  const operation = outcome === "done" ? "POST /:id" : "POST /:id/fail";
  if (outcome === "failed") address.pathname = `${address.pathname.replace(/\/+$/, "")}/fail`;
  const answer = await request({
    ...{ clock, vendor: "heartbeat", operation, url: address.href, method: "POST", deadlineMs, retry: "idempotent" },
    ...(log === undefined ? {} : { log }),
  });
  if (answer.status >= 200 && answer.status < 300) return;
  const vendorMessage = "is FLEET_HEARTBEAT_URL the check's whole address?";
  throw new VendorError({ vendor: "heartbeat", operation, status: answer.status, vendorMessage, retryable: false });
}
