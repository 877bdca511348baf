// The engine's runner registers its own TypeScript loader, which stumbles over `.ts` imports; behind this file Node strips the types itself.
import { flushCompileCache } from "node:module";
import "./index.ts";

// The engine kills a policy pack, and only a process that exits keeps what it compiled: without this every run compiles anew what only the pack loads.
flushCompileCache();
