import { Badge, Button, Group, Text } from "@mantine/core";
import { call } from "../../../api/call";
import { subscribe, type Subscription, subscriptions } from "../../../api/sns";
import { useMay } from "../../../app/session";
import { useTurn } from "../../../time/useTurn";
import { Answered } from "../../../ui/Answered";
import { type Column, DataGrid } from "../../../ui/DataGrid";
import { Empty } from "../../../ui/Empty";
import { Panel } from "../../../ui/Panel";
import { Problem } from "../../../ui/Problem";
import { GREEN, ORANGE } from "../../../ui/StateBadge";
import { Sure } from "../../../ui/Sure";
import { useAsked } from "../../../ui/useAsked";
import { useDoing } from "../../../ui/useDoing";
import { Subscribe } from "./Subscribe";
import { EVERY } from "./TopicList";

const STATES: Record<string, { label: string; color: string }> = {
  PendingConfirmation: { label: "Pending", color: ORANGE },
  Deleted: { label: "Unsubscribed", color: "gray.4" },
};
const CONFIRMED = { label: "Confirmed", color: GREEN };

function stateOf({ SubscriptionArn }: Subscription) {
  return STATES[SubscriptionArn] ?? CONFIRMED;
}

/** Who is told, and who has still to confirm. */
export function Subscriptions({ arn }: { arn: string }) {
  const turn = useTurn(EVERY);
  const asked = useAsked(`subscriptions ${arn} ${turn}`, (signal) => subscriptions(arn, signal));
  const [maySubscribe] = useMay([{ service: "sns", operation: "Subscribe", input: { TopicArn: arn } }]);
  const { value, again } = asked;
  return (
    <Panel title="Subscriptions" className="wide">
      {maySubscribe && <Subscribe arn={arn} done={again} />}
      <Answered asked={asked} waiting="Asking for subscriptions" empty={<Empty>Nobody has subscribed: what is published here is told to nobody.</Empty>}>
        {(rows) => <Rows rows={rows} maySubscribe={maySubscribe ?? false} again={again} />}
      </Answered>
      {value?.some(({ SubscriptionArn, Protocol }) => SubscriptionArn === "PendingConfirmation" && Protocol.startsWith("email")) && (
        <Text size="xs" c="dimmed" mt={4}>
          A mail with a link is on its way to each that is pending; visiting the link confirms, within two days. Mails need a relay (<code>weir up --smtp-url</code>), without which they wait.
        </Text>
      )}
    </Panel>
  );
}

function Rows({ rows, maySubscribe, again }: { rows: Subscription[]; maySubscribe: boolean; again: () => void }) {
  const { busy, problem, run } = useDoing();
  const [mayLeave] = useMay([{ service: "sns", operation: "Unsubscribe", input: { SubscriptionArn: `${rows[0]?.TopicArn}:x` } }]);
  const resend = async ({ TopicArn, Protocol, Endpoint }: Subscription) => { if (await run(() => subscribe(TopicArn, Protocol, Endpoint))) again(); };
  const columns: Column<Subscription>[] = [
    { name: "State", width: 110, text: (row) => stateOf(row).label, show: (row) => <Badge size="xs" variant="filled" autoContrast tt="none" color={stateOf(row).color}>{stateOf(row).label}</Badge> },
    { name: "Protocol", width: 90, text: ({ Protocol }) => Protocol },
    { name: "Endpoint", width: 320, text: ({ Endpoint }) => Endpoint },
    {
      name: "Actions", width: 190, text: () => "",
      show: (row) => (
        <Group gap={4} wrap="nowrap">
          {row.SubscriptionArn === "PendingConfirmation" && maySubscribe && <Button size="compact-xs" variant="default" loading={busy} onClick={() => void resend(row)} aria-label={`Send the link again to ${row.Endpoint}`}>Send the link again</Button>}
          {row.SubscriptionArn.startsWith("arn:") && mayLeave && (
            <Sure size="compact-xs" label="Unsubscribe" name={`Unsubscribe ${row.Endpoint}`} act={() => call("sns", "Unsubscribe", { SubscriptionArn: row.SubscriptionArn })} done={again}>
              {row.Endpoint} is told nothing more.
            </Sure>
          )}
        </Group>
      ),
    },
    { name: "ARN", width: 620, text: ({ SubscriptionArn }) => SubscriptionArn, className: () => "mono" },
  ];
  return (
    <>
      {problem !== undefined && <Problem of={problem} />}
      <DataGrid label="Subscriptions" columns={columns} rows={rows} height={300} file="subscriptions" rowKey={({ Protocol, Endpoint }) => `${Protocol} ${Endpoint}`} />
    </>
  );
}
