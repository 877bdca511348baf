/** All rules. A new one is a file of its own and a line here. */
import { addressesDeclared } from "./addresses-declared.ts";
import { cloudflareAccessEqualSessions } from "./cloudflare-access-equal-sessions.ts";
import { cloudflareDnsFollowsTunnel, cloudflareDnsOnlyTunnels } from "./cloudflare-dns-only-tunnels.ts";
import { cloudflareTunnelAsksAccess } from "./cloudflare-tunnel-asks-access.ts";
import { railwayDataProtected } from "./railway-data-protected.ts";
import { railwayImageByDigest } from "./railway-image-by-digest.ts";
import { railwayNoPublicAddress } from "./railway-no-public-address.ts";
import type { ResourceRule, StackRule } from "./rule.ts";
import { secretsDeclared } from "./secrets-declared.ts";

export const resourceRules: readonly ResourceRule[] = [
  railwayDataProtected,
  railwayNoPublicAddress,
  railwayImageByDigest,
  cloudflareDnsOnlyTunnels,
  cloudflareTunnelAsksAccess,
  secretsDeclared,
  addressesDeclared,
];

export const stackRules: readonly StackRule[] = [cloudflareDnsFollowsTunnel, cloudflareAccessEqualSessions];
