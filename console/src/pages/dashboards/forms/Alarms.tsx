import { MultiSelect } from "@mantine/core";
import { alarmNameOf, describeAlarms } from "../../../api/alarms";
import { usePlace } from "../../../app/url";
import { Problem } from "../../../ui/Problem";
import { useAsked } from "../../../ui/useAsked";
import { list, text } from "../body";
import type { FormProps } from "./form";

export default function AlarmsForm({ of, change }: FormProps) {
  const { params } = usePlace();
  const { value = [], problem } = useAsked(`alarms ${params.get("region")}`, (signal) => describeAlarms({}, signal));
  const chosen = list(of.alarms).flatMap((arn) => text(arn) ?? []);
  const arns = [...new Set([...chosen, ...value.map(({ of }) => of.AlarmArn)])];
  return (
    <>
      {problem !== undefined && <Problem of={problem} />}
      <MultiSelect size="xs" label="Alarms" searchable hidePickedOptions value={chosen} data={arns.map((arn) => ({ value: arn, label: alarmNameOf(arn) }))}
        onChange={(alarms) => change({ alarms })} />
    </>
  );
}
