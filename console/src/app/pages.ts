// The pages: a row each. One that is not there has no row.

import { type ComponentType, lazy } from "react";
import { DashboardIcon, FlowsIcon, LogsIcon, MapIcon, MetricsIcon, NetworkIcon, OverviewIcon, SqlIcon } from "../ui/icons";

interface Page {
  /** Its place below `/console/`. */
  name: string;
  title: string;
  Icon: ComponentType;
  Content: ComponentType;
  /** Whether it is about a time range. */
  hasTime: boolean;
}

export const PAGES: Page[] = [
  { name: "overview", title: "Overview", Icon: OverviewIcon, hasTime: true, Content: lazy(() => import("../pages/overview/Overview")) },
  { name: "flows", title: "Flows", Icon: FlowsIcon, hasTime: true, Content: lazy(() => import("../pages/flows/Flows")) },
  { name: "map", title: "Map", Icon: MapIcon, hasTime: true, Content: lazy(() => import("../pages/map/Map")) },
  { name: "logs", title: "Logs", Icon: LogsIcon, hasTime: true, Content: lazy(() => import("../pages/logs/Logs")) },
  { name: "sql", title: "SQL", Icon: SqlIcon, hasTime: false, Content: lazy(() => import("../pages/sql/Sql")) },
  { name: "metrics", title: "Metrics and alarms", Icon: MetricsIcon, hasTime: true, Content: lazy(() => import("../pages/metrics/Metrics")) },
  { name: "network", title: "Network", Icon: NetworkIcon, hasTime: false, Content: lazy(() => import("../pages/network/Network")) },
  { name: "dashboards", title: "Dashboards", Icon: DashboardIcon, hasTime: true, Content: lazy(() => import("../pages/dashboards/Dashboards")) },
];
