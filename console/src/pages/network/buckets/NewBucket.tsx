import { Button, Group, Stack, TextInput } from "@mantine/core";
import { useState } from "react";
import { isName, makeBucket, NAME_RULE } from "../../../api/s3";
import { useSession } from "../../../app/session";
import { usePlace } from "../../../app/url";
import { Problem } from "../../../ui/Problem";
import { useDoing } from "../../../ui/useDoing";

/** Asks for the name of a bucket and makes it. No form of its own: it may stand within one. */
export function NewBucket({ made, leave }: { made: (name: string) => void; leave: () => void }) {
  const session = useSession();
  const { params } = usePlace();
  const [name, setName] = useState("");
  const [isTried, setTried] = useState(false);
  const { busy, problem, run } = useDoing();
  const make = () => {
    setTried(true);
    if (isName(name)) void run(async () => made((await makeBucket(name, params.get("region") ?? session.region), name)));
  };
  return (
    <Stack gap={6} role="group" aria-label="Create a bucket">
      <TextInput size="xs" label="Name of the new bucket" description={NAME_RULE} value={name} maxLength={63} spellCheck={false} data-autofocus
        error={isTried && !isName(name) && "This is no name for a bucket."} onChange={(event) => setName(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key !== "Enter") return;
          event.preventDefault();
          make();
        }} />
      {problem !== undefined && <Problem of={problem} />}
      <Group gap={6} justify="flex-end">
        <Button size="compact-xs" variant="subtle" color="gray" onClick={leave}>Leave it</Button>
        <Button size="compact-xs" loading={busy} onClick={make}>Create bucket</Button>
      </Group>
    </Stack>
  );
}
