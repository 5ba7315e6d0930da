import { Alert, Button, Group, Text } from "@mantine/core";
import { CallError } from "../api/call";

/** An error in one sentence, with what to do. */
export function sentence(problem: unknown): string {
  if (problem instanceof CallError && /AccessDenied|UnauthorizedOperation/.test(problem.code)) {
    return `${problem.message}. Ask whoever keeps the account for a policy that allows it.`;
  }
  return problem instanceof Error ? problem.message : String(problem);
}

export function isAbort(problem: unknown): boolean {
  return problem instanceof DOMException && problem.name === "AbortError";
}

/** Says what went wrong. */
export function Problem({ of, again }: { of: unknown; again?: () => void }) {
  return (
    <Alert color="red" role="alert" my="xs" p="xs">
      <Group justify="space-between" gap="xs">
        <Text size="sm">{sentence(of)}</Text>
        {again && <Button size="compact-xs" variant="default" onClick={again}>Try again</Button>}
      </Group>
    </Alert>
  );
}
