//! Trying a pattern on messages that are in no log group.

use super::{FilterError, MetricFilterMatch, TestMetricFilterInput, TestMetricFilterOutput, validate::violation};
use crate::pattern::Pattern;

/// Messages of one trial, at most.
const MESSAGE_LIMIT: usize = 50;

/// Answers TestMetricFilter.
///
/// # Errors
/// When the pattern says nothing, there are more than 50 messages or none, or one of them is empty.
pub fn test_metric_filter(input: &TestMetricFilterInput) -> Result<TestMetricFilterOutput, FilterError> {
    let pattern: Pattern = input.filter_pattern.parse()?;
    let messages = &input.log_event_messages;
    if messages.is_empty() || messages.len() > MESSAGE_LIMIT {
        let bound = if messages.is_empty() { "greater than or equal to 1" } else { "less than or equal to 50" };
        let constraint = format!("Member must have length {bound}");
        return Err(violation(&format!("{} messages", messages.len()), "logEventMessages", &constraint));
    }
    if let Some(empty) = messages.iter().position(String::is_empty) {
        let member = format!("logEventMessages.{}.member", empty + 1);
        return Err(violation("", &member, "Member must have length greater than or equal to 1"));
    }
    Ok(TestMetricFilterOutput { matches: try_messages(&pattern, messages.iter().map(String::as_str)) })
}

/// The messages that match, with what is extracted of them.
pub fn try_messages<'m>(pattern: &Pattern, messages: impl Iterator<Item = &'m str>) -> Vec<MetricFilterMatch> {
    let matched = |(event_number, message): (usize, &str)| {
        let extracted_values = pattern.extract(message)?.into_iter().collect();
        Some(MetricFilterMatch { event_number, event_message: message.to_owned(), extracted_values })
    };
    messages.enumerate().filter_map(matched).collect()
}
