// The alarms that a dashboard names.

import { type Alarm, alarmNameOf, describeAlarms } from "../../api/alarms";

/** Names that `DescribeAlarms` takes at once. */
const MOST = 100;

/** In the order of their ARNs, each of its own region; those that are not there are left out. */
export async function alarmsOf(arns: string[], signal: AbortSignal, region?: string): Promise<Alarm[]> {
  const regions = [...new Set(arns.map((arn) => regionOf(arn) ?? region))];
  const asked = regions.flatMap((region) => {
    const names = arns.filter((arn) => (regionOf(arn) ?? region) === region).map(alarmNameOf);
    return parts(names).map((AlarmNames) => describeAlarms({ AlarmNames }, signal, region));
  });
  const found = (await Promise.all(asked)).flat();
  const is = ({ of }: Alarm, arn: string) => of.AlarmName === alarmNameOf(arn) && (regionOf(arn) ?? regionOf(of.AlarmArn)) === regionOf(of.AlarmArn);
  return arns.flatMap((arn) => found.find((alarm) => is(alarm, arn)) ?? []);
}

function parts(names: string[]): string[][] {
  return Array.from({ length: Math.ceil(names.length / MOST) }, (_, part) => names.slice(part * MOST, (part + 1) * MOST));
}

/** The region in an ARN; a name has none. */
function regionOf(arn: string): string | undefined {
  return arn.startsWith("arn:") ? arn.split(":")[3] : undefined;
}
