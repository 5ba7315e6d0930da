// The network that the page is about: asked for once, and anew after every change.

import { createContext, type ReactNode, useContext, useEffect, useRef } from "react";
import { type Described, describeAll, nameTag } from "../../api/ec2";
import { CellLink } from "../../app/link";
import { href, shared, usePlace } from "../../app/url";
import { type Asked, useAsked } from "../../ui/useAsked";
import { viewOf } from "./kinds";

/** How often the page looks for what others changed, in milliseconds. */
const EVERY = 10_000;

interface Known extends Described {
  again: () => void;
}

const Context = createContext<Known | null>(null);

export function useDescribed(): Asked<Described> {
  const { params } = usePlace();
  const asked = useAsked(`network ${params.get("region")}`, describeAll);
  const { again } = asked;
  useEffect(() => {
    const timer = setInterval(() => !document.hidden && again(), EVERY);
    return () => clearInterval(timer);
  }, [again]);
  return asked;
}

export function NetworkProvider({ value, children }: { value: Known; children: ReactNode }) {
  return <Context.Provider value={value}>{children}</Context.Provider>;
}

export function useNetwork(): Known {
  const network = useContext(Context);
  if (!network) throw new Error("not within a network");
  return network;
}

/** Asks for something else as often as for the network: now and then by itself, and when the reader says so. */
export function useAskedAlong<T>(key: string, ask: (signal: AbortSignal) => Promise<T>): Asked<T> {
  const { flowLogs } = useNetwork();
  const asked = useAsked(key, ask);
  const last = useRef(flowLogs);
  useEffect(() => {
    if (last.current === flowLogs) return;
    last.current = flowLogs;
    asked.again();
  }, [flowLogs]);
  return asked;
}

/** What people call a thing: its tag Name, the name of a group, the description of an interface. */
export function nameOf(network: Described, id: string): string | undefined {
  const { vpcs, subnets, interfaces, instances, groups, acls, flowLogs, prefixLists } = network;
  switch (viewOf(id)) {
    case "vpcs": return of(vpcs.find(({ vpcId }) => vpcId === id));
    case "subnets": return of(subnets.find(({ subnetId }) => subnetId === id));
    case "interfaces": {
      const found = interfaces.find(({ networkInterfaceId }) => networkInterfaceId === id);
      return of(found) ?? (found?.description || undefined);
    }
    case "instances": return of(instances.find(({ instanceId }) => instanceId === id));
    case "groups": return groups.find(({ groupId }) => groupId === id)?.groupName;
    case "acls": return of(acls.find(({ networkAclId }) => networkAclId === id));
    case "flowLogs": return of(flowLogs.find(({ flowLogId }) => flowLogId === id));
    default: return prefixLists.find(({ prefixListId }) => prefixListId === id)?.prefixListName;
  }
}

function of(thing: Parameters<typeof nameTag>[0] | undefined): string | undefined {
  return thing && nameTag(thing);
}

/** The address of a thing's page. */
export function useThingAddress(): (id: string) => string | undefined {
  const { params } = usePlace();
  return (id) => {
    const view = viewOf(id);
    return view && href("network", { ...shared(params), view, id });
  };
}

/** A thing by its id and its name; it leads to its page. */
export function Thing({ id }: { id: string | null | undefined }) {
  const network = useNetwork();
  const to = useThingAddress();
  if (!id) return <>–</>;
  const [address, name] = [to(id), nameOf(network, id)];
  return <span className="thing">{address ? <CellLink to={address}>{id}</CellLink> : id}{name && <> <b>{name}</b></>}</span>;
}

/** Several of them. */
export function Things({ ids }: { ids: string[] }) {
  return <>{ids.map((id) => <div key={id}><Thing id={id} /></div>)}</>;
}
