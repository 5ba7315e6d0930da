import { Group } from "@mantine/core";
import { GroupSelect, WithRecords } from "../../record/WithRecords";
import { useRange } from "../../time/useRange";
import { Alarms } from "./Alarms";
import { Delivery } from "./Delivery";
import { NewPeers, Protocols, RefusedPorts, RefusedSources, Talkers } from "./Tops";
import { Totals } from "./Totals";
import { Traffic } from "./Traffic";

/** How often the panels are asked anew while the range ends now, in milliseconds. */
const EVERY = 60_000;

/** What goes on, with no query written. */
export default function Overview() {
  const range = useRange(EVERY);
  return (
    <WithRecords consequence="there is nothing to show">
      {({ group, logs }) => {
        const about = { group, range };
        return (
          <>
            <h1 className="for-ears">Overview</h1>
            {logs.groups.length > 1 && <Group mb={8}><GroupSelect group={group} logs={logs} /></Group>}
            <div className="tiles">
              <Totals {...about} />
              <Traffic {...about} />
              <Talkers {...about} />
              <RefusedSources {...about} />
              <RefusedPorts {...about} />
              <Protocols {...about} />
              <NewPeers {...about} />
              <Alarms />
              <Delivery />
            </div>
          </>
        );
      }}
    </WithRecords>
  );
}
