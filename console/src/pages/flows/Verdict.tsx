import { Text } from "@mantine/core";
import { Command } from "../../ui/Empty";
import { Panel } from "../../ui/Panel";

/** What was decided, as far as the record says it, and how to have it explained. */
export function Verdict({ of }: { of: (name: string) => string }) {
  const [action, rule, source, reason] = [of("action"), of("rule"), of("verdict-source"), of("reject-reason")];
  const said = action === "REJECT"
    ? "The packets were refused: by a security group, a network ACL, or the host's own firewall."
    : action === "ACCEPT" ? "The packets were let through." : "Nothing was decided: the record stands for no packet.";
  return (
    <Panel title="Verdict">
      <Text size="sm">{said}</Text>
      {rule !== "-" && <Text size="sm">Rule: <b>{rule}</b></Text>}
      {reason !== "-" && <Text size="sm">Reason: <b>{reason}</b></Text>}
      {source !== "-" && <Text size="sm">The verdict is {source}.</Text>}
      {action !== "-" && (
        <>
          <Text size="xs" c="dimmed" mt={6} mb={4}>Where the rules are in a network file, this explains which one decides and what would change it:</Text>
          <Command text={explain(of)} />
        </>
      )}
    </Panel>
  );
}

function explain(of: (name: string) => string): string {
  const names: Record<string, string> = { 6: "tcp", 17: "udp" };
  const name = names[of("protocol")];
  const port = name ? ` --port ${of("dstport")}/${name} --source-port ${of("srcport")}` : ` --protocol ${of("protocol")}`;
  return `weir explain --network net.toml --from ${of("srcaddr")} --to ${of("dstaddr")}${port}`;
}
