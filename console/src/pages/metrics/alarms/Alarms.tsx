import { usePlace } from "../../../app/url";
import { AlarmForm } from "./AlarmForm";
import { AlarmList } from "./AlarmList";
import { AlarmPage } from "./AlarmPage";

/** All alarms, one of them, or one that is being made. */
export default function Alarms() {
  const { params } = usePlace();
  const [alarm, change] = [params.get("alarm"), params.get("change")];
  if (params.has("new")) return <AlarmForm key="new" />;
  if (change) return <AlarmForm key={change} change={change} />;
  return alarm ? <AlarmPage key={alarm} name={alarm} /> : <AlarmList />;
}
