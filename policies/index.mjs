// The engine's runner registers its own TypeScript loader, which stumbles over `.ts` imports; behind this file Node strips the types itself.
import "./index.ts";
