import { Tabs } from "@mantine/core";
import { type ComponentType, lazy, Suspense } from "react";
import { go, href, shared, usePlace } from "../../app/url";
import { Waiting } from "../../ui/Waiting";

const VIEWS: { path: string; title: string; Content: ComponentType }[] = [
  { path: "metrics", title: "Metrics", Content: lazy(() => import("./Browser")) },
  { path: "metrics/filters", title: "Metric filters", Content: lazy(() => import("./filters/Filters")) },
  { path: "metrics/alarms", title: "Alarms", Content: lazy(() => import("./alarms/Alarms")) },
  { path: "metrics/topics", title: "Topics", Content: lazy(() => import("./topics/Topics")) },
];

/** From what is counted, to the line that is crossed, to whom it is told. */
export default function Metrics() {
  const { path, params } = usePlace();
  const view = VIEWS.find((view) => view.path === path) ?? VIEWS[0];
  return (
    <Tabs value={view?.path ?? null} onChange={(chosen) => chosen && go(href(chosen, shared(params)))} keepMounted={false}>
      <h1 className="for-ears">Metrics and alarms</h1>
      <Tabs.List mb={8}>
        {VIEWS.map(({ path, title }) => <Tabs.Tab key={path} value={path} py={6} px={10}>{title}</Tabs.Tab>)}
      </Tabs.List>
      {VIEWS.map(({ path, Content }) => (
        <Tabs.Panel key={path} value={path}><Suspense fallback={<Waiting label="Loading" />}><Content /></Suspense></Tabs.Panel>
      ))}
    </Tabs>
  );
}
