import { Text } from "@mantine/core";
import { useSession } from "../../app/session";
import { usePlaces, where, whose } from "../../record/places";
import { Answered } from "../../ui/Answered";
import { Panel } from "../../ui/Panel";

/** Country and network of a record's addresses, on a server that has database files. */
export function Places({ addresses }: { addresses: string[] }) {
  const { hasAtlas } = useSession();
  const asked = usePlaces(addresses);
  if (!hasAtlas || addresses.every((address) => address === "-")) return null;
  return (
    <Panel title="Country and network">
      <Answered asked={{ ...asked, value: asked.value && [...asked.value] }} waiting="Looking up the addresses"
        empty={<Text size="sm">None of its addresses is in a database file. Private ones never are.</Text>}>
        {(found) => (
          <table className="plain" aria-label="Country and network">
            <tbody>
              {found.map(([address, place]) => (
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
      </Answered>
    </Panel>
  );
}
