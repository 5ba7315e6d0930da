import "@mantine/core/styles.css";
import "uplot/dist/uPlot.min.css";
import "./app.css";
import { createTheme, MantineProvider } from "@mantine/core";
import { StrictMode, Suspense, useEffect } from "react";
import { createRoot } from "react-dom/client";
import { setRegion } from "./api/call";
import { PAGES } from "./app/pages";
import { SessionGate } from "./app/session";
import { Shell } from "./app/Shell";
import { go, href, usePlace } from "./app/url";
import { Empty } from "./ui/Empty";
import { Guard } from "./ui/Guard";
import { Waiting } from "./ui/Waiting";

const theme = createTheme({
  primaryColor: "cyan",
  primaryShade: 9,
  defaultRadius: "sm",
  fontSizes: { xs: "0.72rem", sm: "0.82rem", md: "0.9rem" },
  spacing: { xs: "8px", sm: "10px", md: "14px" },
  cursorType: "pointer",
});

function Page() {
  const { path, params } = usePlace();
  const name = path.split("/")[0] ?? "";
  const page = PAGES.find((page) => page.name === name);
  setRegion(params.get("region") ?? "");
  useEffect(() => {
    if (name === "") go(href("overview"), "replace");
    document.title = page ? `${page.title} · Weir` : "Weir";
  }, [name, page]);
  if (!page) return name === "" ? null : <Empty>There is no page here. The menu has all there are.</Empty>;
  return (
    <Guard key={name}>
      <Suspense fallback={<Waiting label="Loading the page" />}><page.Content /></Suspense>
    </Guard>
  );
}

const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <MantineProvider theme={theme} defaultColorScheme="auto">
        <SessionGate>
          <Shell><Page /></Shell>
        </SessionGate>
      </MantineProvider>
    </StrictMode>,
  );
}
