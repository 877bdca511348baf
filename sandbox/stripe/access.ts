import { apiVersion } from "./events.ts";
import { Refusal } from "./refusal.ts";

/** Checks key and version. Test keys only (a guard of this sandbox: a live key must never be sent to it, nor work here). */
export function checkAccess(headers: Headers, path: string): void {
  const key = keyOf(headers.get("authorization"));
  if (!key)
    throw new Refusal(
      "You did not provide an API key. You need to provide your API key in the Authorization header, using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY').",
      { status: 401, beforeWork: true },
    );
  if (/^(sk|rk)_live_/.test(key))
    throw new Refusal("Live keys are refused: this is a sandbox. Use a key that begins with sk_test_ or rk_test_.", {
      status: 401,
      beforeWork: true,
    });
  if (!/^(sk|rk)_test_[A-Za-z0-9_]+$/.test(key))
    throw new Refusal(`Invalid API Key provided: ${key.slice(0, 3)}${"*".repeat(8)}`, { status: 401, beforeWork: true });
  const version = headers.get("stripe-version");
  if (version === null && path.startsWith("/v2/"))
    throw new Refusal("The Stripe-Version header is required on /v2 paths.", { beforeWork: true });
  if (version !== null && version !== apiVersion)
    throw new Refusal(`Invalid Stripe API version: ${version}. This sandbox speaks ${apiVersion} only.`, { beforeWork: true });
}

function keyOf(authorization: string | null): string | undefined {
  const [scheme, value] = authorization?.split(" ") ?? [];
  if (!value) return undefined;
  if (scheme?.toLowerCase() === "bearer") return value;
  return scheme?.toLowerCase() === "basic" ? Buffer.from(value, "base64").toString("utf8").split(":")[0] : undefined;
}
