import { Button, Modal } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import type { FlowLog } from "../../../api/ec2";
import { type Bucket, listBuckets } from "../../../api/s3";
import { useMay } from "../../../app/session";
import { CellLink } from "../../../app/link";
import { go } from "../../../app/url";
import { Moment } from "../../../time/Moment";
import { shown } from "../../../time/zone";
import { Answered } from "../../../ui/Answered";
import { type Column, DataGrid } from "../../../ui/DataGrid";
import { Empty } from "../../../ui/Empty";
import { destinationOf } from "../flowlog/Destination";
import { Thing, useAskedAlong, useNetwork } from "../useNetwork";
import { useBucketAddress } from "./address";
import { NewBucket } from "./NewBucket";

/** The flow logs that deliver to a bucket. */
export function deliveringTo(flowLogs: FlowLog[], bucket: string): FlowLog[] {
  return flowLogs.filter((log) => log.logDestinationType === "s3" && destinationOf(log).split("/")[0] === bucket);
}

export function Buckets({ height }: { height: number }) {
  const { flowLogs } = useNetwork();
  const to = useBucketAddress();
  const asked = useAskedAlong("buckets", listBuckets);
  const logs = ({ Name }: Bucket) => deliveringTo(flowLogs, Name).map(({ flowLogId }) => flowLogId);
  const columns: Column<Bucket>[] = [
    { name: "Bucket", width: 300, text: ({ Name }) => Name, show: ({ Name }) => <CellLink to={to(Name)}>{Name}</CellLink> },
    { name: "Flow logs", width: 320, text: (row) => logs(row).join(", "), show: (row) => logs(row).map((id, place) => <span key={id}>{place > 0 && ", "}<Thing id={id} /></span>) },
    { name: "Region", width: 110, text: ({ BucketRegion = "" }) => BucketRegion },
    { name: "Made", width: 150, text: ({ CreationDate }) => shown(CreationDate, "UTC"), show: ({ CreationDate }) => <Moment at={CreationDate} /> },
  ];
  return (
    <Answered asked={asked} waiting="Asking for buckets" empty={<Empty command="aws s3 mb s3://my-bucket">There is no bucket. This makes one:</Empty>}>
      {(rows) => <DataGrid label="Buckets" columns={columns} rows={rows} height={height} file="buckets" rowKey={({ Name }) => Name} />}
    </Answered>
  );
}

/** Makes a bucket, if the reader may. */
export function NewBucketButton() {
  const [may] = useMay([{ service: "s3", operation: "CreateBucket" }]);
  const [isOpen, { open, close }] = useDisclosure();
  const to = useBucketAddress();
  if (!may) return null;
  return (
    <>
      <Button size="xs" onClick={open} style={{ flexShrink: 0 }}>New bucket</Button>
      <Modal opened={isOpen} onClose={close} title="New bucket" size="sm" closeButtonProps={{ "aria-label": "Close" }}>
        <NewBucket made={(name) => { close(); go(to(name)); }} leave={close} />
      </Modal>
    </>
  );
}
