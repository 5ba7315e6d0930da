import { Tabs } from "@mantine/core";
import { lazy, Suspense } from "react";
import { setParams, usePlace } from "../../app/url";
import { Waiting } from "../../ui/Waiting";
import { Groups } from "./Groups";

const Insights = lazy(() => import("./Insights"));

/** Log groups: asked by Logs Insights, or looked through. */
export default function Logs() {
  const { params } = usePlace();
  const view = params.get("view") === "groups" ? "groups" : "insights";
  return (
    <Tabs value={view} onChange={(chosen) => setParams({ view: chosen === "groups" ? "groups" : undefined })}>
      <h1 className="for-ears">Logs</h1>
      <Tabs.List mb={8}>
        <Tabs.Tab value="insights" py={6}>Insights</Tabs.Tab>
        <Tabs.Tab value="groups" py={6}>Log groups</Tabs.Tab>
      </Tabs.List>
      <Tabs.Panel value="insights">
        {view === "insights" && <Suspense fallback={<Waiting label="Loading the editor" />}><Insights /></Suspense>}
      </Tabs.Panel>
      <Tabs.Panel value="groups">{view === "groups" && <Groups />}</Tabs.Panel>
    </Tabs>
  );
}
