import { Autocomplete, Button, Group, Radio, Stack, Text } from "@mantine/core";
import { useState } from "react";
import { bucketArn, listBuckets } from "../../../api/s3";
import { usePlace } from "../../../app/url";
import { useMay } from "../../../app/session";
import { logGroups } from "../../logs/groups";
import { Problem } from "../../../ui/Problem";
import { useAsked } from "../../../ui/useAsked";
import { useDoing } from "../../../ui/useDoing";
import { useNetwork } from "../useNetwork";
import { NewBucket } from "../buckets/NewBucket";
import { makeRole, roles } from "./create";
import type { Draft } from "./draft";
import type { SectionProps } from "./Wizard";

/** Where the records go: a bucket, or a log group by a role. */
export function DestinationFields(section: SectionProps) {
  const { draft, set } = section;
  return (
    <Stack gap="sm">
      <Radio.Group label="Destination" value={draft.to} onChange={(to) => set({ to: to as Draft["to"] })} size="xs">
        <Group gap="md" mt={4}>
          <Radio size="xs" value="cloud-watch-logs" label="Send to CloudWatch Logs" />
          <Radio size="xs" value="s3" label="Send to an S3 bucket" />
        </Group>
      </Radio.Group>
      {draft.to === "s3" ? <Bucket {...section} /> : <LogGroup {...section} />}
    </Stack>
  );
}

function Bucket({ draft, set, problemAt }: SectionProps) {
  const { flowLogs } = useNetwork();
  const { value = [], again } = useAsked("buckets", listBuckets);
  const [mayMake] = useMay([{ service: "s3", operation: "CreateBucket" }]);
  const [isMaking, setMaking] = useState(false);
  const own = flowLogs.filter(({ logDestinationType }) => logDestinationType === "s3").map(({ logDestination }) => logDestination ?? "");
  const made = (name: string) => {
    again();
    setMaking(false);
    set({ bucket: bucketArn(name) });
  };
  return (
    <>
      <Group gap={8} align="flex-end">
        <Autocomplete size="xs" flex={1} miw={260} label="S3 bucket ARN" required value={draft.bucket} placeholder="arn:aws:s3:::bucket/folder/"
          data={[...new Set([...value.map(({ Name }) => bucketArn(Name)), ...own])]} description="A folder may stand behind the bucket." spellCheck={false}
          error={problemAt("destination")} onChange={(bucket) => set({ bucket })} />
        {mayMake && !isMaking && <Button size="xs" variant="default" onClick={() => setMaking(true)}>New bucket</Button>}
      </Group>
      {isMaking && <NewBucket made={made} leave={() => setMaking(false)} />}
      <Text size="xs" c="dimmed">
        The policy of the bucket gets a part that lets flow logs write below AWSLogs/, if you may change it.
      </Text>
    </>
  );
}

const ROLE_NAME = "flow-logs";

function LogGroup({ draft, set, problemAt }: SectionProps) {
  const { params } = usePlace();
  const region = params.get("region");
  const groups = useAsked(`groups ${region}`, logGroups);
  const known = useAsked("roles", roles);
  const [mayMake, mayPut] = useMay(["CreateRole", "PutRolePolicy"].map((operation) => ({ service: "iam" as const, operation, input: { RoleName: ROLE_NAME } })));
  const { busy, problem, run } = useDoing();
  const make = () => void run(async () => {
    set({ role: await makeRole(ROLE_NAME) });
    known.again();
  });
  const arns = (known.value ?? []).map(({ Arn }) => Arn);
  return (
    <>
      <Autocomplete size="xs" label="Destination log group" required value={draft.group} data={(groups.value ?? []).map(({ logGroupName }) => logGroupName)}
        description="One that is not there is made with the first records" spellCheck={false} error={problemAt("destination")} onChange={(group) => set({ group })} />
      <Group gap={8} align="flex-end">
        <Autocomplete size="xs" flex={1} miw={260} label="IAM role" required value={draft.role} data={arns} placeholder="arn:aws:iam::123456789012:role/flow-logs" spellCheck={false}
          description="By it flow logs write to log groups" error={problemAt("role")} onChange={(role) => set({ role })} />
        {mayMake && mayPut && known.value?.length === 0 && <Button size="xs" variant="default" loading={busy} onClick={make}>Make the role {ROLE_NAME}</Button>}
      </Group>
      {problem !== undefined && <Problem of={problem} />}
    </>
  );
}
