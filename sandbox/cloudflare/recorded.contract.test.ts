/** What the real provider was seen to send, sent to the emulator: the answers must be those that showed it no difference. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { openAccount } from "./bench.ts";
import { specsFolder, specsPresent } from "./published-answers.ts";

const Line = z.looseObject({
  type: z.string(),
  phase: z.string(),
  method: z.string(),
  path: z.string(),
  body: z.unknown().optional(),
  answer: z.unknown().optional(),
});

/** Fields that may differ: moments. */
const moments =
  /"(?:created|updated|deleted|modified|activated|conns_inactive|conns_active|comment_modified)_(?:at|on)":(?:"[^"]*"|null)/g;
/** Ids and audiences in a recorded answer. */
const ids = /[0-9a-f]{64}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{32}/g;
const zoneId = "0123456789abcdef0123456789abcdef";
/** Fields that the recording's answers lack and a real one carries; none of them is read by the provider (INDEX.md: absent or present makes no difference). */
const harmless = new Set(["app_count"]);

describe.skipIf(!specsPresent)("recorded requests of the official provider", () => {
  test("every answer of a whole life of one tenant's edge holds what the recorded answer held", async () => {
    const { cloudflare, call } = openAccount({
      accountId: "acc",
      zoneId,
      zoneName: "example.com",
      teamDomain: "acme.cloudflareaccess.com",
    });
    const phases = [
      "create",
      "refresh",
      "update-A",
      "update-B",
      "update-C",
      "update-D",
      "rename",
      "refresh-after-rename",
      "import",
      "destroy",
    ];
    const lines = readFileSync(`${specsFolder}/provider-requests-edge.jsonl`, "utf8")
      .trim()
      .split("\n")
      .map((line) => Line.parse(JSON.parse(line)))
      .filter((line) => phases.includes(line.phase));
    const renamed = new Map<string, string>([[zoneId, zoneId]]);
    const mine = (text: string) => text.replaceAll(ids, (id) => renamed.get(id) ?? id);
    let compared = 0;
    for (const line of lines) {
      const sent = line.body === undefined ? undefined : JSON.parse(mine(JSON.stringify(line.body)));
      const { status, messages, result } = await call(line.method, mine(line.path), sent);
      expect(status, `${line.phase} ${line.method} ${line.path}: ${messages}`).toBeLessThan(300);
      if (line.answer === undefined) continue;
      const answer = Line.partial().loose().parse(line.answer);
      for (const field of ["id", "aud"])
        if (typeof answer[field] === "string" && typeof result[field] === "string") renamed.set(answer[field], result[field]);
      const comparable = (value: unknown) => JSON.parse(JSON.stringify(value).replaceAll(moments, '"when":0'));
      const wanted = comparable(JSON.parse(mine(JSON.stringify(line.answer))));
      const got = comparable(result);
      expect(got, `${line.phase} ${line.type}`).toMatchObject(wanted);
      const added = Object.keys(got).filter((key) => !(key in wanted) && !harmless.has(key));
      expect(added, `${line.phase} ${line.type}: fields that the recorded answer does not have`).toEqual([]);
      compared += 1;
    }
    expect(compared).toBeGreaterThan(60);
    const { apps, policies, dnsRecords, identityProviders, tunnelConfigurations } = cloudflare.core.state;
    expect([apps, policies, dnsRecords, identityProviders].map((list) => list.length)).toEqual([0, 0, 0, 0]);
    // No DELETE is sent for these two: they outlive the destroy.
    expect(tunnelConfigurations).toHaveLength(1);
    expect(cloudflare.core.state.organization.deny_unmatched_requests).toBe(true);
  });
});
