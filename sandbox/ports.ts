/** The sandbox's addresses, apart from its emulators: a command that only looks for a running sandbox should not load them. */
export const portNames = ["railway", "cloudflare", "stripe", "openrouter", "edge", "clock"] as const;
export type PortName = (typeof portNames)[number];
