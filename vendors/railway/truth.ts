/** Mutations that answer `Boolean!` may say false without an error: nothing was done. */
import { VendorError } from "../../domain/error.ts";

export function assertDone(operation: string, done: boolean): void {
  if (done) return;
  const vendorMessage = "answered false without an error: nothing was done";
  throw new VendorError({ vendor: "railway", operation, vendorMessage, retryable: true });
}
