import { Text } from "@mantine/core";
import { useSession } from "../../app/session";
import { usePlaces, where, whose } from "../../record/places";
import { Panel } from "../../ui/Panel";
import { Problem } from "../../ui/Problem";
import { Waiting } from "../../ui/Waiting";

/** Country and network of a record's addresses, on a server that has database files. */
export function Places({ addresses }: { addresses: string[] }) {
  const { hasAtlas } = useSession();
  const { value, problem, again } = usePlaces(addresses);
  if (!hasAtlas || addresses.every((address) => address === "-")) return null;
  return (
    <Panel title="Country and network">
      {problem ? <Problem of={problem} again={again} /> : !value ? <Waiting label="Looking up the addresses" />
        : value.size === 0 ? <Text size="sm">None of its addresses is in a database file. Private ones never are.</Text> : (
          <table className="plain" aria-label="Country and network">
            <tbody>
              {[...value].map(([address, place]) => (
                <tr key={address}>
                  <th scope="row" className="address">{address}</th>
                  <td>{where(place)}</td>
                  <td>{whose(place)}</td>
                  <td className="address">{place.network}</td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
    </Panel>
  );
}
