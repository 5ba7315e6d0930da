import { Text } from "@mantine/core";
import { Link } from "../../app/link";
import { Answered } from "../../ui/Answered";
import { Figure } from "../../ui/Figure";
import { bytes, count, dollars, percent } from "../../ui/numbers";
import { Panel } from "../../ui/Panel";
import { type About, useAnswer, useQueryLink } from "../../record/about";
import { cost, PRICES } from "./prices";
import { TOTALS } from "./questions";

const MEMBERS = ["records", "packets", "bytes", "written"] as const;
type Sums = Record<(typeof MEMBERS)[number], number>;

/** The whole range in a few numbers. */
export function Totals(about: About) {
  const asked = useAnswer(about, TOTALS);
  const { value } = asked;
  const link = useQueryLink(about.group)(TOTALS);
  const of = (action: string): Sums => {
    const row = value?.rows.find((row) => row.action === action);
    return Object.fromEntries(MEMBERS.map((name) => [name, Number(row?.[name] ?? 0)])) as Sums;
  };
  const [accepted, refused] = [of("ACCEPT"), of("REJECT")];
  const written = accepted.written + refused.written;
  const dear = cost(written);
  return (
    <Panel title="In this range" query={link} className="wide" hint={value && `${bytes(value.bytesScanned)} of records read`}>
      <Answered asked={asked} waiting="Adding up">
        {() => <div className="figures">
          <Figure name="Accepted"><Link to={link}>{bytes(accepted.bytes)}</Link></Figure>
          <Figure name="Packets accepted"><Link to={link}>{count(accepted.packets)}</Link></Figure>
          <Figure name="Packets refused" tone={refused.packets > 0 ? "bad" : undefined}><Link to={link}>{count(refused.packets)}</Link></Figure>
          <Figure name="Refused share" note="of packets"><Link to={link}>{percent(refused.packets, accepted.packets + refused.packets)}</Link></Figure>
          <Figure name="Records"><Link to={link}>{count(accepted.records + refused.records)}</Link></Figure>
          <Figure name="At AWS, in a log group" note="taken in, and kept a month"><Link to={link}>{dollars(dear.logGroup)}</Link></Figure>
          <Figure name="At AWS, in a bucket" note={<Text span size="xs" title={`${PRICES.toLogGroup} and ${PRICES.toBucket} dollars a GB taken in, ${PRICES.keptInLogGroup} and ${PRICES.keptInBucket} a month kept`}>list prices of {PRICES.date}, {PRICES.region}</Text>}>
            <Link to={link}>{dollars(dear.bucket)}</Link>
          </Figure>
        </div>}
      </Answered>
    </Panel>
  );
}
