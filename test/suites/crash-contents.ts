import { z } from "zod";

const Kept = z.looseObject({
  world: z.looseObject({
    railway: z.looseObject({ tables: z.looseObject({ volumeInstances: z.array(z.looseObject({ id: z.string() })) }) }),
  }),
});

/** A sandbox's state.json with something on every volume: what is lost later is seen. */
export function withContents(state: string): string {
  const kept = Kept.parse(JSON.parse(state));
  for (const volume of kept.world.railway.tables.volumeInstances) volume.files = { "people/notes.txt": "what somebody wrote" };
  return JSON.stringify(kept);
}
