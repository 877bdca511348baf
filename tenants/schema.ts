/** A tenant entry, as people write it: `tenants/<stack>/<slug>.yaml` (DESIGN 3.1). The single source of its shape; tenant.schema.json is generated from it. */
import { z } from "zod";
import { stripeCustomerPattern, tenantUidPattern } from "../domain/ids.ts";
import { sample } from "./explain.ts";
import { emailPattern, sealedPattern } from "./seal.ts";

export const states = ["active", "suspended", "retained", "offboarding"] as const;
export type TenantState = (typeof states)[number];

export const loginMethods = ["google", "googleWorkspace", "github", "oneTimePin"] as const;
export type LoginMethod = (typeof loginMethods)[number];

/** Variables that the fleet sets on every application; an entry may not set them. */
export const fleetVariables = [
  "USER_ID",
  "FLEET_TENANT",
  "PORT",
  "PRODUCTION",
  "TZ",
  "LOG_LEVEL",
  "DATA_ROOT",
  "API_BASE_URL",
  "BASIC_AUTH_USERS",
  "OPENROUTER_API_KEY",
  // Each of these would switch the application's log-in to another mode, or its model calls to another account.
  "APP_ENV",
  "ENABLE_BASIC_AUTH",
  "TUNNEL_TOKEN",
] as const;

/** Mail domains at which anybody can get an address: letting such a domain in lets everybody in. */
const publicMailDomains = [
  "aol.com",
  "gmail.com",
  "gmx.com",
  "gmx.de",
  "gmx.net",
  "googlemail.com",
  "hotmail.com",
  "icloud.com",
  "live.com",
  "mail.com",
  "me.com",
  "msn.com",
  "outlook.com",
  "proton.me",
  "protonmail.com",
  "web.de",
  "yahoo.com",
  "yandex.com",
];

type Said = (said: string) => string;
const say = (message: Said) => ({
  error: (issue: { readonly input?: unknown }) => (issue.input === undefined ? "is missing" : message(sample(issue.input))),
});
/** A text of this pattern; anything but a text gets the general message of explain.ts. */
const text = (pattern: RegExp, message: Said) => z.string().regex(pattern, say(message));

const address = text(
  new RegExp(`${emailPattern.source}|${sealedPattern.source}`),
  (said) => `${said} is neither a sealed address (age:…, made by fleet tenant new or edit) nor an e-mail address`,
);

const memberKinds = ["email", "emailDomain", "githubOrganization", "googleGroup"] as const;

const Member = z
  .strictObject({
    email: address.optional().describe("One person, sealed: age:…"),
    emailDomain: text(
      /^(?=.{4,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,}$/,
      (said) => `${said} is not a mail domain; write it in small letters without @, like acme.example`,
    )
      .refine(
        (domain) => !publicMailDomains.includes(domain),
        say((said) => `${said} would let everybody in: anyone can get an address there`),
      )
      .optional()
      .describe("Everybody with an address of this domain; only if the plan allows an open number of people"),
    githubOrganization: text(
      /^[A-Za-z0-9](?:[A-Za-z0-9-]{0,37}[A-Za-z0-9])?$/,
      (said) => `${said} is not the name of a GitHub organization`,
    )
      .optional()
      .describe("Everybody in this GitHub organization"),
    team: text(/^[a-z0-9][a-z0-9_-]{0,99}$/, (said) => `${said} is not the slug of a GitHub team`)
      .optional()
      .describe("Only this team of githubOrganization"),
    googleGroup: address.optional().describe("Everybody in this Google Workspace group, its address sealed"),
  })
  .superRefine((member, context) => {
    const kinds = memberKinds.filter((kind) => member[kind] !== undefined);
    if (kinds.length !== 1)
      context.addIssue({
        code: "custom",
        message: `must say exactly one of ${memberKinds.join(", ")}${kinds.length ? `, not ${kinds.join(" and ")}` : ""}`,
      });
    if (member.team !== undefined && member.githubOrganization === undefined)
      context.addIssue({ code: "custom", path: ["team"], message: "belongs to githubOrganization, which is missing" });
  })
  .meta({ oneOf: memberKinds.map((kind) => ({ required: [kind] })) });

const Access = z.strictObject({
  members: z
    .array(Member)
    .min(
      1,
      say(() => "is empty: nobody could log in; add at least one member"),
    )
    .max(
      500,
      say(() => "has more than 500 entries; use emailDomain or githubOrganization"),
    )
    .describe("Who may log in"),
  loginMethods: z
    .array(
      z.enum(
        loginMethods,
        say((said) => `${said} is not a log-in method; write ${loginMethods.join(", ")}`),
      ),
    )
    .min(
      1,
      say(() => "is empty: nobody could log in; leave it out for the stack's own"),
    )
    .refine(
      noRepeat,
      say(() => "names a log-in method twice"),
    )
    .optional(),
  sessionDuration: text(/^(?:30m|(?:[1-9]|1\d|2[0-4])h)$/, (said) => `${said} is not a duration; write 30m, 1h … 24h`).optional(),
  publicPaths: z
    .array(
      text(
        /^(?:\/[A-Za-z0-9_~-][A-Za-z0-9._~-]{0,62}){1,4}$/,
        (said) => `${said} is not a public path; write it like /yourapp, without a slash or * at the end, and never / alone`,
      ),
    )
    .max(
      4,
      say(() => "has more than four entries"),
    )
    .refine(
      noRepeat,
      say(() => "names a path twice"),
    )
    .optional()
    .describe("Reachable without log-in, for example /yourapp"),
});

const size = (what: string, least: number, most: number, step: number) =>
  z
    .number()
    .min(
      least,
      say((said) => `${said} is too small; ${what} goes from ${least} to ${most}`),
    )
    .max(
      most,
      say((said) => `${said} is too big; ${what} goes from ${least} to ${most}`),
    )
    .multipleOf(
      step,
      say((said) => `${said} is not a multiple of ${step}`),
    );

const App = z.strictObject({
  release: text(
    /^[a-z][a-z0-9-]{0,30}$/,
    (said) => `${said} is not a release channel; write one of the stack's fleet:releases, like stable`,
  ).optional(),
  region: text(/^[a-z0-9-]{3,40}$/, (said) => `${said} is not a Railway region; write one like us-west2`).optional(),
  memoryGB: size("memory", 0.25, 32, 0.25).optional(),
  vCPUs: size("the number of processors", 0.25, 32, 0.25).optional(),
  volumeGB: size("a volume", 1, 1000, 1).optional().describe("Grows only: a volume cannot be made smaller"),
  sleep: z.boolean().optional().describe("Sleeps after 5-10 minutes without traffic"),
  variables: z
    .record(
      text(/^[A-Z][A-Z0-9_]{0,63}$/, (said) => `${said} is not the name of a variable; write capitals, digits and _`).refine(
        (name) => !fleetVariables.some((taken) => taken === name) && !name.startsWith("RAILWAY_"),
        say((said) => `${said} is set by the fleet or by Railway and cannot be set here`),
      ),
      z
        .string()
        .max(
          4096,
          say(() => "is longer than 4096 characters"),
        )
        .regex(
          /^(?:\P{Cc}|[\t\n])*$/u,
          say(() => "holds a control character"),
        ),
    )
    .optional()
    .describe("More variables of the application; never a secret: everybody who can read the repository reads them"),
});

const day = z
  .string()
  .refine(
    isDay,
    say((said) => `${said} is not a day; write it like 2026-12-31`),
  )
  .meta({ format: "date" });

const Billing = z.strictObject({
  customer: text(stripeCustomerPattern, (said) => `${said} is not a Stripe customer id (cus_…)`).optional(),
  exempt: z
    .string()
    .trim()
    .min(
      3,
      say(() => "needs a reason"),
    )
    .max(200)
    .regex(
      /^[^\p{Cc}\p{Cf}]*$/u,
      say(() => "holds a control character"),
    )
    .optional()
    .describe("A reason: never billed, shown in every report"),
  budgetHours: z
    .int(say((said) => `${said} is not a whole number of hours`))
    .min(1)
    .max(744)
    .optional(),
  graceUntil: day.optional().describe("No suspension before this day"),
});

export const TenantEntry = z.strictObject({
  uid: text(tenantUidPattern, (said) => `${said} is not a uid (tn_ and ten of a-z, 0-9); fleet tenant new makes one`).describe(
    "Made once, never changes; logical names, metering and ledger hang on it",
  ),
  name: text(
    /^[^\s@\p{C}](?:[^@\p{C}]{0,78}[^\s@\p{C}])?$/u,
    (said) => `${said} is not a name: 1 to 80 characters, an organisation or pseudonym, never an e-mail address`,
  ).describe("An organisation or pseudonym, never a person; changing it changes nothing else"),
  plan: text(/^[a-z0-9][a-z0-9-]{0,60}$/, (said) => `${said} is not the name of a plan; see tenants/plans/`).describe(
    "A file of tenants/plans/",
  ),
  state: z
    .enum(
      states,
      say((said) => `${said} is not a state; write ${states.join(", ")}`),
    )
    .optional(),
  access: Access,
  app: App.optional(),
  billing: Billing.optional(),
  adopt: z
    .strictObject({
      step: z.enum(
        ["imported", "parallel"],
        say((said) => `${said} is not a step; write imported or parallel`),
      ),
      until: day,
    })
    .optional()
    .describe("Only while an instance that already exists is brought in"),
});
export type TenantEntry = z.infer<typeof TenantEntry>;
export type MemberEntry = TenantEntry["access"]["members"][number];

function noRepeat(list: readonly string[]): boolean {
  return new Set(list).size === list.length;
}

function isDay(said: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(said)) return false;
  const at = Date.parse(`${said}T00:00:00Z`);
  return !Number.isNaN(at) && new Date(at).toISOString().startsWith(said);
}
