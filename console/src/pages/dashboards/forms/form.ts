import type { Members } from "../body";

/** What every form takes: the properties of the widget, and how to change some. */
export interface FormProps {
  of: Members;
  change: (more: Members) => void;
}
