import { Select, TextInput } from "@mantine/core";
import type { Draft } from "./aclEntries";
import { DraftForm, type DraftProps } from "./DraftForm";
import { TrafficFields } from "./TrafficFields";

interface Props extends DraftProps<Draft> {
  isEgress: boolean;
  /** The number stays: it says which entry is replaced. */
  isThere?: boolean;
}

/** An entry of a network ACL. */
export function EntryForm({ isEgress, isThere, ...rest }: Props) {
  return (
    <DraftForm {...rest}>
      {({ number, action, traffic, range }, set) => (
        <>
          <TextInput size="xs" label="Number" w={70} value={number} disabled={isThere} inputMode="numeric" onChange={(event) => set({ number: event.currentTarget.value })} />
          <Select size="xs" label="Action" w={90} data={["allow", "deny"]} value={action} allowDeselect={false} onChange={(action) => set({ action: action as Draft["action"] })} />
          <TrafficFields value={traffic} onChange={(traffic) => set({ traffic })} />
          <TextInput size="xs" label={isEgress ? "Destination" : "Source"} w={180} value={range} placeholder="10.0.0.0/8" spellCheck={false}
            onChange={(event) => set({ range: event.currentTarget.value })} />
        </>
      )}
    </DraftForm>
  );
}
