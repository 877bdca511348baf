/** The one place that says which Pulumi engine this repository is made for. engine/go.mod names the same version; a test holds them together. */
export const pinnedVersion = "3.259.0";

export interface EngineVersion {
  readonly major: number;
  readonly minor: number;
  readonly patch: number;
  readonly prerelease: string;
}

/** Reads what `pulumi version` prints (`v3.259.0`, `v3.260.0-alpha.1`); undefined for anything else, such as a build without a version. */
export function parseVersion(text: string): EngineVersion | undefined {
  const match = /^v?(\d+)\.(\d+)\.(\d+)(?:-([0-9A-Za-z.-]+))?(?:\+\S*)?$/.exec(text.trim());
  if (!match) return undefined;
  const [, major, minor, patch, prerelease = ""] = match;
  return { major: Number(major), minor: Number(minor), patch: Number(patch), prerelease };
}

/** Why an engine found on PATH may be used or not. It must be of the pinned major (another speaks another protocol) and of at least the
 *  pinned minor: that is what the tests run against, and older ones have broken the R2 and S3 state storage (pulumi/pulumi #24219). */
export function judgeVersion(text: string): { readonly accepted: boolean; readonly reason: string } {
  const least = `v${leastMinor}`;
  const version = parseVersion(text);
  if (!version) return { accepted: false, reason: `says it is version "${text.trim().slice(0, 40)}", which is no release` };
  const pin = parsedPin;
  if (version.major !== pin.major) return { accepted: false, reason: `is ${text.trim()}, and v${pin.major} is needed` };
  const older = version.minor < pin.minor || (version.minor === pin.minor && version.prerelease !== "");
  if (older) return { accepted: false, reason: `is ${text.trim()}, older than ${least}` };
  return { accepted: true, reason: `is ${text.trim()}, at least ${least}` };
}

const parsedPin = pin();

/** Major and minor of the least accepted version on PATH. */
export const leastMinor = `${parsedPin.major}.${parsedPin.minor}`;

function pin(): EngineVersion {
  const version = parseVersion(pinnedVersion);
  if (!version) throw new Error(`bug: the pinned version ${pinnedVersion} cannot be read`);
  return version;
}
