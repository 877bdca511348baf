import { dirname, join } from "node:path";
import type { Engine } from "./find.ts";

export interface PulumiEnvironmentOptions {
  /** The repository's root. */
  readonly root: string;
  readonly engine: Engine;
  /** PULUMI_HOME; without it the user's own is used. */
  readonly home?: string;
  /** Where the state lies; without it the user's own log-in counts. */
  readonly backendUrl?: string;
  readonly passphrase?: string;
  /** True where only plugins that already lie in `home` may be used (the sandbox with its stand-ins): nothing is downloaded then. */
  readonly offlinePlugins: boolean;
  /** The environment this is made for. */
  readonly user: NodeJS.ProcessEnv;
  /** The Node that runs programs and providers; default: the one that runs us. */
  readonly node?: string;
}

export interface PulumiEnvironment {
  /** What has to be set. Holds the passphrase: print it only where `fleet env` was asked to. */
  readonly variables: Readonly<Record<string, string>>;
  /** The user's own PULUMI_* variables that must be unset, in order of the alphabet: they would let this checkout do something else than the same
   *  command does for others. */
  readonly dropped: readonly string[];
}

/** A stack has about 100 tenants, of which each waits with one create at most; the vendors' own rates are kept by their clients. */
const moreThanWait = 256;

/** What a process needs so that `pulumi` is the chosen engine on the chosen state, with this repository's Node. */
export function pulumiEnvironment(options: PulumiEnvironmentOptions): PulumiEnvironment {
  const { root, engine, home, backendUrl, passphrase, offlinePlugins, user, node = process.execPath } = options;
  const first = [dirname(engine.pulumi), dirname(node)];
  const rest = (user.PATH ?? "").split(":").filter((folder) => folder !== "" && !first.includes(folder));
  const variables: Record<string, string> = {
    PATH: [...first, ...rest].join(":"),
    FLEET_NODE: node,
    // Program, language host and every provider are Nodes of their own that load the same code: compiled once, a no-op takes a quarter less time.
    NODE_COMPILE_CACHE: user.NODE_COMPILE_CACHE ?? join(root, ".fleet", "compile-cache"),
    // Creates that wait for a vendor's cooldown each hold one of the engine's slots (4 a core otherwise), and what could go on stood behind them.
    PULUMI_PARALLEL: user.PULUMI_PARALLEL ?? String(moreThanWait),
    PULUMI_SKIP_UPDATE_CHECK: "true",
    PULUMI_AUTOMATION_API_SKIP_VERSION_CHECK: "true",
    ...(home === undefined ? {} : { PULUMI_HOME: home }),
    ...(backendUrl === undefined ? {} : { PULUMI_BACKEND_URL: backendUrl }),
    ...(passphrase === undefined ? {} : { PULUMI_CONFIG_PASSPHRASE: passphrase }),
    ...(offlinePlugins ? { PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true" } : {}),
    ...loopbackPastProxies(user),
    // A plugin that happens to be on PATH would be preferred to the locked version, and to the sandbox's stand-in.
    ...(hostIsBeside(engine) ? { PULUMI_IGNORE_AMBIENT_PLUGINS: "true" } : {}),
    // Read by the file beside a built engine, so that of several checkouts the right one's host runs.
    ...(engine.host.kind === "own" ? { FLEET_LANGUAGE_HOST: join(root, "engine", "host", "pulumi-language-nodejs") } : {}),
  };
  const dropped = Object.keys(user)
    .filter((name) => name.startsWith("PULUMI_") && user[name] !== undefined && !(name in variables))
    .filter((name) => mustDrop(name, options))
    .sort();
  return { variables, dropped };
}

/** What keeps loopback out of a user's proxies: the engine, its programs and the sandbox speak to each other there. Empty where no proxy is set. */
export function loopbackPastProxies(user: NodeJS.ProcessEnv): Readonly<Record<string, string>> {
  const proxied = ["http_proxy", "https_proxy", "all_proxy", "grpc_proxy"].some((name) => user[name] || user[name.toUpperCase()]);
  if (!proxied) return {};
  const listed = (user.no_proxy || user.NO_PROXY || "").split(/[\s,]+/).filter((host) => host !== "");
  if (listed.includes("*")) return {};
  const whole = [...new Set([...listed, "127.0.0.1", "localhost"])].join(",");
  // Programs differ in which of the two they read.
  return { NO_PROXY: whole, no_proxy: whole };
}

/** The whole environment for a child process. */
export function withPulumiEnvironment(
  user: NodeJS.ProcessEnv,
  { variables, dropped }: PulumiEnvironment,
): Record<string, string> {
  const whole: Record<string, string> = {};
  for (const [name, value] of Object.entries({ ...user, ...variables })) {
    if (value !== undefined && !dropped.includes(name)) whole[name] = value;
  }
  return whole;
}

/** Change which program, host or state is used, or weaken what the engine keeps safe (checkpoints, validation, confirmations). */
const neverOurs = new Set([
  "PULUMI_CONFIG",
  "PULUMI_CONFIG_SECRET_KEYS",
  "PULUMI_STACK",
  "PULUMI_CONTINUE_ON_ERROR",
  "PULUMI_DEBUG_LANGUAGES",
  "PULUMI_DEBUG_PROVIDERS",
  "PULUMI_DEV",
  "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION",
  "PULUMI_DISABLE_OUTPUT_VALUES",
  "PULUMI_DISABLE_PROVIDER_PREVIEW",
  "PULUMI_DISABLE_RESOURCE_REFERENCES",
  "PULUMI_DISABLE_VALIDATION",
  "PULUMI_ENABLE_LEGACY_DIFF",
  "PULUMI_ENABLE_LEGACY_PLUGIN_SEARCH",
  "PULUMI_ENABLE_LEGACY_REFRESH_DIFF",
  "PULUMI_ENABLE_STREAMING_JSON_PREVIEW",
  "PULUMI_ERROR_OUTPUT_STRING",
  "PULUMI_EXPERIMENTAL",
  "PULUMI_FALLBACK_TO_STATE_SECRETS_MANAGER",
  "PULUMI_IGNORE_AMBIENT_PLUGINS",
  "PULUMI_LANGUAGE_NODEJS_RUN_PATH",
  "PULUMI_RUN_PROGRAM",
  "PULUMI_SKIP_CHECKPOINTS",
  "PULUMI_SKIP_CONFIRMATIONS",
]);

/** Only say how much is shown or done at once; kept even in the sandbox. */
const harmless = new Set(["PULUMI_DEBUG_COMMANDS", "PULUMI_DEBUG_GRPC", "PULUMI_PARALLEL", "PULUMI_PARALLEL_DIFF"]);

function mustDrop(name: string, { offlinePlugins, passphrase, backendUrl }: PulumiEnvironmentOptions): boolean {
  if (harmless.has(name)) return false;
  // The sandbox is the same for everybody: neither a log-in nor a setting of the user's real fleet reaches it.
  if (offlinePlugins) return true;
  if (passphrase !== undefined && name === "PULUMI_CONFIG_PASSPHRASE_FILE") return true;
  if (backendUrl !== undefined && name === "PULUMI_API") return true;
  return neverOurs.has(name) || name.startsWith("PULUMI_NODEJS_");
}

function hostIsBeside(engine: Engine): boolean {
  return dirname(engine.host.path) === dirname(engine.pulumi);
}
