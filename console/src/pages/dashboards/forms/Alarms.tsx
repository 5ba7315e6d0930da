import { MultiSelect } from "@mantine/core";
import { everyPage } from "../../../api/pages";
import { usePlace } from "../../../app/url";
import { Problem } from "../../../ui/Problem";
import { useAsked } from "../../../ui/useAsked";
import { type Alarm, nameOf } from "../alarms";
import { list, text } from "../body";
import type { FormProps } from "./form";

type Described = { MetricAlarms?: Alarm[]; CompositeAlarms?: Alarm[]; LogAlarms?: Alarm[] };

export default function AlarmsForm({ of, change }: FormProps) {
  const { params } = usePlace();
  const { value = [], problem } = useAsked(`alarms ${params.get("region")}`, (signal) => everyPage<Described, Alarm>({
    service: "monitoring", operation: "DescribeAlarms", input: { AlarmTypes: ["MetricAlarm", "CompositeAlarm", "LogAlarm"] },
    items: ({ MetricAlarms = [], CompositeAlarms = [], LogAlarms = [] }) => [...MetricAlarms, ...CompositeAlarms, ...LogAlarms],
  }, signal));
  const chosen = list(of.alarms).flatMap((arn) => text(arn) ?? []);
  const arns = [...new Set([...chosen, ...value.map(({ AlarmArn }) => AlarmArn)])];
  return (
    <>
      {problem !== undefined && <Problem of={problem} />}
      <MultiSelect size="xs" label="Alarms" searchable hidePickedOptions value={chosen} data={arns.map((arn) => ({ value: arn, label: nameOf(arn) }))}
        onChange={(alarms) => change({ alarms })} />
    </>
  );
}
