/** Planned resources → Pulumi resources: expressions become outputs of the resources they name. */
import { createHmac } from "node:crypto";
import { DnsRecord } from "@pulumi/cloudflare/dnsRecord.js";
import { ZeroTrustAccessApplication } from "@pulumi/cloudflare/zeroTrustAccessApplication.js";
import { ZeroTrustAccessIdentityProvider } from "@pulumi/cloudflare/zeroTrustAccessIdentityProvider.js";
import { ZeroTrustAccessPolicy } from "@pulumi/cloudflare/zeroTrustAccessPolicy.js";
import { ZeroTrustTunnelCloudflared } from "@pulumi/cloudflare/zeroTrustTunnelCloudflared.js";
import { ZeroTrustTunnelCloudflaredConfig } from "@pulumi/cloudflare/zeroTrustTunnelCloudflaredConfig.js";
import { ZoneSetting } from "@pulumi/cloudflare/zoneSetting.js";
import * as pulumi from "@pulumi/pulumi";
import { RandomBytes } from "@pulumi/random/randomBytes.js";
import { RandomPassword } from "@pulumi/random/randomPassword.js";
import { assert } from "../domain/error.ts";
import type { PlannedResource, ResourceKind } from "./planned.ts";
import { Sessions } from "./providers/access/classes.ts";
import { Key } from "./providers/openrouter/classes.ts";
import { Project, Service, ServiceInstance, VariableCollection, Volume, VolumeBackup } from "./providers/railway/classes.ts";

/** Where expressions find what they name. */
export interface Scope {
  /** The tenant's (or the account's) own resources by key; grows while they are made. */
  readonly resources: Map<string, pulumi.CustomResource>;
  /** An identity provider's id, whichever stack made it. */
  readonly accountId: (key: string) => pulumi.Output<string>;
  /** A secret of the stack's configuration. */
  readonly secretSetting: (name: string) => pulumi.Output<string>;
}

export interface Placement {
  readonly parent: pulumi.Resource;
  /** Whether what must be kept is protected and retained in this stack. */
  readonly protect: boolean;
}

/** Makes one resource; those it refers to must be in the scope already. */
export function realize(planned: PlannedResource, scope: Scope, placement: Placement): pulumi.CustomResource {
  const keep = planned.keep === true && placement.protect;
  const options: pulumi.CustomResourceOptions = {
    parent: placement.parent,
    dependsOn: (planned.dependsOn ?? []).map((key) => resourceOf(key, scope)),
    // Written on every resource: what is left out is filled in from the parent by the engine.
    protect: keep,
    retainOnDelete: keep,
    ...(planned.deletedWith !== undefined && { deletedWith: resourceOf(planned.deletedWith, scope) }),
  };
  const inputs: pulumi.Inputs = {};
  for (const [name, value] of Object.entries<unknown>(planned.arguments))
    if (value !== undefined) inputs[name] = input(value, scope);
  const resource = construct(planned.kind, planned.name, inputs, options);
  scope.resources.set(planned.key, resource);
  return resource;
}

/** An output of a resource in the scope. */
export function outputOf(ref: string, scope: Scope): pulumi.Output<unknown> {
  const dot = ref.lastIndexOf(".");
  const [key, name] = [ref.slice(0, dot), ref.slice(dot + 1)];
  if (key.startsWith("account/")) {
    assert(name === "id", `${ref}: of the account's resources only the id is known`);
    return scope.accountId(key.slice("account/".length));
  }
  const output: unknown = Reflect.get(resourceOf(key, scope), name);
  assert(pulumi.Output.isInstance(output), `${ref} is no output`);
  return output;
}

/** Any value, with outputs anywhere in it, as one output. */
export function lift(value: unknown): pulumi.Output<unknown> {
  const boxed: pulumi.Inputs = { value };
  return pulumi.output(boxed).apply((box): unknown => box.value);
}

/** The same text for the same value, whatever the order of its keys. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([left], [right]) => (left < right ? -1 : 1)))
      : inner,
  );
}

type Make = (name: string, inputs: never, options: pulumi.CustomResourceOptions) => pulumi.CustomResource;

const classes: Readonly<Record<ResourceKind, Make>> = {
  "railway:Project": (name, inputs, options) => new Project(name, inputs, options),
  "railway:Service": (name, inputs, options) => new Service(name, inputs, options),
  "railway:Volume": (name, inputs, options) => new Volume(name, inputs, options),
  "railway:VolumeBackup": (name, inputs, options) => new VolumeBackup(name, inputs, options),
  "railway:VariableCollection": (name, inputs, options) => new VariableCollection(name, inputs, options),
  "railway:ServiceInstance": (name, inputs, options) => new ServiceInstance(name, inputs, options),
  "cloudflare:AccessIdentityProvider": (name, inputs, options) => new ZeroTrustAccessIdentityProvider(name, inputs, options),
  "cloudflare:AccessPolicy": (name, inputs, options) => new ZeroTrustAccessPolicy(name, inputs, options),
  "cloudflare:AccessApplication": (name, inputs, options) => new ZeroTrustAccessApplication(name, inputs, options),
  "cloudflare:Tunnel": (name, inputs, options) => new ZeroTrustTunnelCloudflared(name, inputs, options),
  "cloudflare:TunnelConfiguration": (name, inputs, options) => new ZeroTrustTunnelCloudflaredConfig(name, inputs, options),
  "cloudflare:DnsRecord": (name, inputs, options) => new DnsRecord(name, inputs, options),
  "cloudflare:ZoneSetting": (name, inputs, options) => new ZoneSetting(name, inputs, options),
  "random:Password": (name, inputs, options) => new RandomPassword(name, inputs, options),
  "random:Bytes": (name, inputs, options) => new RandomBytes(name, inputs, options),
  "openrouter:Key": (name, inputs, options) => new Key(name, inputs, options),
  "access:Sessions": (name, inputs, options) => new Sessions(name, inputs, options),
};

function construct(kind: ResourceKind, name: string, inputs: pulumi.Inputs, options: pulumi.CustomResourceOptions) {
  // planned.ts checks the arguments against the class's own type, expression by expression; here each expression has become an input.
  return classes[kind](name, inputs as never, options);
}

function resourceOf(key: string, scope: Scope): pulumi.CustomResource {
  const resource = scope.resources.get(key);
  assert(resource, `the plan names ${key} before it is made`);
  return resource;
}

/** A planned value as Pulumi takes it. */
function input(value: unknown, scope: Scope): pulumi.Input<unknown> {
  if (Array.isArray(value)) return value.map((item: unknown) => input(item, scope));
  if (typeof value !== "object" || value === null) return value;
  if ("ref" in value && typeof value.ref === "string") return outputOf(value.ref, scope);
  if ("join" in value && Array.isArray(value.join))
    return pulumi.all(value.join.map((part: unknown) => input(part, scope))).apply((parts) => parts.join(""));
  if ("base64Json" in value)
    return pulumi.secret(
      lift(input(value.base64Json, scope)).apply((json) => Buffer.from(JSON.stringify(json)).toString("base64")),
    );
  if ("keyedHash" in value && "key" in value) {
    const parts = pulumi.all([input(value.key, scope), input(value.keyedHash, scope)]);
    // The key makes the hash safe to show: without it nobody can try out addresses or passwords against it.
    return pulumi.unsecret(
      parts.apply(([key, inner]) => createHmac("sha256", String(key)).update(canonicalJson(inner)).digest("hex")),
    );
  }
  if ("secret" in value && typeof value.secret === "string") return pulumi.secret(value.secret);
  if ("secretSetting" in value && typeof value.secretSetting === "string") return scope.secretSetting(value.secretSetting);
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, inner]) => (inner === undefined ? [] : [[name, input(inner, scope)]])),
  );
}
