import { usePlace } from "../../../app/url";
import { FilterForm } from "./FilterForm";
import { FilterList } from "./FilterList";

/** All metric filters, or one that is being made. */
export default function Filters() {
  const { params } = usePlace();
  return params.has("new") ? <FilterForm /> : <FilterList />;
}
