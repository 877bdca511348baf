/** Railway's regions. */
import type { Field } from "./access.ts";

export const defaultRegion = "us-west2";

const regions = [
  { name: "us-west2", location: "California, USA", country: "US" },
  { name: "us-east4-eqdc4a", location: "Virginia, USA", country: "US" },
  { name: "europe-west4-drams3a", location: "Amsterdam, Netherlands", country: "NL" },
  { name: "asia-southeast1-eqsg3a", location: "Singapore", country: "SG" },
] as const;

export const regionNames: readonly string[] = regions.map((region) => region.name);

export const regionQueries = {
  regions: () => regions.map((region) => ({ ...region, id: region.name, region: region.name, workspaceId: null })),
} satisfies Record<string, Field>;
