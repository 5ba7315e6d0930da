//! What the operations on alarms take and give, as the API names it. Times are Unix milliseconds.

use super::state::StateValue;
use crate::{
    metric::{Dimension, MetricDataQuery, Unit},
    shapes::shapes,
};

shapes! {
    /// What every alarm has.
    AlarmHead {
        /// 1 to 255 characters; one of a kind.
        alarm_name: String,
        /// At most 1024 characters.
        #[serde(skip_serializing_if = "Option::is_none")]
        alarm_description: Option<String>,
        /// Whether it tells anybody; it does if not given.
        #[serde(deserialize_with = "crate::lenient::option")]
        actions_enabled: Option<bool>,
        /// Topics told when it becomes OK; at most 5.
        #[serde(rename = "OKActions")]
        ok_actions: Vec<String>,
        /// Topics told when it goes into alarm; at most 5.
        alarm_actions: Vec<String>,
        /// Topics told when data are insufficient; at most 5.
        insufficient_data_actions: Vec<String>,
    }

    /// When data points are an alarm.
    AlarmRule {
        /// N: how many data points are looked at.
        #[serde(deserialize_with = "crate::lenient::option")]
        evaluation_periods: Option<i64>,
        /// M: how many must breach; N if not given.
        #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "crate::lenient::option")]
        datapoints_to_alarm: Option<i64>,
        /// The threshold.
        #[serde(deserialize_with = "crate::lenient::option")]
        threshold: Option<f64>,
        /// Such as `GreaterThanThreshold`.
        comparison_operator: String,
        /// `breaching`, `notBreaching`, `ignore`, or `missing`, which it is if not given.
        #[serde(skip_serializing_if = "Option::is_none")]
        treat_missing_data: Option<String>,
    }

    /// What `PutMetricAlarm` takes.
    PutMetricAlarmInput {
        /// Its name and whom it tells.
        #[serde(flatten)]
        head: AlarmHead,
        /// When data points are an alarm.
        #[serde(flatten)]
        rule: AlarmRule,
        /// The metric's name.
        #[serde(skip_serializing_if = "Option::is_none")]
        metric_name: Option<String>,
        /// Its namespace.
        #[serde(skip_serializing_if = "Option::is_none")]
        namespace: Option<String>,
        /// One of five.
        #[serde(skip_serializing_if = "Option::is_none")]
        statistic: Option<String>,
        /// Another, such as `p99`.
        #[serde(skip_serializing_if = "Option::is_none")]
        extended_statistic: Option<String>,
        /// The metric's dimensions.
        dimensions: Vec<Dimension>,
        /// Seconds: 1, 5, 10, 20, 30 or a multiple of 60.
        #[serde(skip_serializing_if = "Option::is_none")]
        period: Option<i64>,
        /// Only data of this unit.
        #[serde(skip_serializing_if = "Option::is_none")]
        unit: Option<Unit>,
        /// `evaluate` or `ignore`.
        #[serde(skip_serializing_if = "Option::is_none")]
        evaluate_low_sample_count_percentile: Option<String>,
        /// Metric math instead of a metric: at most 10 queries, one of which returns data.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        metrics: Vec<MetricDataQuery>,
        /// Of anomaly detection, which is not there.
        #[serde(skip_serializing_if = "Option::is_none")]
        threshold_metric_id: Option<String>,
        /// Kept when the alarm is made.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        tags: Vec<Tag>,
    }

    /// What `PutCompositeAlarm` takes.
    PutCompositeAlarmInput {
        /// Its name and whom it tells.
        #[serde(flatten)]
        head: AlarmHead,
        /// Of the states of other alarms; at most 10,240 characters.
        alarm_rule: String,
        /// The alarm that keeps it silent.
        #[serde(skip_serializing_if = "Option::is_none")]
        actions_suppressor: Option<String>,
        /// Seconds that it waits for the suppressor to go into alarm.
        #[serde(skip_serializing_if = "Option::is_none")]
        actions_suppressor_wait_period: Option<i64>,
        /// Seconds that it stays silent after the suppressor left alarm.
        #[serde(skip_serializing_if = "Option::is_none")]
        actions_suppressor_extension_period: Option<i64>,
        /// Kept when the alarm is made.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        tags: Vec<Tag>,
    }

    /// What `PutLogAlarm` takes: an alarm on a query. Ours.
    PutLogAlarmInput {
        /// Its name and whom it tells.
        #[serde(flatten)]
        head: AlarmHead,
        /// When data points are an alarm.
        #[serde(flatten)]
        rule: AlarmRule,
        /// The query; its span of time is one period.
        query_string: String,
        /// The groups that it looks at.
        log_group_names: Vec<String>,
        /// Seconds: a multiple of 60.
        period: Option<i64>,
        /// `RowCount`, which it is if not given, or `Sum`, `Average`, `Minimum`, `Maximum`, `SampleCount` of a column.
        #[serde(skip_serializing_if = "Option::is_none")]
        statistic: Option<String>,
        /// The column.
        #[serde(skip_serializing_if = "Option::is_none")]
        column: Option<String>,
        /// The role that AWS would run the query with. Kept as it was given: the query is run by this program.
        #[serde(rename = "ScheduledQueryRoleARN", skip_serializing_if = "Option::is_none")]
        scheduled_query_role_arn: Option<String>,
        /// Kept when the alarm is made.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        tags: Vec<Tag>,
    }

    /// A word on a resource.
    Tag {
        /// 1 to 128 characters.
        key: String,
        /// At most 256 characters.
        value: String,
    }

    /// What is known of every alarm.
    AlarmStatus {
        /// Its name all over.
        alarm_arn: String,
        /// When it was last put.
        alarm_configuration_updated_timestamp: i64,
        /// Its state.
        state_value: StateValue,
        /// Why.
        state_reason: String,
        /// Why, as JSON in a text.
        #[serde(skip_serializing_if = "Option::is_none")]
        state_reason_data: Option<String>,
        /// When the state was last set.
        state_updated_timestamp: i64,
        /// When it was last another one.
        state_transitioned_timestamp: i64,
    }

    /// An alarm on a metric or on metric math.
    MetricAlarm {
        /// As it was put.
        #[serde(flatten)]
        definition: PutMetricAlarmInput,
        /// What is known of it.
        #[serde(flatten)]
        status: AlarmStatus,
        /// `EVALUATION_FAILURE` when its data could not be read or computed.
        #[serde(skip_serializing_if = "Option::is_none")]
        evaluation_state: Option<String>,
    }

    /// An alarm on other alarms.
    CompositeAlarm {
        /// As it was put.
        #[serde(flatten)]
        definition: PutCompositeAlarmInput,
        /// What is known of it.
        #[serde(flatten)]
        status: AlarmStatus,
        /// `WaitPeriod`, `Alarm` or `ExtensionPeriod`, while it is kept silent.
        #[serde(skip_serializing_if = "Option::is_none")]
        actions_suppressed_by: Option<String>,
        /// Why it is kept silent.
        #[serde(skip_serializing_if = "Option::is_none")]
        actions_suppressed_reason: Option<String>,
    }

    /// An alarm on a query.
    LogAlarm {
        /// As it was put.
        #[serde(flatten)]
        definition: PutLogAlarmInput,
        /// What is known of it.
        #[serde(flatten)]
        status: AlarmStatus,
        /// `EVALUATION_FAILURE` when the query failed.
        #[serde(skip_serializing_if = "Option::is_none")]
        evaluation_state: Option<String>,
    }

    /// What `DescribeAlarms` takes; each part narrows the list.
    DescribeAlarmsInput {
        /// Exactly these; at most 100.
        alarm_names: Vec<String>,
        /// Names that begin so.
        alarm_name_prefix: Option<String>,
        /// `MetricAlarm`, which it is if not given, `CompositeAlarm`, and ours: `LogAlarm`.
        alarm_types: Vec<String>,
        /// Composite alarms: those that this rule uses.
        children_of_alarm_name: Option<String>,
        /// Composite alarms that use this alarm.
        parents_of_alarm_name: Option<String>,
        /// In this state.
        state_value: Option<StateValue>,
        /// With an action that begins so.
        action_prefix: Option<String>,
        /// At most 100.
        max_records: Option<usize>,
        /// Where the page before ended.
        next_token: Option<String>,
    }

    /// What `DescribeAlarms` gives.
    DescribeAlarmsOutput {
        /// On metrics.
        metric_alarms: Vec<MetricAlarm>,
        /// On other alarms.
        composite_alarms: Vec<CompositeAlarm>,
        /// On queries.
        log_alarms: Vec<LogAlarm>,
        /// There are more.
        #[serde(skip_serializing_if = "Option::is_none")]
        next_token: Option<String>,
    }

    /// What `DescribeAlarmsForMetric` takes.
    DescribeAlarmsForMetricInput {
        /// The metric's name.
        metric_name: String,
        /// Its namespace.
        namespace: String,
        /// Exactly its dimensions.
        dimensions: Vec<Dimension>,
        /// Only alarms with this statistic.
        statistic: Option<String>,
        /// Only alarms with this statistic.
        extended_statistic: Option<String>,
        /// Only alarms with this period.
        period: Option<i64>,
        /// Only alarms with this unit.
        unit: Option<Unit>,
    }

    /// What `DescribeAlarmsForMetric` gives.
    DescribeAlarmsForMetricOutput {
        /// By name.
        metric_alarms: Vec<MetricAlarm>,
    }

    /// What `DeleteAlarms`, `EnableAlarmActions` and `DisableAlarmActions` take.
    AlarmNames {
        /// At most 100.
        alarm_names: Vec<String>,
    }

    /// What `SetAlarmState` takes.
    SetAlarmStateInput {
        /// The alarm.
        alarm_name: String,
        /// `OK`, `ALARM` or `INSUFFICIENT_DATA`.
        state_value: String,
        /// At most 1023 characters.
        state_reason: String,
        /// JSON of at most 4000 characters.
        state_reason_data: Option<String>,
    }

    /// What `DescribeAlarmHistory` takes; each part narrows the list.
    DescribeAlarmHistoryInput {
        /// Of this alarm.
        alarm_name: Option<String>,
        /// Of these kinds of alarms; `MetricAlarm` if not given.
        alarm_types: Vec<String>,
        /// `ConfigurationUpdate`, `StateUpdate` or `Action`.
        history_item_type: Option<String>,
        /// From this time on.
        start_date: Option<i64>,
        /// Until this time.
        end_date: Option<i64>,
        /// At most 100.
        max_records: Option<usize>,
        /// Where the page before ended.
        next_token: Option<String>,
        /// `TimestampAscending`, or `TimestampDescending`, which it is if not given.
        scan_by: Option<String>,
    }

    /// What `DescribeAlarmHistory` gives.
    DescribeAlarmHistoryOutput {
        /// What happened.
        alarm_history_items: Vec<AlarmHistoryItem>,
        /// There is more.
        #[serde(skip_serializing_if = "Option::is_none")]
        next_token: Option<String>,
    }

    /// Something that happened to an alarm.
    AlarmHistoryItem {
        /// The alarm.
        alarm_name: String,
        /// `MetricAlarm`, `CompositeAlarm` or `LogAlarm`.
        alarm_type: String,
        /// When.
        timestamp: i64,
        /// `ConfigurationUpdate`, `StateUpdate` or `Action`.
        history_item_type: String,
        /// In words.
        history_summary: String,
        /// As JSON in a text.
        history_data: String,
    }

    /// What `ListTagsForResource` takes.
    ListTagsInput {
        /// The alarm.
        #[serde(rename = "ResourceARN")]
        resource_arn: String,
    }

    /// What `ListTagsForResource` gives.
    ListTagsOutput {
        /// By key.
        tags: Vec<Tag>,
    }

    /// What `TagResource` takes.
    TagResourceInput {
        /// The alarm.
        #[serde(rename = "ResourceARN")]
        resource_arn: String,
        /// They take the place of those with the same key.
        tags: Vec<Tag>,
    }

    /// What `UntagResource` takes.
    UntagResourceInput {
        /// The alarm.
        #[serde(rename = "ResourceARN")]
        resource_arn: String,
        /// The keys.
        tag_keys: Vec<String>,
    }
}
