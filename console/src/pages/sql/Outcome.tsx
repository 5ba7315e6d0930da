import { Progress, Text } from "@mantine/core";
import { useMemo } from "react";
import type { Table } from "../../api/athena";
import { Address, isAddress } from "../../record/Address";
import { type Column, DataGrid } from "../../ui/DataGrid";
import { Empty } from "../../ui/Empty";
import { bytes } from "../../ui/numbers";
import { Problem } from "../../ui/Problem";
import { widthOf } from "../../ui/widths";
import type { Run } from "./useExecution";

interface Props {
  run: Run;
  /** Bytes that the query reads at most, where that is known. */
  toRead: number | undefined;
}

/** How a query goes, and what it found. */
export function Outcome({ run: { execution, table, problem, isBusy }, toRead }: Props) {
  const { DataScannedInBytes = 0, TotalExecutionTimeInMillis = 0 } = execution?.Statistics ?? {};
  const read = `${bytes(DataScannedInBytes)} read, ${(TotalExecutionTimeInMillis / 1000).toFixed(1)} s`;
  return (
    <>
      {isBusy && (
        <>
          <Text size="sm" role="status" my={4}>
            {execution?.Status.State === "QUEUED" ? "Waiting in the queue." : `Running. ${bytes(DataScannedInBytes)}${toRead ? ` of ${bytes(toRead)}` : ""} read.`}
          </Text>
          {toRead !== undefined && toRead > 0 && <Progress value={Math.min(100, (100 * DataScannedInBytes) / toRead)} aria-label="Bytes read" mb={4} />}
        </>
      )}
      {problem !== undefined && <Problem of={problem} />}
      {table && <Rows table={table} read={read} />}
      {!execution && !isBusy && problem === undefined && (
        <Empty>Nothing was asked yet. Run the query; the tables are at the side. A bucket into which flow logs are delivered is a table at once.</Empty>
      )}
    </>
  );
}

const NUMBERS = new Set(["tinyint", "smallint", "integer", "int", "bigint", "double", "float", "real", "decimal"]);

function Rows({ table, read }: { table: Table; read: string }) {
  const columns = useMemo(() => columnsOf(table), [table]);
  if (columns.length === 0) return <Empty>Done: {read}. The statement gives no rows.</Empty>;
  const note = `${table.rows.length.toLocaleString("en")} rows${table.isCut ? ", and more: the whole is in the bucket" : ""}; ${read}`;
  return <DataGrid label="Results" columns={columns} rows={table.rows} height={520} file="query" note={note} />;
}

function columnsOf({ columns, rows }: Table): Column<string[]>[] {
  const first = rows.slice(0, 200);
  return columns.map(({ name, type }, place) => {
    const texts = first.map((row) => row[place] ?? "");
    const isOfAddresses = texts.some(Boolean) && texts.every((text) => text === "" || text === "-" || isAddress(text));
    return {
      name, isNumber: NUMBERS.has(type), width: widthOf(name, texts),
      text: (row) => row[place] ?? "",
      className: (row) => (row[place] === "REJECT" ? "reject" : ""),
      ...(isOfAddresses ? { show: (row: string[]) => <Address of={row[place] ?? ""} /> } : {}),
    };
  });
}
