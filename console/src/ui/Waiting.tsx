import { Center, Loader } from "@mantine/core";

export function Waiting({ label }: { label: string }) {
  return (
    <Center p="md" role="status" aria-label={label}>
      <Loader size="sm" aria-hidden />
    </Center>
  );
}
