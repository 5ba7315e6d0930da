// CloudWatch and SNS by the AWS SDK for JavaScript.
import assert from "node:assert/strict";
import { test } from "node:test";

import {
  CloudWatchClient,
  DescribeAlarmsCommand,
  GetMetricStatisticsCommand,
  PutMetricAlarmCommand,
  PutMetricDataCommand,
  ResourceNotFound,
  SetAlarmStateCommand,
} from "@aws-sdk/client-cloudwatch";
import { CreateTopicCommand, GetTopicAttributesCommand, NotFoundException, SNSClient } from "@aws-sdk/client-sns";

const cloudwatch = new CloudWatchClient();
const sns = new SNSClient();

test("a metric comes back", async () => {
  const minute = Math.floor(Date.now() / 60_000) * 60_000 - 60_000;
  const datum = { MetricName: "Rejects", Unit: "Count", Timestamp: new Date(minute + 1000) };
  const MetricData = [1, 2, 3].map((Value) => ({ ...datum, Value }));
  await cloudwatch.send(new PutMetricDataCommand({ Namespace: "Lab", MetricData }));
  const { Datapoints } = await cloudwatch.send(
    new GetMetricStatisticsCommand({
      Namespace: "Lab",
      MetricName: "Rejects",
      StartTime: new Date(minute),
      EndTime: new Date(minute + 60_000),
      Period: 60,
      Statistics: ["Sum"],
    }),
  );
  assert.deepEqual(Datapoints, [{ Timestamp: new Date(minute), Sum: 6, Unit: "Count" }]);
});

test("an alarm has its state", async () => {
  const { TopicArn } = await sns.send(new CreateTopicCommand({ Name: "alerts" }));
  await cloudwatch.send(
    new PutMetricAlarmCommand({
      AlarmName: "ssh",
      Namespace: "Lab",
      MetricName: "Rejects",
      Statistic: "Sum",
      Period: 60,
      EvaluationPeriods: 1,
      Threshold: 1e9,
      ComparisonOperator: "GreaterThanThreshold",
      AlarmActions: [TopicArn],
    }),
  );
  const { MetricAlarms } = await cloudwatch.send(new DescribeAlarmsCommand({ AlarmNames: ["ssh"] }));
  assert.deepEqual(MetricAlarms[0].AlarmActions, [TopicArn]);
  assert.ok(MetricAlarms[0].StateUpdatedTimestamp instanceof Date);
  const state = { AlarmName: "none", StateValue: "OK", StateReason: "a trial" };
  await assert.rejects(cloudwatch.send(new SetAlarmStateCommand(state)), ResourceNotFound);
  const none = { TopicArn: `${TopicArn}-none` };
  await assert.rejects(sns.send(new GetTopicAttributesCommand(none)), NotFoundException);
});
