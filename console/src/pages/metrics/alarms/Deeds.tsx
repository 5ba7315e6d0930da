import { Button, Group, Menu } from "@mantine/core";
import { call } from "../../../api/call";
import type { Alarm, StateValue } from "../../../api/alarms";
import { LinkButton } from "../../../app/link";
import { useMay } from "../../../app/session";
import { go, href, shared, usePlace } from "../../../app/url";
import { Problem } from "../../../ui/Problem";
import { Sure } from "../../../ui/Sure";
import { useDoing } from "../../../ui/useDoing";
import { draftOf } from "./form";
import { STATE_WORDS } from "../../../ui/StateBadge";

/** Set by hand, such a reason tells whoever gets the notice that it is a try. */
const REASON = "Set by hand in the console, for a try.";

/** What can be done with an alarm, as far as the reader may. */
export function Deeds({ alarm: { kind, of }, done }: { alarm: Alarm; done: () => void }) {
  const { params } = usePlace();
  const name = { AlarmName: of.AlarmName };
  const names = { AlarmNames: [of.AlarmName] };
  const isOn = of.ActionsEnabled !== false;
  const turned = isOn ? "DisableAlarmActions" : "EnableAlarmActions";
  const [mayPut, maySet, mayTurn, mayDelete] = useMay([
    { service: "monitoring", operation: "PutMetricAlarm", input: name }, { service: "monitoring", operation: "SetAlarmState", input: name },
    { service: "monitoring", operation: turned, input: names }, { service: "monitoring", operation: "DeleteAlarms", input: names },
  ]);
  const { busy, problem, run } = useDoing();
  const act = async (operation: string, input: object) => { if (await run(() => call("monitoring", operation, input))) done(); };
  const isChangeable = kind === "metric" && draftOf(of) !== undefined;
  return (
    <div>
      <Group gap={6}>
        {mayPut && isChangeable && <LinkButton size="xs" variant="default" to={href("metrics/alarms", { ...shared(params), change: of.AlarmName })}>Change</LinkButton>}
        {maySet && (
          <Menu>
            <Menu.Target><Button size="xs" variant="default" loading={busy}>Set state</Button></Menu.Target>
            <Menu.Dropdown>
              <Menu.Label>For a try, until it is judged again</Menu.Label>
              {(Object.keys(STATE_WORDS) as StateValue[]).filter((state) => state !== of.StateValue).map((state) => (
                <Menu.Item key={state} onClick={() => void act("SetAlarmState", { ...name, StateValue: state, StateReason: REASON })}>{STATE_WORDS[state]}</Menu.Item>
              ))}
            </Menu.Dropdown>
          </Menu>
        )}
        {mayTurn && <Button size="xs" variant="default" loading={busy} onClick={() => void act(turned, names)}>Switch actions {isOn ? "off" : "on"}</Button>}
        {mayDelete && (
          <Sure label="Delete" name={`Delete alarm ${of.AlarmName}`} act={() => call("monitoring", "DeleteAlarms", names)} done={() => go(href("metrics/alarms", shared(params)))}>
            Nobody is told any more when its condition holds. The metric stays as it is.
          </Sure>
        )}
      </Group>
      {problem !== undefined && <Problem of={problem} />}
    </div>
  );
}
