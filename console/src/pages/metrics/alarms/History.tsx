import { Moment } from "../../../time/Moment";
import { shown } from "../../../time/zone";
import type { HistoryItem } from "../../../api/alarms";
import { type Column, DataGrid } from "../../../ui/DataGrid";
import { Empty } from "../../../ui/Empty";
import { changeOf } from "./spells";

const KINDS: Record<string, string> = { ConfigurationUpdate: "definition", StateUpdate: "state", Action: "action" };

/** What happened to an alarm. */
export function History({ items, name }: { items: HistoryItem[]; name: string }) {
  const columns: Column<HistoryItem>[] = [
    { name: "Time", width: 140, text: ({ Timestamp }) => shown(Timestamp, "UTC"), show: ({ Timestamp }) => <Moment at={Timestamp} /> },
    { name: "What", width: 80, text: ({ HistoryItemType }) => KINDS[HistoryItemType] ?? HistoryItemType },
    { name: "Summary", width: 330, text: ({ HistorySummary }) => HistorySummary },
    { name: "Reason", width: 900, text: (item) => changeOf(item)?.newState?.stateReason ?? "" },
  ];
  if (items.length === 0) return <Empty>Nothing happened to it in the last 30 days.</Empty>;
  return <DataGrid label="History" columns={columns} rows={items} height={420} file={`history-${name}`} />;
}
