/** Program for tests: gets the engine for the checkout named by the argument and prints it. */
import { ensureEngine } from "../engine.ts";

process.stdout.write(`${JSON.stringify(await ensureEngine({ env: process.env, root: process.argv[2] }))}\n`);
