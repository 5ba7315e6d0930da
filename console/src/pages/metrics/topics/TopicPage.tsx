import { Breadcrumbs, Group, Text } from "@mantine/core";
import { call } from "../../../api/call";
import { describeAlarms } from "../../../api/alarms";
import { nameOf } from "../../../api/sns";
import { Link } from "../../../app/link";
import { useMay } from "../../../app/session";
import { go, href, shared, usePlace } from "../../../app/url";
import { Answered } from "../../../ui/Answered";
import { Empty } from "../../../ui/Empty";
import { Panel } from "../../../ui/Panel";
import { Sure } from "../../../ui/Sure";
import { useAsked } from "../../../ui/useAsked";
import { StateBadge } from "../../../ui/StateBadge";
import { Publish } from "./Publish";
import { Subscriptions } from "./Subscriptions";

/** A topic: who is told, by which alarms, and a try. */
export function TopicPage({ arn }: { arn: string }) {
  const { params } = usePlace();
  const [mayDelete] = useMay([{ service: "sns", operation: "DeleteTopic", input: { TopicArn: arn } }]);
  const list = href("metrics/topics", shared(params));
  return (
    <>
      <Group justify="space-between" gap="sm" mb={8}>
        <Breadcrumbs><Link to={list} size="sm">All topics</Link><Text size="sm">{nameOf(arn)}</Text></Breadcrumbs>
        {mayDelete && (
          <Sure label="Delete" name={`Delete topic ${nameOf(arn)}`} act={() => call("sns", "DeleteTopic", { TopicArn: arn })} done={() => go(list)}>
            Its subscriptions go with it. Alarms that tell it tell nobody then; they keep its name.
          </Sure>
        )}
      </Group>
      <div className="tiles">
        <Subscriptions arn={arn} />
        <Publish arn={arn} />
        <Panel title="Alarms that tell it" className="half"><TellingAlarms arn={arn} /></Panel>
      </div>
      <Text size="xs" c="dimmed" className="mono below">{arn}</Text>
    </>
  );
}

function TellingAlarms({ arn }: { arn: string }) {
  const { params } = usePlace();
  const asked = useAsked(`alarms of ${arn}`, async (signal) => {
    // The prefix of an ARN may be that of a longer one.
    const alarms = await describeAlarms({ ActionPrefix: arn }, signal);
    return alarms.filter(({ of }) => [of.AlarmActions, of.OKActions, of.InsufficientDataActions].some((actions = []) => actions.includes(arn)));
  });
  return (
    <Answered asked={asked} waiting="Asking for alarms" empty={<Empty>No alarm tells this topic. Choose it under Notification when you create or change one.</Empty>}>
      {(alarms) => (
        <table className="plain">
          <thead className="for-ears"><tr><th>State</th><th>Alarm</th></tr></thead>
          <tbody>
            {alarms.map(({ of: { AlarmName, StateValue } }) => (
              <tr key={AlarmName}><td className="narrow"><StateBadge of={StateValue} /></td><td><Link to={href("metrics/alarms", { ...shared(params), alarm: AlarmName })} size="sm">{AlarmName}</Link></td></tr>
            ))}
          </tbody>
        </table>
      )}
    </Answered>
  );
}
