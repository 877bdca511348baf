/** Program: runs a policy pack whose PulumiPolicy.yaml says `typescript: false`. Pulumi's own runner loads the TypeScript compiler and ts-node for every
 *  pack, which is most of the time that such a pack takes to start; here Node strips the types. The pack's folder is the last argument. */
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const folder = process.argv.at(-1) ?? ".";
// The pack sees the arguments of a program that was started by hand.
process.argv.splice(2);
await import(pathToFileURL(createRequire(join(folder, "package.json")).resolve(folder)).href);
