/** PURE. What the engine's resource types say about an object. */

/** Types in which a tenant's data lies, with what a person calls them. */
export const dataTypes: Readonly<Record<string, string>> = {
  "railway:index:Project": "project",
  "railway:index:Volume": "volume",
};

/** Whether it is an object at a vendor: components of ours, providers and the stack itself are none. */
export function isVendors(type: string): boolean {
  return !type.startsWith("fleet:") && !type.startsWith("pulumi:");
}
