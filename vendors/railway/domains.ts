/** Public addresses of a service. A new service has none. */
import { z } from "zod";
import type { CallOptions, Operation, RailwayConnection } from "./graphql.ts";
import { assertDone } from "./truth.ts";

const Domain = z.object({ id: z.string(), domain: z.string() });
export const domainFields = "customDomains { id domain } serviceDomains { id domain }";
export const Domains = z.object({ customDomains: z.array(Domain), serviceDomains: z.array(Domain) });
export const tcpProxyFields = "id domain proxyPort";
export const TcpProxies = z.array(Domain.extend({ proxyPort: z.number() }));

/** One way in from outside: `shop.up.railway.app`, `tcp.railway.app:12345`. */
export interface PublicAddress {
  readonly kind: "serviceDomain" | "customDomain" | "tcpProxy";
  readonly id: string;
  readonly address: string;
}

export const serviceDomainDelete: Operation<{ serviceDomainDelete: boolean }> = {
  name: "serviceDomainDelete",
  document: "mutation serviceDomainDelete($id: String!) { serviceDomainDelete(id: $id) }",
  answer: z.object({ serviceDomainDelete: z.boolean() }),
  retry: "idempotent",
};
export const customDomainDelete: Operation<{ customDomainDelete: boolean }> = {
  name: "customDomainDelete",
  document: "mutation customDomainDelete($id: String!) { customDomainDelete(id: $id) }",
  answer: z.object({ customDomainDelete: z.boolean() }),
  retry: "idempotent",
};
export const tcpProxyDelete: Operation<{ tcpProxyDelete: boolean }> = {
  name: "tcpProxyDelete",
  document: "mutation tcpProxyDelete($id: String!) { tcpProxyDelete(id: $id) }",
  answer: z.object({ tcpProxyDelete: z.boolean() }),
  retry: "idempotent",
};

/** Every public address in an instance's answer, in a stable order. */
export function addressesOf(answer: {
  readonly domains: z.infer<typeof Domains>;
  readonly tcpProxies: z.infer<typeof TcpProxies>;
}): PublicAddress[] {
  const domains = answer.domains;
  const all: PublicAddress[] = [
    ...domains.serviceDomains.map(({ id, domain }) => ({ kind: "serviceDomain" as const, id, address: domain })),
    ...domains.customDomains.map(({ id, domain }) => ({ kind: "customDomain" as const, id, address: domain })),
    ...answer.tcpProxies.map(({ id, domain, proxyPort }) => ({
      kind: "tcpProxy" as const,
      id,
      address: `${domain}:${proxyPort}`,
    })),
  ];
  return all.sort((a, b) => (a.address < b.address ? -1 : 1));
}

export function domainCalls(connection: RailwayConnection) {
  return {
    async removeAddress(address: PublicAddress, options?: CallOptions): Promise<void> {
      const variables = { id: address.id };
      switch (address.kind) {
        case "serviceDomain":
          return assertDone(
            "serviceDomainDelete",
            (await connection.run(serviceDomainDelete, variables, options)).serviceDomainDelete,
          );
        case "customDomain":
          return assertDone(
            "customDomainDelete",
            (await connection.run(customDomainDelete, variables, options)).customDomainDelete,
          );
        case "tcpProxy":
          return assertDone("tcpProxyDelete", (await connection.run(tcpProxyDelete, variables, options)).tcpProxyDelete);
      }
    },
  };
}
