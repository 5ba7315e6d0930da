// CloudWatch Logs and STS by the AWS SDK for JavaScript. Settings come from the environment, as of any program.
import assert from "node:assert/strict";
import { test } from "node:test";

import {
  CloudWatchLogsClient,
  CreateLogGroupCommand,
  CreateLogStreamCommand,
  DescribeLogGroupsCommand,
  FilterLogEventsCommand,
  GetLogEventsCommand,
  PutLogEventsCommand,
  PutMetricFilterCommand,
  ResourceAlreadyExistsException,
  ResourceNotFoundException,
  TestMetricFilterCommand,
  paginateDescribeLogGroups,
} from "@aws-sdk/client-cloudwatch-logs";
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";

const logs = new CloudWatchLogsClient();

test("who am I", async () => {
  const identity = await new STSClient().send(new GetCallerIdentityCommand());
  assert.equal(identity.Account, "123456789012");
  assert.equal(identity.Arn, "arn:aws:iam::123456789012:root");
});

test("events come back", async () => {
  const stream = { logGroupName: "/js/flows", logStreamName: "eni-0a-all" };
  await logs.send(new CreateLogGroupCommand({ logGroupName: stream.logGroupName }));
  await logs.send(new CreateLogStreamCommand(stream));
  const timestamp = Date.now();
  const logEvents = [
    { timestamp: timestamp - 1, message: "ACCEPT ü 1" },
    { timestamp, message: "REJECT 2" },
  ];
  await logs.send(new PutLogEventsCommand({ ...stream, logEvents }));
  const { events } = await logs.send(new GetLogEventsCommand({ ...stream, startFromHead: true }));
  assert.deepEqual(events.map(({ timestamp, message }) => ({ timestamp, message })), logEvents);
  const found = await logs.send(new FilterLogEventsCommand({ logGroupName: "/js/flows", filterPattern: "REJECT" }));
  assert.deepEqual(found.events.map((event) => event.message), ["REJECT 2"]);
});

test("groups are listed page by page", async () => {
  for (const name of ["c", "a", "b"]) await logs.send(new CreateLogGroupCommand({ logGroupName: `/js/page/${name}` }));
  const names = [];
  for await (const page of paginateDescribeLogGroups({ client: logs, pageSize: 2 }, { logGroupNamePrefix: "/js/page" })) {
    assert.ok(page.logGroups.length <= 2);
    names.push(...page.logGroups.map((group) => group.logGroupName));
  }
  assert.deepEqual(names, ["/js/page/a", "/js/page/b", "/js/page/c"]);
});

test("a metric filter is tried and kept", async () => {
  const filterPattern = "[version, account, interface, ..., action=REJECT, status]";
  const logEventMessages = ["2 123456789012 eni-0a 6 REJECT OK", "2 123456789012 eni-0a 6 ACCEPT OK"];
  const { matches } = await logs.send(new TestMetricFilterCommand({ filterPattern, logEventMessages }));
  assert.deepEqual(matches.map((match) => match.eventMessage), [logEventMessages[0]]);
  await logs.send(new CreateLogGroupCommand({ logGroupName: "/js/metric" }));
  const metricTransformations = [{ metricName: "Rejects", metricNamespace: "Lab", metricValue: "1" }];
  await logs.send(
    new PutMetricFilterCommand({ logGroupName: "/js/metric", filterName: "rejects", filterPattern, metricTransformations }),
  );
  const { logGroups } = await logs.send(new DescribeLogGroupsCommand({ logGroupNamePrefix: "/js/metric" }));
  assert.equal(logGroups[0].metricFilterCount, 1);
});

test("errors have their class", async () => {
  const group = { logGroupName: "/js/twice" };
  await logs.send(new CreateLogGroupCommand(group));
  await assert.rejects(logs.send(new CreateLogGroupCommand(group)), (error) => {
    assert.ok(error instanceof ResourceAlreadyExistsException);
    assert.equal(error.message, "The specified log group already exists");
    assert.equal(error.$metadata.httpStatusCode, 400);
    assert.ok(error.$metadata.requestId);
    return true;
  });
  await assert.rejects(
    logs.send(new GetLogEventsCommand({ ...group, logStreamName: "none" })),
    ResourceNotFoundException,
  );
});
