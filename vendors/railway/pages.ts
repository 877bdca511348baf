/** Relay lists: every page is read, because the default page cuts off without a word. */
import { z } from "zod";

export const pageSize = 100;

export function Connection<Node extends z.ZodType>(node: Node) {
  return z.object({
    edges: z.array(z.object({ node })),
    pageInfo: z.object({ hasNextPage: z.boolean(), endCursor: z.string().nullable() }),
  });
}

export interface Page<Node> {
  readonly edges: readonly { readonly node: Node }[];
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
}

/** Selection of a connection's page; the document puts the node's fields in its place. */
export function pageFields(node: string): string {
  return `{ edges { node { ${node} } } pageInfo { hasNextPage endCursor } }`;
}

/** All nodes of a list. */
export async function drain<Node>(read: (after: string | null) => Promise<Page<Node>>): Promise<Node[]> {
  const nodes: Node[] = [];
  let after: string | null = null;
  for (;;) {
    const page: Page<Node> = await read(after);
    nodes.push(...page.edges.map((edge) => edge.node));
    const next = page.pageInfo.endCursor;
    // A cursor that does not move on would be read for ever.
    if (!page.pageInfo.hasNextPage || next === null || next === after) return nodes;
    after = next;
  }
}
