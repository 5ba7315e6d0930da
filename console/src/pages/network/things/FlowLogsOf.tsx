import { Link } from "../../../app/link";
import { useMay } from "../../../app/session";
import { Panel } from "../../../ui/Panel";
import { PlainTable } from "../../../ui/PlainTable";
import { useWizardAddress } from "../flowlog/address";
import { Destination } from "../flowlog/Destination";
import { Delivery } from "../flowlog/words";
import { Thing, useNetwork } from "../useNetwork";

/** The flow logs that record a thing: its own, and those of the subnet and the VPC around it. */
export function FlowLogsOf({ id, around = [] }: { id: string; around?: string[] }) {
  const { flowLogs } = useNetwork();
  const wizard = useWizardAddress();
  const [may] = useMay([{ service: "ec2", operation: "CreateFlowLogs" }]);
  const found = flowLogs.filter(({ resourceId }) => resourceId === id || around.includes(resourceId));
  return (
    <Panel title="Flow logs" className="wide" actions={may && <Link size="xs" to={wizard(id)}>Create a flow log</Link>}>
      {found.length === 0 ? "No flow log records it." : (
        <PlainTable label="Flow logs" heads={["Flow log", "Of", "Traffic", "To", "Delivery"]}>
          {found.map((log) => (
            <tr key={log.flowLogId}>
              <td><Thing id={log.flowLogId} /></td>
              <td>{log.resourceId === id ? "itself" : <Thing id={log.resourceId} />}</td>
              <td>{log.trafficType}</td>
              <td><Destination of={log} /></td>
              <td><Delivery of={log} /></td>
            </tr>
          ))}
        </PlainTable>
      )}
    </Panel>
  );
}
