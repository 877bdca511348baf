/** The tokens that Access gives to people and service tokens: RS256, `aud` an array (reference: cloudflare 2.4). */
import { createLocalJWKSet, errors, importJWK, type JWTPayload, jwtVerify, SignJWT } from "jose";
import type { Core } from "./core.ts";
import type { App, AppSession, IdentitySession, ServiceToken } from "./objects.ts";
import { publicKeys, signingKey } from "./signing-keys.ts";

export function issuer(core: Core): string {
  return `https://${core.state.organization.auth_domain}`;
}

/** A person's token for one application. */
export function personToken(core: Core, app: App, session: AppSession, identity: IdentitySession): Promise<string> {
  return sign(core, session.iat, session.exp, {
    aud: [app.aud],
    email: session.email,
    sub: session.user_id,
    type: "app",
    identity_nonce: session.identity_nonce,
    token_nonce: session.nonce,
    country: identity.country,
  });
}

/** A service token's token: no e-mail, an empty `sub`, the client id as `common_name`. */
export function serviceJwt(core: Core, app: App, token: ServiceToken): Promise<string> {
  const now = core.now();
  return sign(core, now, now + 86_400_000, { aud: [app.aud], common_name: token.client_id, sub: "", type: "app" });
}

/** The token of the team's own hostname: the person's global session. */
export function teamToken(core: Core, identity: IdentitySession): Promise<string> {
  return sign(core, identity.iat, identity.exp, {
    type: "org",
    sub: identity.user_id,
    email: identity.email,
    identity_nonce: identity.nonce,
  });
}

export type Verified =
  | { readonly kind: "valid"; readonly claims: JWTPayload }
  | { readonly kind: "expired" }
  | { readonly kind: "bad signature" };

/** Judges signature, issuer and expiry by the emulated time; the audience is the asker's business. */
export async function verify(core: Core, token: string): Promise<Verified> {
  try {
    const keys = createLocalJWKSet(publicKeys(core));
    const options = { issuer: issuer(core), algorithms: ["RS256"], currentDate: new Date(core.now()) };
    return { kind: "valid", claims: (await jwtVerify(token, keys, options)).payload };
  } catch (error) {
    return error instanceof errors.JWTExpired ? { kind: "expired" } : { kind: "bad signature" };
  }
}

async function sign(core: Core, iatMs: number, expMs: number, claims: JWTPayload): Promise<string> {
  const key = signingKey(core);
  return new SignJWT({ ...claims, nbf: Math.floor(iatMs / 1_000) })
    .setProtectedHeader({ alg: "RS256", kid: key.kid, typ: "JWT" })
    .setIssuer(issuer(core))
    .setIssuedAt(Math.floor(iatMs / 1_000))
    .setExpirationTime(Math.floor(expMs / 1_000))
    .sign(await importJWK(key.private_jwk, "RS256"));
}
