import { Alert, Text } from "@mantine/core";

/** What the server found odd in a body, and where. */
export interface Finding {
  DataPath?: string;
  Message?: string;
}

export function Findings({ of }: { of: Finding[] }) {
  if (of.length === 0) return null;
  return (
    <Alert color="yellow" role="alert" p="xs" mb={8} title="The server has something to say about this dashboard">
      {of.map(({ DataPath, Message }, place) => <Text key={place} size="sm">{DataPath && <span className="mono">{DataPath}: </span>}{Message}</Text>)}
    </Alert>
  );
}
