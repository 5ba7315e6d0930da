import { Autocomplete, TextInput } from "@mantine/core";
import { useNetwork } from "../useNetwork";
import { DraftForm, type DraftProps } from "./DraftForm";
import type { Draft } from "./groupRules";
import { TrafficFields } from "./TrafficFields";

interface Props extends DraftProps<Draft> {
  vpcId: string;
  isEgress: boolean;
}

/** A rule of a security group. */
export function RuleForm({ vpcId, isEgress, ...rest }: Props) {
  const { groups, prefixLists } = useNetwork();
  const peers = [
    "0.0.0.0/0", "::/0",
    ...groups.filter((group) => group.vpcId === vpcId).map(({ groupId, groupName }) => `${groupId} ${groupName}`),
    ...prefixLists.map(({ prefixListId, prefixListName }) => `${prefixListId} ${prefixListName}`),
  ];
  return (
    <DraftForm {...rest}>
      {({ traffic, peer, description }, set) => (
        <>
          <TrafficFields value={traffic} onChange={(traffic) => set({ traffic })} />
          <Autocomplete size="xs" label={isEgress ? "Destination" : "Source"} w={230} value={peer} data={peers} spellCheck={false}
            placeholder="10.0.0.0/8, sg-… or pl-…" onChange={(peer) => set({ peer })} />
          <TextInput size="xs" label="Description" w={180} value={description} maxLength={255} onChange={(event) => set({ description: event.currentTarget.value })} />
        </>
      )}
    </DraftForm>
  );
}
