import { Text } from "@mantine/core";
import { asWidget, text } from "../body";

/** A kind of widget that is not drawn: kept as it is. */
export function UnknownWidget({ widget }: { widget: unknown }) {
  const type = text(asWidget(widget).type);
  return (
    <>
      <Text size="sm">{type ? `Widgets of the type "${type}" are not drawn here.` : "This widget has no type."} It is kept as it is:</Text>
      <pre className="command" tabIndex={0}>{JSON.stringify(widget, null, 2)}</pre>
    </>
  );
}
