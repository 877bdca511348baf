/** The provider's own configuration: CheckConfig's answer, and the context that the resources get. */
import { type CheckFailure, checkShape } from "./check.ts";
import type { Properties, ProviderFunction, Resource } from "./resource.ts";
import type { PackageDescription } from "./schema.ts";
import { hasUnknown } from "./unknown.ts";

/** The process's environment. */
export type Environment = Readonly<Record<string, string | undefined>>;
/** Provider configuration by bare name (`apiUrl`), as the engine sends it: texts; what is not a text is JSON. */
export type Configuration = Readonly<Record<string, string>>;

export interface Provider<Context> extends PackageDescription {
  readonly resources: readonly Resource<Properties, Properties, Context>[];
  readonly functions?: readonly ProviderFunction<Properties, Context>[];
  /** Made once, at Configure; what it throws is shown as the reason why the provider cannot be used. */
  context(env: Environment, config: Configuration): Context | Promise<Context>;
}

/** The engine's own keys among a provider's inputs. */
const engineKeys: ReadonlySet<string> = new Set(["version", "pluginDownloadURL", "__internal"]);

export function checkConfiguration(provider: PackageDescription, news: Properties): readonly CheckFailure[] {
  if (!provider.configSchema) return [];
  const own = Object.fromEntries(Object.entries(news).filter(([name]) => !engineKeys.has(name)));
  return checkShape(provider.configSchema, own);
}

/** `railway:config:apiUrl` → `apiUrl`; without the engine's own keys and without what is not known yet. */
export function bareNames(variables: Iterable<readonly [string, string]>): Configuration {
  const entries = [...variables].map(([name, value]) => [name.split(":").at(-1) ?? name, value] as const);
  return Object.fromEntries(entries.filter(([name, value]) => !engineKeys.has(name) && !hasUnknown(value)));
}

/** The context, made at the first use if the engine never configures (debugging) and again when it configures. */
export function contextOf<Context>(provider: Provider<Context>, env: Environment) {
  let context: Promise<Context> | undefined;
  const make = async (config: Configuration) => provider.context(env, config);
  return {
    async configure(config: Configuration): Promise<void> {
      context = make(config);
      await context;
    },
    get(): Promise<Context> {
      context ??= make({});
      return context;
    },
  };
}
