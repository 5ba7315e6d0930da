// Athena: a query is started, looked after until it has ended, and its rows are fetched.

import { call } from "./call";
import type { Saved } from "../ui/SavedList";
import { pause } from "./insights";

export interface Execution {
  QueryExecutionId: string;
  Query: string;
  Status: { State: string; StateChangeReason?: string; SubmissionDateTime?: number; CompletionDateTime?: number };
  Statistics?: { DataScannedInBytes?: number; TotalExecutionTimeInMillis?: number; EngineExecutionTimeInMillis?: number };
  QueryExecutionContext?: { Database?: string };
}

export interface Table {
  /** Name and type of each column. */
  columns: { name: string; type: string }[];
  rows: string[][];
  /** There are more than were fetched. */
  isCut: boolean;
}

export const WORK_GROUP = "primary";
/** Most rows that are fetched. */
const MOST = 100_000;
const PAGE = 1000;

/** Starts a query; gives its id. Where the workgroup says nothing, results go to `location`. */
export async function start(query: string, database: string, location: string, signal: AbortSignal): Promise<string> {
  const { WorkGroup } = await call<{ WorkGroup: { Configuration?: { ResultConfiguration?: { OutputLocation?: string } } } }>("athena", "GetWorkGroup", { WorkGroup: WORK_GROUP }, signal);
  const known = WorkGroup.Configuration?.ResultConfiguration?.OutputLocation;
  const { QueryExecutionId } = await call<{ QueryExecutionId: string }>("athena", "StartQueryExecution", {
    QueryString: query, WorkGroup: WORK_GROUP, QueryExecutionContext: { Database: database },
    ...(known ? {} : { ResultConfiguration: { OutputLocation: location } }),
  }, signal);
  return QueryExecutionId;
}

export function stop(id: string): Promise<unknown> {
  return call("athena", "StopQueryExecution", { QueryExecutionId: id });
}

/** Waits until a query has ended. `progress` is told how it goes. */
export async function follow(id: string, signal: AbortSignal, progress: (execution: Execution) => void): Promise<Execution> {
  for (let wait = 60; ; wait = Math.min(wait * 1.5, 700)) {
    const { QueryExecution } = await call<{ QueryExecution: Execution }>("athena", "GetQueryExecution", { QueryExecutionId: id }, signal);
    progress(QueryExecution);
    if (!["QUEUED", "RUNNING"].includes(QueryExecution.Status.State)) return QueryExecution;
    await pause(wait, signal);
  }
}

interface Page {
  ResultSet: { Rows?: { Data?: { VarCharValue?: string }[] }[]; ResultSetMetadata?: { ColumnInfo?: { Name: string; Type: string }[] } };
  NextToken?: string;
}

/** The rows of a query that has succeeded. The first row of a SELECT repeats the names of the columns. */
export async function results(id: string, signal: AbortSignal): Promise<Table> {
  const rows: string[][] = [];
  let columns: Table["columns"] = [];
  let NextToken: string | undefined;
  do {
    const page: Page = await call("athena", "GetQueryResults", { QueryExecutionId: id, MaxResults: PAGE, ...(NextToken ? { NextToken } : {}) }, signal);
    columns = page.ResultSet.ResultSetMetadata?.ColumnInfo?.map(({ Name, Type }) => ({ name: Name, type: Type })) ?? columns;
    for (const { Data = [] } of page.ResultSet.Rows ?? []) rows.push(Data.map(({ VarCharValue }) => VarCharValue ?? ""));
    NextToken = page.NextToken;
  } while (NextToken && rows.length <= MOST);
  const isHead = columns.length > 0 && columns.every(({ name }, place) => rows[0]?.[place] === name);
  return { columns, rows: isHead ? rows.slice(1) : rows, isCut: NextToken !== undefined };
}

/** The newest queries. */
export async function history(signal: AbortSignal): Promise<Execution[]> {
  const { QueryExecutionIds = [] } = await call<{ QueryExecutionIds?: string[] }>("athena", "ListQueryExecutions", { WorkGroup: WORK_GROUP, MaxResults: 50 }, signal);
  if (QueryExecutionIds.length === 0) return [];
  const { QueryExecutions = [] } = await call<{ QueryExecutions?: Execution[] }>("athena", "BatchGetQueryExecution", { QueryExecutionIds }, signal);
  const at = ({ Status }: Execution) => Status.SubmissionDateTime ?? 0;
  return QueryExecutions.sort((one, other) => at(other) - at(one));
}

/** What `BatchGetNamedQuery` takes at once. */
const BATCH = 50;

/** All named queries, by name. */
export async function namedQueries(signal: AbortSignal): Promise<Saved[]> {
  const found: Saved[] = [];
  let NextToken: string | undefined;
  do {
    const page: { NamedQueryIds?: string[]; NextToken?: string } = await call("athena", "ListNamedQueries", { WorkGroup: WORK_GROUP, MaxResults: BATCH, ...(NextToken ? { NextToken } : {}) }, signal);
    const { NamedQueryIds = [] } = page;
    const { NamedQueries = [] } = NamedQueryIds.length === 0 ? {} : await call<{ NamedQueries?: { NamedQueryId: string; Name: string; QueryString: string }[] }>("athena", "BatchGetNamedQuery", { NamedQueryIds }, signal);
    found.push(...NamedQueries.map(({ NamedQueryId, Name, QueryString }) => ({ id: NamedQueryId, name: Name, query: QueryString })));
    NextToken = page.NextToken;
  } while (NextToken);
  return found.sort((one, other) => one.name.localeCompare(other.name));
}

export interface CatalogueTable {
  name: string;
  columns: { name: string; type: string }[];
}

export interface Catalogue {
  databases: string[];
  tables: CatalogueTable[];
}

interface GlueTable {
  Name: string;
  StorageDescriptor?: { Columns?: { Name: string; Type?: string }[] };
  PartitionKeys?: { Name: string; Type?: string }[];
}

/** The databases, and the tables of one. */
export async function catalogue(database: string, signal: AbortSignal): Promise<Catalogue> {
  const [{ DatabaseList = [] }, { TableList = [] }] = await Promise.all([
    call<{ DatabaseList?: { Name: string }[] }>("glue", "GetDatabases", {}, signal),
    call<{ TableList?: GlueTable[] }>("glue", "GetTables", { DatabaseName: database }, signal),
  ]);
  const tables = TableList.map(({ Name, StorageDescriptor, PartitionKeys = [] }) => ({
    name: Name,
    columns: [...(StorageDescriptor?.Columns ?? []), ...PartitionKeys].map(({ Name: name, Type = "" }) => ({ name, type: Type })),
  }));
  return { databases: DatabaseList.map(({ Name }) => Name), tables };
}
