/** A tag is what its owner pushed last: only a digest says what runs, and brings the same back after a restart. */
import { at, type ResourceRule, shown } from "./rule.ts";

export const railwayImageByDigest: ResourceRule = {
  name: "railway-image-by-digest",
  description: "Every service runs an image named by its digest",
  check({ type, props }) {
    if (type !== "railway:index:ServiceInstance") return [];
    const image = at(props, "image");
    if (typeof image === "string" && /@sha256:[0-9a-f]{64}$/.test(image)) return [];
    return [`image is ${shown(image)}. Name it by digest, registry/name@sha256:…, in fleet:releases or fleet:tunnelImage`];
  },
};
