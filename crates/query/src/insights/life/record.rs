//! `GetLogRecord` and `GetLogGroupFields`.

use super::{
    GetLogGroupFieldsInput, GetLogGroupFieldsOutput, GetLogRecordInput, GetLogRecordOutput, LogGroupField, Queries,
};
use crate::insights::InsightsError;

const MINUTE: i64 = 60_000;

impl Queries {
    /// `GetLogRecord`: all fields of the event that a row's `@ptr` leads to.
    ///
    /// # Errors
    /// The pointer is none, its event is no longer there, or cannot be read.
    pub fn get_log_record(&self, input: &GetLogRecordInput, now: i64) -> Result<GetLogRecordOutput, InsightsError> {
        let log_record = self.shared.insights.record(&input.log_record_pointer, now)?;
        Ok(GetLogRecordOutput { log_record })
    }

    /// `GetLogGroupFields`: the fields of the events around a time, and how many have them.
    ///
    /// # Errors
    /// There is no such log group, it is named twice or not at all, or it cannot be read.
    pub fn get_log_group_fields(
        &self,
        input: &GetLogGroupFieldsInput,
        now: i64,
    ) -> Result<GetLogGroupFieldsOutput, InsightsError> {
        let group = match (&input.log_group_name, &input.log_group_identifier) {
            (Some(group), None) | (None, Some(group)) => group,
            _ => {
                let message = "Exactly one of logGroupName and logGroupIdentifier names the log group.";
                return Err(InsightsError::InvalidParameter(message.to_owned()));
            }
        };
        let group = self.shared.insights.logs().owner().group_of(group)?;
        let (from, until) = match input.time {
            Some(time) => {
                let time = time.saturating_mul(1000);
                (time.saturating_sub(8 * MINUTE), time.saturating_add(8 * MINUTE))
            }
            None => (now.saturating_sub(15 * MINUTE), now.saturating_add(1)),
        };
        let fields = self.shared.insights.fields(group, from, until, now)?;
        let field = |(name, percent)| LogGroupField { name, percent };
        Ok(GetLogGroupFieldsOutput { log_group_fields: fields.into_iter().map(field).collect() })
    }
}
