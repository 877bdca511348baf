/** The team's signing keys: a new one every six weeks, the one before stays valid for seven days (reference: cloudflare 2.4). */
import { generateKeyPairSync } from "node:crypto";
import type { Core } from "./core.ts";
import type { SigningKey } from "./objects.ts";

const day = 86_400_000;

/** The key in use now; made or renewed when it is due. */
export function signingKey(core: Core): SigningKey {
  const newest = core.state.signingKeys.at(-1);
  if (newest && core.now() - newest.created_at < core.state.keyRotationIntervalDays * day) return newest;
  return rotateSigningKey(core);
}

export function rotateSigningKey(core: Core): SigningKey {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2_048 });
  const jwk: Record<string, unknown> = { ...privateKey.export({ format: "jwk" }) };
  const key: SigningKey = { kid: core.hex(32), created_at: core.now(), private_jwk: jwk };
  core.state.signingKeys = [...core.state.signingKeys.slice(-1), key];
  return key;
}

/** The answer of `/cdn-cgi/access/certs`: public halves only, the current key first. */
export function publicKeys(core: Core): { keys: Record<string, unknown>[] } {
  const current = signingKey(core);
  const previous = core.state.signingKeys.filter((key) => key !== current && core.now() - current.created_at < 7 * day);
  return { keys: [current, ...previous].map(publicHalf) };
}

function publicHalf({ kid, private_jwk: { kty, n, e } }: SigningKey): Record<string, unknown> {
  return { kid, kty, alg: "RS256", use: "sig", e, n };
}
