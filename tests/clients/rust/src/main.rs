//! CloudWatch by the AWS SDK for Rust, which speaks CBOR. Settings come from the environment that `weir env` prints.
//! Ends with a panic at the first thing that is not so.

use std::{env, time::SystemTime};

use aws_sdk_cloudwatch::{
    Client, Config,
    config::{BehaviorVersion, Credentials, Region},
    error::ProvideErrorMetadata as _,
    primitives::DateTime,
    types::{ComparisonOperator, Dimension, Metric, MetricDataQuery, MetricDatum, MetricStat, StandardUnit, StateValue, Statistic},
};
use aws_smithy_http_client::Builder;

fn client() -> Client {
    let variable = |name: &str| env::var(name).unwrap_or_else(|_| panic!("{name} is not set: eval \"$(weir env)\""));
    let key = Credentials::new(variable("AWS_ACCESS_KEY_ID"), variable("AWS_SECRET_ACCESS_KEY"), None, None, "environment");
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .endpoint_url(variable("AWS_ENDPOINT_URL"))
        .region(Region::new(variable("AWS_REGION")))
        .credentials_provider(key)
        .http_client(Builder::new().build_http())
        .build();
    Client::from_conf(config)
}

/// The minute that ended last.
fn last_minute() -> i64 {
    let now = DateTime::from(SystemTime::now()).secs();
    now - now % 60 - 60
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let client = client();
    metrics(&client).await;
    alarms(&client).await;
    errors(&client).await;
    println!("3 passed, 0 failed");
}

async fn metrics(client: &Client) {
    let interface = Dimension::builder().name("Interface").value("eni-0a").build();
    let minute = last_minute();
    for (value, offset) in [(1.5, 0), (2.5, 10)] {
        let datum = MetricDatum::builder()
            .metric_name("Rejects")
            .dimensions(interface.clone())
            .timestamp(DateTime::from_secs(minute + offset))
            .value(value)
            .unit(StandardUnit::Count)
            .build();
        client.put_metric_data().namespace("Lab").metric_data(datum).send().await.expect("PutMetricData");
    }
    let listed = client.list_metrics().namespace("Lab").send().await.expect("ListMetrics");
    assert_eq!(listed.metrics().len(), 1);
    assert_eq!(listed.metrics()[0].dimensions(), [interface.clone()]);

    let statistics = client
        .get_metric_statistics()
        .namespace("Lab")
        .metric_name("Rejects")
        .dimensions(interface.clone())
        .start_time(DateTime::from_secs(minute))
        .end_time(DateTime::from_secs(minute + 60))
        .period(60)
        .statistics(Statistic::Sum)
        .statistics(Statistic::SampleCount)
        .send()
        .await
        .expect("GetMetricStatistics");
    let [point] = statistics.datapoints() else { panic!("{statistics:?}") };
    assert_eq!((point.sum(), point.sample_count()), (Some(4.0), Some(2.0)));
    assert_eq!(point.timestamp(), Some(&DateTime::from_secs(minute)));
    assert_eq!(point.unit(), Some(&StandardUnit::Count));

    let metric = Metric::builder().namespace("Lab").metric_name("Rejects").dimensions(interface).build();
    let stat = MetricStat::builder().metric(metric).period(60).stat("Maximum").build();
    let queries = [
        MetricDataQuery::builder().id("m").metric_stat(stat).return_data(false).build(),
        MetricDataQuery::builder().id("twice").expression("m * 2").build(),
    ];
    let data = client
        .get_metric_data()
        .set_metric_data_queries(Some(queries.to_vec()))
        .start_time(DateTime::from_secs(minute))
        .end_time(DateTime::from_secs(minute + 60))
        .send()
        .await
        .expect("GetMetricData");
    let [result] = data.metric_data_results() else { panic!("{data:?}") };
    assert_eq!((result.id(), result.values()), (Some("twice"), [5.0].as_slice()));
}

async fn alarms(client: &Client) {
    client
        .put_metric_alarm()
        .alarm_name("ssh")
        .namespace("Lab")
        .metric_name("Rejects")
        .statistic(Statistic::Sum)
        .period(60)
        .evaluation_periods(1)
        .threshold(1.0)
        .comparison_operator(ComparisonOperator::GreaterThanThreshold)
        .send()
        .await
        .expect("PutMetricAlarm");
    let reason = client.set_alarm_state().alarm_name("ssh").state_value(StateValue::Alarm).state_reason("a trial");
    reason.send().await.expect("SetAlarmState");
    let described = client.describe_alarms().alarm_names("ssh").send().await.expect("DescribeAlarms");
    let [alarm] = described.metric_alarms() else { panic!("{described:?}") };
    assert_eq!(alarm.threshold(), Some(1.0));
    assert!(alarm.alarm_arn().is_some_and(|arn| arn.ends_with(":alarm:ssh")));
    client.delete_alarms().alarm_names("ssh").send().await.expect("DeleteAlarms");
}

async fn errors(client: &Client) {
    let missing = client.set_alarm_state().alarm_name("none").state_value(StateValue::Ok).state_reason("a trial");
    let error = missing.send().await.expect_err("there is no such alarm");
    assert_eq!(error.raw_response().map(|response| response.status().as_u16()), Some(404));
    let error = error.into_service_error();
    assert!(error.is_resource_not_found(), "{error:?}");
    let wrong = client.set_alarm_state().alarm_name("none").state_value(StateValue::from("INVALID")).state_reason("a trial");
    let error = wrong.send().await.expect_err("there is no such state").into_service_error();
    assert_eq!(
        error.message(),
        Some(
            "1 validation error detected: Value 'INVALID' at 'stateValue' failed to satisfy constraint: Member must \
             satisfy enum value set: [INSUFFICIENT_DATA, ALARM, OK]"
        )
    );
}
