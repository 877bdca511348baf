/** What commands print with --json: one object each, documented in docs/commands.md (test/commands.test.ts holds the two together). */
import { z } from "zod";

const file = z.string();
const recipient = z.string();
const count = z.int().min(0);

/** `fleet tenant new` */
export const TenantMade = z.strictObject({ file, uid: z.string(), slug: z.string() });
export type TenantMade = z.infer<typeof TenantMade>;

/** `fleet tenant check` */
export const TenantsChecked = z.strictObject({
  /** Tenants without problems, by stack. */
  stacks: z.record(z.string(), count),
  problems: z.array(
    z.strictObject({
      file: file.optional(),
      /** From 1. */
      line: z.int().min(1).optional(),
      column: z.int().min(1).optional(),
      message: z.string(),
    }),
  ),
});
export type TenantsChecked = z.infer<typeof TenantsChecked>;

/** `fleet tenant list` */
export const TenantsListed = z.strictObject({
  stack: z.string(),
  tenants: z.array(
    z.strictObject({
      slug: z.string(),
      uid: z.string(),
      name: z.string(),
      plan: z.string(),
      state: z.string(),
      exempt: z.string().nullable(),
    }),
  ),
});
export type TenantsListed = z.infer<typeof TenantsListed>;

/** `fleet tenant show`: the entry (tenants/schema.ts) with addresses hidden, and where it lies. */
export const TenantShown = z.looseObject({ stack: z.string(), slug: z.string() });
export type TenantShown = z.infer<typeof TenantShown>;

/** `fleet tenant edit` */
export const TenantEdited = z.strictObject({
  file,
  slug: z.string(),
  /** In words, addresses masked. */
  changes: z.array(z.string()),
});
export type TenantEdited = z.infer<typeof TenantEdited>;

/** `fleet tenant reseal` */
export const TenantsResealed = z.strictObject({
  stack: z.string(),
  recipient,
  /** Null where the recipient was given: then the identity is at its maker's. */
  identity: z.string().nullable(),
  /** The tenants' files that were changed; `recipient.txt` is changed beside them. */
  files: z.array(file),
  addresses: count,
});
export type TenantsResealed = z.infer<typeof TenantsResealed>;

/** `fleet tenant keygen` */
export const KeysMade = z.strictObject({ stack: z.string(), recipient, identity: z.string() });
export type KeysMade = z.infer<typeof KeysMade>;

/** `fleet preview`, `up`, `destroy` */
export const StackReport = z.strictObject({
  schemaVersion: z.literal(1),
  operation: z.enum(["preview", "up", "destroy"]),
  stack: z.string(),
  ok: z.boolean(),
  /** Resources changed, or to be changed. */
  changes: count,
  tenants: z.array(
    z.strictObject({
      /** Null for what the account shares. */
      uid: z.string().nullable(),
      /** As the files say now; null where no file has this uid any more. */
      slug: z.string().nullable(),
      /** Resources by what the engine did with them. */
      done: z.record(z.string(), count),
      /** Logical names. */
      failed: z.array(z.string()),
    }),
  ),
  /** What the rules of policies/ refuse. */
  violations: z.array(
    z.strictObject({
      uid: z.string().nullable(),
      slug: z.string().nullable(),
      /** The rule: its file in policies/. */
      policy: z.string(),
      level: z.string(),
      message: z.string(),
      /** Logical names. */
      resources: z.array(z.string()),
    }),
  ),
  errors: z.array(z.string()),
  seconds: z.number(),
});
export type StackReport = z.infer<typeof StackReport>;

/** `fleet test <suite>` */
export const SuiteReport = z.strictObject({ suite: z.string(), cases: count, failed: count, seed: z.int(), seconds: z.number() });

/** `fleet bench <name>` */
export const BenchReport = z.strictObject({
  bench: z.string(),
  ratio: z.number(),
  against: z.string(),
  details: z.record(z.string(), z.unknown()),
});

/** `fleet env` */
export const EnvReport = z.strictObject({
  set: z.record(z.string(), z.string()),
  /** Names that a shell has to unset. */
  unset: z.array(z.string()),
});
export type EnvReport = z.infer<typeof EnvReport>;

/** `fleet doctor`; what is not there is left out. */
export const DoctorReport = z.strictObject({
  platform: z.strictObject({ os: z.string(), arch: z.string(), release: z.string(), memoryBytes: count }),
  node: z.strictObject({ path: file, version: z.string() }),
  npm: z.string().optional(),
  go: z.string().optional(),
  engine: z.strictObject({
    pinned: z.string(),
    found: z
      .strictObject({
        kind: z.enum(["path", "download", "built"]),
        cached: z.boolean(),
        pulumi: file,
        version: z.string(),
        why: z.string(),
        host: z.strictObject({ kind: z.enum(["official", "own"]), path: file }),
      })
      .optional(),
    why: z.string(),
  }),
  caches: z.array(z.strictObject({ folder: file, holds: z.enum(["engine", "nothing"]) })),
  freeDiskBytes: count.optional(),
  postgres: file.optional(),
});

/** `fleet completion` */
export const CompletionScript = z.strictObject({ shell: z.enum(["bash", "zsh", "fish"]), script: z.string() });
export type CompletionScript = z.infer<typeof CompletionScript>;

/** `fleet watch ping` */
export const PingReport = z.strictObject({ told: z.enum(["alive", "failed"]) });
export type PingReport = z.infer<typeof PingReport>;

/** Any command with --json that ends without its own object: domain/error-report.ts. */
export const ErrorObject = z.strictObject({
  error: z.strictObject({
    kind: z.enum(["operator", "vendor", "bug"]),
    exitCode: z.int().min(1).max(5),
    message: z.string(),
    problems: TenantsChecked.shape.problems,
    /** What the vendor said, if it was one. */
    refusal: z
      .strictObject({
        vendor: z.string(),
        operation: z.string(),
        status: z.int().optional(),
        code: z.string().optional(),
        vendorMessage: z.string(),
        requestId: z.string().optional(),
        retryable: z.boolean(),
      })
      .nullable(),
  }),
});
