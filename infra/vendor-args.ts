/** The vendors' argument types without Pulumi's inputs and outputs around each value. Types only. */
import type { DnsRecordArgs as DnsRecordInputs } from "@pulumi/cloudflare/dnsRecord.js";
import type { ZeroTrustAccessApplicationArgs } from "@pulumi/cloudflare/zeroTrustAccessApplication.js";
import type { ZeroTrustAccessIdentityProviderArgs } from "@pulumi/cloudflare/zeroTrustAccessIdentityProvider.js";
import type { ZeroTrustAccessPolicyArgs } from "@pulumi/cloudflare/zeroTrustAccessPolicy.js";
import type { ZeroTrustTunnelCloudflaredArgs } from "@pulumi/cloudflare/zeroTrustTunnelCloudflared.js";
import type { ZeroTrustTunnelCloudflaredConfigArgs } from "@pulumi/cloudflare/zeroTrustTunnelCloudflaredConfig.js";
import type { ZoneSettingArgs as ZoneSettingInputs } from "@pulumi/cloudflare/zoneSetting.js";
import type { Unwrap } from "@pulumi/pulumi";
import type { RandomBytesArgs } from "@pulumi/random/randomBytes.js";
import type { RandomPasswordArgs } from "@pulumi/random/randomPassword.js";

export type AccessApplicationArgs = Unwrap<ZeroTrustAccessApplicationArgs>;
export type AccessIdentityProviderArgs = Unwrap<ZeroTrustAccessIdentityProviderArgs>;
export type AccessPolicyArgs = Unwrap<ZeroTrustAccessPolicyArgs>;
export type BytesArgs = Unwrap<RandomBytesArgs>;
export type DnsRecordArgs = Unwrap<DnsRecordInputs>;
export type PasswordArgs = Unwrap<RandomPasswordArgs>;
export type TunnelArgs = Unwrap<ZeroTrustTunnelCloudflaredArgs>;
export type TunnelConfigurationArgs = Unwrap<ZeroTrustTunnelCloudflaredConfigArgs>;
export type ZoneSettingArgs = Unwrap<ZoneSettingInputs>;
export type { SessionsInputs as SessionsArgs } from "./providers/access/shapes.ts";
export type { KeyInputs as KeyArgs } from "./providers/openrouter/shapes.ts";
export type {
  ProjectInputs as ProjectArgs,
  ServiceInputs as ServiceArgs,
  ServiceInstanceInputs as ServiceInstanceArgs,
  VariableCollectionInputs as VariableCollectionArgs,
  VolumeInputs as VolumeArgs,
} from "./providers/railway/shapes.ts";
export type { VolumeBackupInputs as VolumeBackupArgs } from "./providers/railway/volume-backup-shapes.ts";
