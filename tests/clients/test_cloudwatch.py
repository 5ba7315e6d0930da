"""CloudWatch by boto3: names, orders, codes and messages as AWS gives them."""

import datetime
import json
import time

import pytest

from failures import failure
from weir import ACCOUNT, REGION, until

UTC = datetime.timezone.utc


@pytest.fixture
def cloudwatch(client):
    return client("cloudwatch")


def last_minute():
    now = int(time.time())
    return datetime.datetime.fromtimestamp(now - now % 60 - 60, UTC)


def put(cloudwatch, *values, name="Rejects", at=None, **datum):
    at = at or last_minute()
    data = [{"MetricName": name, "Value": value, "Timestamp": at} | datum for value in values]
    cloudwatch.put_metric_data(Namespace="Lab", MetricData=data)


def minute(cloudwatch, **arguments):
    begin = last_minute()
    return dict(Namespace="Lab", MetricName="Rejects", StartTime=begin, EndTime=begin + datetime.timedelta(minutes=1),
                Period=60) | arguments


def alarm(**changes):
    return {"AlarmName": "ssh", "Namespace": "Lab", "MetricName": "Rejects", "Statistic": "Average", "Period": 60,
            "EvaluationPeriods": 1, "Threshold": 21.0, "ComparisonOperator": "GreaterThanThreshold"} | changes


def described(cloudwatch, name="ssh"):
    one, = cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"]
    return one


def test_statistics_of_a_minute(cloudwatch):
    put(cloudwatch, 1, 2, 6)
    answer = cloudwatch.get_metric_statistics(
        **minute(cloudwatch, Statistics=["SampleCount", "Average", "Sum", "Minimum", "Maximum"], ExtendedStatistics=["p50"]))
    point, = answer["Datapoints"]
    assert answer["Label"] == "Rejects"
    assert point.pop("ExtendedStatistics")["p50"] == pytest.approx(2, rel=0.02)
    assert point == {"Timestamp": last_minute(), "SampleCount": 3, "Average": 3, "Sum": 9, "Minimum": 1, "Maximum": 6,
                     "Unit": "None"}


def test_points_of_different_units_are_apart(cloudwatch):
    put(cloudwatch, 1, Unit="Bytes")
    put(cloudwatch, 10, Unit="Count")
    points = cloudwatch.get_metric_statistics(**minute(cloudwatch, Statistics=["Sum"]))["Datapoints"]
    assert sorted((point["Unit"], point["Sum"]) for point in points) == [("Bytes", 1), ("Count", 10)]


def test_labels_say_what_makes_the_difference(cloudwatch):
    put(cloudwatch, 1, 3)

    def query(identifier, statistic, period=60):
        metric = {"Namespace": "Lab", "MetricName": "Rejects"}
        return {"Id": identifier, "MetricStat": {"Metric": metric, "Period": period, "Stat": statistic}}

    def labels(*queries):
        span = {"StartTime": last_minute(), "EndTime": last_minute() + datetime.timedelta(minutes=1)}
        results = cloudwatch.get_metric_data(MetricDataQueries=list(queries), **span)["MetricDataResults"]
        return [(result["Label"], result["Values"]) for result in results]

    assert labels(query("a", "Sum")) == [("Rejects", [4.0])]
    assert labels(query("a", "Sum"), query("b", "Average")) == [("Rejects Sum", [4.0]), ("Rejects Average", [2.0])]
    assert labels(query("a", "Sum"), {"Id": "e", "Expression": "a / 4", "Label": "quarter"})[1] == ("quarter", [1.0])


def test_a_unit_that_is_none(cloudwatch):
    refused = failure(cloudwatch.put_metric_data, Namespace="Lab", MetricData=[
        {"MetricName": "m", "Value": 1, "Unit": "GB"}, {"MetricName": "m", "Value": 1}])
    assert refused.code == "InvalidParameterValue"
    assert refused.message.startswith(
        "The parameter MetricData.member.1.Unit must be a value in the set [ Seconds, Microseconds, ")
    refused = failure(cloudwatch.get_metric_statistics, **minute(cloudwatch, Statistics=["Sum"], Unit="GB"))
    assert refused.code == "ValidationError"
    assert refused.message.startswith(
        "1 validation error detected: Value 'GB' at 'unit' failed to satisfy constraint: Member must satisfy enum value "
        "set: [Gigabits/Second, Gigabits, ")


def test_metrics_insights(cloudwatch):
    for door, values in [("front", [1.0, 4.0]), ("back", [2.0])]:
        datum = {"MetricName": "Hits", "Dimensions": [{"Name": "Door", "Value": door}], "Timestamp": last_minute(), "Values": values}
        cloudwatch.put_metric_data(Namespace="Lab/Doors", MetricData=[datum])

    def asking(expression):
        query = {"Id": "q", "Expression": expression, "Period": 60}
        return {"MetricDataQueries": [query], "StartTime": last_minute(),
                "EndTime": last_minute() + datetime.timedelta(minutes=1)}

    def asked(expression):
        results = cloudwatch.get_metric_data(**asking(expression))["MetricDataResults"]
        return [(result["Label"], result["Values"]) for result in results]

    assert asked('SELECT AVG(Hits) FROM SCHEMA("Lab/Doors", Door)') == [("Hits", [pytest.approx(7 / 3)])]
    assert asked('SELECT MAX(Hits) FROM "Lab/Doors" GROUP BY Door ORDER BY MAX() DESC LIMIT 2') == [
        ("front", [4.0]), ("back", [2.0])]
    assert asked("SELECT SUM(Hits) FROM \"Lab/Doors\" WHERE Door != 'front'") == [("Hits", [2.0])]
    assert failure(cloudwatch.get_metric_data, **asking("SELECT SUM(Hits FROM x")) == (
        "ValidationError", "Error in expression 'q' at position 17: unexpected `FROM`, `)` should stand here")


def test_what_cannot_be_asked_for(cloudwatch):
    many = minute(cloudwatch, Statistics=["Sum"], Period=1, StartTime=last_minute() - datetime.timedelta(days=1),
                  EndTime=last_minute())
    assert failure(cloudwatch.get_metric_statistics, **many) == (
        "InvalidParameterCombination",
        "You have requested up to 86400 datapoints, which exceeds the limit of 1440. You may reduce the datapoints "
        "requested by increasing Period, or decreasing the time range.")
    backwards = minute(cloudwatch, Statistics=["Sum"], EndTime=last_minute() - datetime.timedelta(days=1))
    assert failure(cloudwatch.get_metric_statistics, **backwards) == (
        "InvalidParameterValue", "The parameter StartTime must be less than the parameter EndTime.")


@pytest.mark.parametrize("datum", [
    {"Value": 1, "Values": [1.0]},
    {"Values": [1.0, 2.0], "Counts": [1.0]},
    {"Value": 1, "StatisticValues": {"SampleCount": 1, "Sum": 1, "Minimum": 1, "Maximum": 1}},
])
def test_a_datum_says_its_value_once(cloudwatch, datum):
    refused = failure(cloudwatch.put_metric_data, Namespace="Lab", MetricData=[{"MetricName": "m"} | datum])
    assert refused.status == 400 and "MetricData.member.1" in refused.message


def test_metrics_are_listed_with_their_dimensions(cloudwatch):
    for interface in ("eni-0a", "eni-0b"):
        put(cloudwatch, 1, Dimensions=[{"Name": "Interface", "Value": interface}])
    put(cloudwatch, 1, name="Accepts")
    listed = cloudwatch.list_metrics(Namespace="Lab", Dimensions=[{"Name": "Interface"}])["Metrics"]
    assert sorted(metric["Dimensions"][0]["Value"] for metric in listed) == ["eni-0a", "eni-0b"]
    names = {metric["MetricName"] for metric in cloudwatch.list_metrics(Namespace="Lab")["Metrics"]}
    assert names == {"Rejects", "Accepts"}


def test_a_fresh_alarm(cloudwatch):
    cloudwatch.put_metric_alarm(**alarm())
    answer = cloudwatch.describe_alarms()
    assert answer["CompositeAlarms"] == []
    fresh = next(one for one in answer["MetricAlarms"] if one["AlarmName"] == "ssh")
    assert fresh["AlarmArn"] == f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:ssh"
    assert fresh["StateValue"] == "INSUFFICIENT_DATA"
    assert fresh["StateReason"] == "Unchecked: Initial alarm creation"
    assert fresh["StateTransitionedTimestamp"] == fresh["StateUpdatedTimestamp"]
    assert (fresh["OKActions"], fresh["AlarmActions"], fresh["InsufficientDataActions"], fresh["Dimensions"]) == ([],) * 4
    assert fresh["ActionsEnabled"] is True and "TreatMissingData" not in fresh


def test_an_alarm_breaks_its_threshold(cloudwatch):
    put(cloudwatch, 21.5)
    cloudwatch.put_metric_alarm(**alarm())
    broken = until(lambda: (found := described(cloudwatch))["StateValue"] == "ALARM" and found, "the alarm", 90)
    assert broken["StateReason"].startswith("Threshold Crossed: 1 datapoint [21.5 (")
    assert broken["StateReason"].endswith(")] was greater than the threshold (21.0).")
    data = json.loads(broken["StateReasonData"])
    assert data["version"] == "1.0" and data["recentDatapoints"] == [21.5] and data["threshold"] == 21.0
    assert data["statistic"] == "Average" and data["period"] == 60
    history = cloudwatch.describe_alarm_history(AlarmName="ssh", HistoryItemType="StateUpdate")["AlarmHistoryItems"]
    assert history[0]["HistorySummary"] == "Alarm updated from INSUFFICIENT_DATA to ALARM"
    change = json.loads(history[0]["HistoryData"])
    assert change["version"] == "1.0"
    assert change["oldState"]["stateValue"] == "INSUFFICIENT_DATA" and change["newState"]["stateValue"] == "ALARM"
    found, = cloudwatch.describe_alarms_for_metric(Namespace="Lab", MetricName="Rejects")["MetricAlarms"]
    assert found["AlarmName"] == "ssh"


def test_a_state_is_set_by_hand(cloudwatch):
    cloudwatch.put_metric_alarm(**alarm())
    cloudwatch.set_alarm_state(AlarmName="ssh", StateValue="ALARM", StateReason="a trial")
    history = cloudwatch.describe_alarm_history(AlarmName="ssh", HistoryItemType="StateUpdate")["AlarmHistoryItems"]
    assert "Alarm updated from INSUFFICIENT_DATA to ALARM" in [item["HistorySummary"] for item in history]
    wrong = failure(cloudwatch.set_alarm_state, AlarmName="ssh", StateValue="INVALID", StateReason="a trial")
    assert wrong == ("ValidationError", "1 validation error detected: Value 'INVALID' at 'stateValue' failed to satisfy "
                                        "constraint: Member must satisfy enum value set: [INSUFFICIENT_DATA, ALARM, OK]")
    missing = failure(cloudwatch.set_alarm_state, AlarmName="none", StateValue="OK", StateReason="a trial")
    assert (missing.code, missing.status) == ("ResourceNotFound", 404)


def test_a_metric_filter_gives_a_metric(client, cloudwatch):
    logs = client("logs")
    logs.create_log_group(logGroupName="app")
    logs.create_log_stream(logGroupName="app", logStreamName="one")
    metric = {"metricName": "Refused", "metricNamespace": "Lab", "metricValue": "1", "unit": "Count"}
    logs.put_metric_filter(logGroupName="app", filterName="f", filterPattern="REJECT", metricTransformations=[metric])
    now = int(time.time() * 1000)
    messages = ["REJECT 1", "ACCEPT 2", "REJECT 3"]
    logs.put_log_events(logGroupName="app", logStreamName="one",
                        logEvents=[{"timestamp": now, "message": message} for message in messages])
    at = datetime.datetime.fromtimestamp(now / 1000, UTC)
    span = minute(cloudwatch, MetricName="Refused", StartTime=at - datetime.timedelta(minutes=2),
                  EndTime=at + datetime.timedelta(minutes=2), Statistics=["Sum"])
    point, = until(lambda: cloudwatch.get_metric_statistics(**span)["Datapoints"], "the metric")
    assert (point["Sum"], point["Unit"]) == (2, "Count")


def test_a_dashboard_is_kept(cloudwatch):
    body = json.dumps({"widgets": [{"type": "text", "x": 0, "y": 0, "width": 6, "height": 3,
                                    "properties": {"markdown": "Refused"}}]})
    assert cloudwatch.put_dashboard(DashboardName="lab", DashboardBody=body)["DashboardValidationMessages"] == []
    assert json.loads(cloudwatch.get_dashboard(DashboardName="lab")["DashboardBody"]) == json.loads(body)
    entry, = cloudwatch.list_dashboards()["DashboardEntries"]
    assert entry["DashboardArn"] == f"arn:aws:cloudwatch::{ACCOUNT}:dashboard/lab"
    cloudwatch.delete_dashboards(DashboardNames=["lab"])
    missing = failure(cloudwatch.get_dashboard, DashboardName="lab")
    assert missing.status == 404
