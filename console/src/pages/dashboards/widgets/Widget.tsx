import type { ComponentType } from "react";
import type { WidgetProps } from "../about";
import { asWidget, text } from "../body";
import { AlarmsWidget } from "./Alarms";
import { LogWidget } from "./Log";
import { MetricWidget } from "./Metric";
import { TextWidget } from "./Text";
import { UnknownWidget } from "./Unknown";

const KINDS: Record<string, ComponentType<WidgetProps>> = { metric: MetricWidget, log: LogWidget, text: TextWidget, alarm: AlarmsWidget };

/** What a widget shows. */
export function WidgetContent(props: WidgetProps) {
  const Content = KINDS[text(asWidget(props.widget).type) ?? ""] ?? UnknownWidget;
  return <Content {...props} />;
}
