/** Resources as plain data: every argument is a value, or says where its value comes from. Types only; nothing here runs Pulumi. */
import type * as args from "./vendor-args.ts";

/** An argument's value that is not known while planning. */
export type Expression =
  /** Another resource's output, `<key>.<output>`; `account/<key>.<output>` for one of the account's. */
  | { readonly ref: string }
  /** Texts and expressions put together. */
  | { readonly join: readonly (string | Expression)[] }
  /** A JSON document in base64. */
  | { readonly base64Json: Readonly<Record<string, string | Expression>> }
  /** HMAC-SHA256 of a value's canonical JSON: shows that it changed, not what it is. */
  | { readonly keyedHash: Plain; readonly key: Expression }
  /** Known, but encrypted in state and hidden in previews. */
  | { readonly secret: string }
  /** A secret of the stack's configuration. */
  | { readonly secretSetting: string };

/** JSON with expressions anywhere in it. */
export type Plain = string | number | boolean | Expression | readonly Plain[] | { readonly [key: string]: Plain };

/** A resource's argument type with expressions allowed for every value. */
export type Planned<Value> =
  | Expression
  | (Value extends string | number | boolean | undefined | null
      ? Value
      : Value extends readonly (infer Item)[]
        ? readonly Planned<Item>[]
        : { readonly [Key in keyof Value]: Planned<Value[Key]> });

/** What can be planned, and with which arguments. */
export interface ArgumentsOf {
  readonly "railway:Project": args.ProjectArgs;
  readonly "railway:Service": args.ServiceArgs;
  readonly "railway:Volume": args.VolumeArgs;
  readonly "railway:VolumeBackup": args.VolumeBackupArgs;
  readonly "railway:VariableCollection": args.VariableCollectionArgs;
  readonly "railway:ServiceInstance": args.ServiceInstanceArgs;
  readonly "cloudflare:AccessIdentityProvider": args.AccessIdentityProviderArgs;
  readonly "cloudflare:AccessPolicy": args.AccessPolicyArgs;
  readonly "cloudflare:AccessApplication": args.AccessApplicationArgs;
  readonly "cloudflare:Tunnel": args.TunnelArgs;
  readonly "cloudflare:TunnelConfiguration": args.TunnelConfigurationArgs;
  readonly "cloudflare:DnsRecord": args.DnsRecordArgs;
  readonly "cloudflare:ZoneSetting": args.ZoneSettingArgs;
  readonly "random:Password": args.PasswordArgs;
  readonly "random:Bytes": args.BytesArgs;
  readonly "openrouter:Key": args.KeyArgs;
  readonly "access:Sessions": args.SessionsArgs;
}
export type ResourceKind = keyof ArgumentsOf;

interface Of<Kind extends ResourceKind> {
  readonly kind: Kind;
  /** How the other resources of the same tenant (or of the account) refer to it. */
  readonly key: string;
  /** Pulumi's logical name: unique in the stack, made from the uid, never from a name that people may change. */
  readonly name: string;
  /** Which component it belongs to. */
  readonly part: "tenant" | "edge" | "account";
  readonly arguments: { readonly [Key in keyof ArgumentsOf[Kind]]: Planned<ArgumentsOf[Kind][Key]> };
  /** Keys of resources that must exist first although no argument says so. */
  readonly dependsOn?: readonly string[];
  /** Protected, and left alone when it leaves the program: it holds what cannot be made again. */
  readonly keep?: boolean;
  /** Key of a resource with which it goes at the vendor: if that one is deleted too, this one is only forgotten. */
  readonly deletedWith?: string;
}
export type PlannedResource = { readonly [Kind in ResourceKind]: Of<Kind> }[ResourceKind];
