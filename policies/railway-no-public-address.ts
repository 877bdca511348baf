/** Railway's own address of a service goes past Access: whoever finds it is in. */
import { at, type ResourceRule, shown } from "./rule.ts";

export const railwayNoPublicAddress: ResourceRule = {
  name: "railway-no-public-address",
  description: "No service has an address of its own in the internet",
  check({ type, props }) {
    if (/^railway:.*(?:domain|tcpproxy)/i.test(type))
      return [
        "gives a service a public address, and the log-in stands at the tunnel only. Remove it; people come in by the tenant's hostname",
      ];
    if (type !== "railway:index:ServiceInstance") return [];
    const publicAddress = at(props, "publicAddress");
    if (publicAddress === "forbid") return [];
    return [
      `publicAddress is ${shown(publicAddress)}, so an address that somebody adds would stay. Write publicAddress: "forbid"`,
    ];
  },
};
