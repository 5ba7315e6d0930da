import { usePlace } from "../../app/url";
import { Dashboard } from "./Dashboard";
import { DashboardList } from "./List";

/** All dashboards, or the one that the address names. */
export default function Dashboards() {
  const { path } = usePlace();
  const [, name] = path.split("/");
  return name ? <Dashboard key={name} name={decodeURIComponent(name)} /> : <DashboardList />;
}
