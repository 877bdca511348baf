/** Imported before @pulumi/pulumi, which loads npm's dependency solver and the TypeScript compiler as soon as it is imported: more than half of the time that
 *  takes, for writing functions down, which this program never does. From here on the two are loaded when something of theirs is first used. */
import { registerHooks } from "node:module";
import { fileURLToPath } from "node:url";

const packages: ReadonlySet<string> = new Set(["@npmcli/arborist", "typescript"]);
/** Makes another file of it: a module of the same path would be itself. */
const mark = ".on-demand";

registerHooks({
  resolve(specifier, context, next) {
    const found = next(specifier, context);
    const isTheirs = packages.has(specifier) && context.parentURL?.includes("/@pulumi/pulumi/");
    return isTheirs && found.url.startsWith("file:") ? { ...found, url: found.url + mark, format: "commonjs" } : found;
  },
  load(url, context, next) {
    if (!url.endsWith(mark)) return next(url, context);
    const path = JSON.stringify(fileURLToPath(url.slice(0, -mark.length)));
    // Said to be one of ESM's, so that its names are not copied while it is required.
    const source = `module.exports = new Proxy({}, { get: (_, name) => (name === "__esModule" ? true : require(${path})[name]) });`;
    return { format: "commonjs", shortCircuit: true, source };
  },
});
