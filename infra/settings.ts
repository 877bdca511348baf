/** The stack's settings (`Pulumi.<stack>.yaml`, namespace `fleet:`), parsed once. Everything that is missing or wrong is named at once. */
import { z } from "zod";
import { OperatorError, type Problem } from "../domain/error.ts";
import type { LoginMethod } from "../tenants/schema.ts";

const digest = (what: string) =>
  z
    .string()
    .regex(/^[a-z0-9.-]+(?::\d+)?\/[a-z0-9._/-]+(?::[\w.-]+)?@sha256:[0-9a-f]{64}$/, `is not an image by digest; ${what}`);
const hex32 = (where: string) => z.string().regex(/^[0-9a-f]{32}$/, `is not 32 hex digits; ${where}`);
const flag = z.union([z.boolean(), z.enum(["true", "false"])], "is neither true nor false").optional();

/** One entry a setting: its shape, and what to write when it is missing. */
const shapes = {
  zone: z.string().regex(/^(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}$/, "is not a domain in small letters"),
  zoneId: hex32("Cloudflare's dashboard shows it on the zone's overview page"),
  accountId: hex32("Cloudflare's dashboard shows it on the zone's overview page"),
  teamName: z.string().regex(/^[a-z0-9-]{1,63}$/, "is not a team name: write only <team> of <team>.cloudflareaccess.com"),
  releases: z
    .record(
      z.string().regex(/^[a-z][a-z0-9-]{0,30}$/),
      digest("write registry/ai-diy@sha256:…"),
      "is not a map from channel to image",
    )
    .refine((releases) => Object.keys(releases).length > 0, "is empty"),
  defaultRelease: z.string().optional(),
  tunnelImage: digest("write docker.io/cloudflare/cloudflared@sha256:…"),
  region: z.string().regex(/^[a-z0-9-]{3,40}$/, "is not a Railway region"),
  loginMethods: z
    .strictObject(
      {
        google: z.strictObject({ clientId: z.string().min(1) }).optional(),
        googleWorkspace: z.strictObject({ clientId: z.string().min(1), appsDomain: z.string().min(1) }).optional(),
        github: z.strictObject({ clientId: z.string().min(1) }).optional(),
        oneTimePin: z.strictObject({}).optional(),
      },
      "is not a map of google, googleWorkspace, github, oneTimePin",
    )
    .refine((methods) => Object.keys(methods).length > 0, "is empty: nobody could log in"),
  ownsAccount: flag,
  accountStack: z
    .string()
    .regex(/^[\w.-]+\/[\w.-]+\/[\w.-]+$/, "is not <organization>/<project>/<stack>")
    .optional(),
  personalData: z.enum(["sealed", "plain"], "is neither sealed nor plain").optional(),
  protect: flag,
} as const;

/** What each required setting is, for the message that names it. */
const meanings: Partial<Record<keyof typeof shapes, string>> = {
  zone: "the domain that tenants' hostnames lie in",
  zoneId: "that domain's id at Cloudflare",
  accountId: "the Cloudflare account's id",
  teamName: "the Zero Trust team, <team> of <team>.cloudflareaccess.com",
  releases: "release channel → the application's image by digest",
  tunnelImage: "cloudflared's image by digest",
  region: "the Railway region of tenants that name none",
  loginMethods: "how people log in: google, googleWorkspace, github, oneTimePin",
};

const structured: readonly string[] = ["releases", "loginMethods"];

/** The secret that an identity provider's log-in method needs. */
export const secretOf: Partial<Record<LoginMethod, string>> = {
  google: "googleClientSecret",
  googleWorkspace: "googleWorkspaceClientSecret",
  github: "githubClientSecret",
};

export interface Settings {
  readonly stack: string;
  readonly zone: string;
  readonly zoneId: string;
  readonly accountId: string;
  readonly teamName: string;
  readonly releases: Readonly<Record<string, string>>;
  readonly defaultRelease: string;
  readonly tunnelImage: string;
  readonly region: string;
  readonly loginMethods: z.infer<(typeof shapes)["loginMethods"]>;
  /** Whether this stack makes what the whole Cloudflare account shares. */
  readonly ownsAccount: boolean;
  /** The stack that does, where this one does not. */
  readonly accountStack: string | null;
  readonly personalData: "sealed" | "plain";
  /** Whether projects and volumes are protected and retained; off only where everything may be thrown away. */
  readonly protect: boolean;
}

/** Reads the settings. `get` gives a setting's text (structured ones as JSON), `hasSecret` tells whether a secret one is there.
 *  Throws OperatorError that names every missing and every wrong setting. */
export function readSettings(
  stack: string,
  get: (name: string) => string | undefined,
  hasSecret: (name: string) => boolean,
): Settings {
  const file = `Pulumi.${stack}.yaml`;
  const problems: Problem[] = [];
  const read = <Name extends keyof typeof shapes>(name: Name): z.infer<(typeof shapes)[Name]> | undefined => {
    const text = get(name);
    const given = text === undefined ? undefined : structured.includes(name) ? json(text) : text;
    if (given === undefined && meanings[name] !== undefined) {
      problems.push({ file, message: `fleet:${name} is missing: ${meanings[name]}` });
      return undefined;
    }
    const parsed = shapes[name].safeParse(given);
    // One schema a name: what it gives back is that name's type.
    if (parsed.success) return parsed.data as z.infer<(typeof shapes)[Name]>;
    for (const issue of parsed.error.issues)
      problems.push({ file, message: `${[`fleet:${name}`, ...issue.path].join(".")} ${issue.message}` });
    return undefined;
  };

  // In the order of the stack file, so that the list of what is missing reads like it.
  const settings: Settings = {
    stack,
    zone: read("zone") ?? "",
    zoneId: read("zoneId") ?? "",
    accountId: read("accountId") ?? "",
    teamName: read("teamName") ?? "",
    releases: read("releases") ?? {},
    defaultRelease: read("defaultRelease") ?? "stable",
    tunnelImage: read("tunnelImage") ?? "",
    region: read("region") ?? "",
    loginMethods: read("loginMethods") ?? {},
    ownsAccount: isTrue(read("ownsAccount"), false),
    accountStack: read("accountStack") ?? null,
    personalData: read("personalData") ?? "sealed",
    protect: isTrue(read("protect"), true),
  };
  const { ownsAccount, accountStack, releases, defaultRelease, loginMethods } = settings;
  if (!ownsAccount && accountStack === null)
    problems.push({
      file,
      message:
        "fleet:accountStack is missing: the stack with fleet:ownsAccount: true, as <organization>/<project>/<stack>; or set fleet:ownsAccount",
    });
  if (Object.keys(releases).length > 0 && !Object.hasOwn(releases, defaultRelease))
    problems.push({
      file,
      message: `fleet:defaultRelease "${defaultRelease}" is not among fleet:releases (${Object.keys(releases).sort().join(", ")})`,
    });
  if (ownsAccount)
    for (const method of methodNames(loginMethods)) {
      const secret = secretOf[method];
      if (secret && !hasSecret(secret))
        problems.push({
          file,
          message: `fleet:${secret} is missing: set it with: pulumi config set --secret fleet:${secret} --stack ${stack}`,
        });
    }
  if (problems.length) throw new OperatorError(problems);
  return settings;
}

/** The log-in methods that are configured. */
export function methodNames(methods: Settings["loginMethods"]): readonly LoginMethod[] {
  return (["github", "google", "googleWorkspace", "oneTimePin"] as const).filter((method) => methods[method] !== undefined);
}

function isTrue(value: boolean | string | undefined, otherwise: boolean): boolean {
  return value === undefined ? otherwise : value === true || value === "true";
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
