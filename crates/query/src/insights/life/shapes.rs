//! Inputs and outputs of the operations, named as the AWS API names them.

use serde::{Deserialize, Serialize};

use crate::insights::Row;

/// Declares types of the API: public, plain, with names in `camelCase`; what is absent has its default.
macro_rules! shapes {
    ($($(#[$about:meta])* $name:ident { $($(#[$field_about:meta])* $field:ident: $type:ty,)* })+) => {
        $(
            $(#[$about])*
            #[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
            #[serde(rename_all = "camelCase", default)]
            pub struct $name {
                $($(#[$field_about])* pub $field: $type,)*
            }
        )+
    };
}

shapes! {
    /// What `StartQuery` takes. Exactly one of the three ways to name log groups, unless the query names them.
    StartQueryInput {
        /// One log group by name.
        #[serde(skip_serializing_if = "Option::is_none")]
        log_group_name: Option<String>,
        /// At most 50 by name.
        #[serde(skip_serializing_if = "Option::is_none")]
        log_group_names: Option<Vec<String>>,
        /// At most 50 by name or ARN.
        #[serde(skip_serializing_if = "Option::is_none")]
        log_group_identifiers: Option<Vec<String>>,
        /// From this second on, Unix seconds.
        start_time: i64,
        /// Up to this second, itself included, Unix seconds.
        end_time: i64,
        /// The query.
        query_string: String,
        /// Rows at most: 1 to 100,000.
        #[serde(skip_serializing_if = "Option::is_none")]
        limit: Option<i64>,
        /// `CWLI`, which it is if not given.
        #[serde(skip_serializing_if = "Option::is_none")]
        query_language: Option<String>,
    }

    /// What `StartQuery` gives.
    StartQueryOutput {
        /// The query from now on.
        query_id: String,
    }

    /// What `GetQueryResults` takes.
    GetQueryResultsInput {
        /// The query.
        query_id: String,
        /// At most so many rows, up to 10,000; all of them if not given.
        #[serde(skip_serializing_if = "Option::is_none")]
        max_items: Option<i64>,
        /// Where the page before ended.
        #[serde(skip_serializing_if = "Option::is_none")]
        next_token: Option<String>,
    }

    /// What `GetQueryResults` gives.
    GetQueryResultsOutput {
        /// Always `CWLI`.
        query_language: String,
        /// The rows so far, or all of them.
        results: Vec<Row>,
        /// What was read so far.
        statistics: QueryStatistics,
        /// How it goes.
        status: QueryStatus,
        /// There are more rows.
        #[serde(skip_serializing_if = "Option::is_none")]
        next_token: Option<String>,
    }

    /// What a query has read.
    QueryStatistics {
        /// Events that passed its filters.
        records_matched: f64,
        /// Events that it looked at.
        records_scanned: f64,
        /// The bytes of their messages.
        bytes_scanned: f64,
    }

    /// What `StopQuery` takes.
    StopQueryInput {
        /// The query.
        query_id: String,
    }

    /// What `StopQuery` and `DeleteQueryDefinition` give.
    SuccessOutput {
        /// Whether it was done.
        success: bool,
    }

    /// What `DescribeQueries` takes.
    DescribeQueriesInput {
        /// Those over this log group.
        #[serde(skip_serializing_if = "Option::is_none")]
        log_group_name: Option<String>,
        /// Those that are so.
        #[serde(skip_serializing_if = "Option::is_none")]
        status: Option<QueryStatus>,
        /// Those in this language.
        #[serde(skip_serializing_if = "Option::is_none")]
        query_language: Option<String>,
        /// At most 1,000, which it is if not given.
        #[serde(skip_serializing_if = "Option::is_none")]
        max_results: Option<i64>,
        /// Where the page before ended.
        #[serde(skip_serializing_if = "Option::is_none")]
        next_token: Option<String>,
    }

    /// What `DescribeQueries` gives.
    DescribeQueriesOutput {
        /// The newest first.
        queries: Vec<QueryInfo>,
        /// There are more.
        #[serde(skip_serializing_if = "Option::is_none")]
        next_token: Option<String>,
    }

    /// A query that was started.
    QueryInfo {
        /// Always `CWLI`.
        query_language: String,
        /// Its id.
        query_id: String,
        /// With its frame: `SOURCE "group" START=… END=… | …`.
        query_string: String,
        /// How it goes.
        status: QueryStatus,
        /// When it was started, Unix milliseconds.
        create_time: i64,
        /// Its log group, the first of several.
        #[serde(skip_serializing_if = "Option::is_none")]
        log_group_name: Option<String>,
    }

    /// What `PutQueryDefinition` takes.
    PutQueryDefinitionInput {
        /// The definition that is changed; a new one if not given.
        #[serde(skip_serializing_if = "Option::is_none")]
        query_definition_id: Option<String>,
        /// 1 to 255 characters; with `/` it is in a folder.
        name: String,
        /// The query.
        query_string: String,
        /// What it is usually asked of.
        #[serde(skip_serializing_if = "Option::is_none")]
        log_group_names: Option<Vec<String>>,
        /// `CWLI`, which it is if not given.
        #[serde(skip_serializing_if = "Option::is_none")]
        query_language: Option<String>,
    }

    /// What `PutQueryDefinition` gives.
    PutQueryDefinitionOutput {
        /// The definition from now on.
        query_definition_id: String,
    }

    /// What `DescribeQueryDefinitions` takes.
    DescribeQueryDefinitionsInput {
        /// Those whose names begin so.
        #[serde(skip_serializing_if = "Option::is_none")]
        query_definition_name_prefix: Option<String>,
        /// Those in this language.
        #[serde(skip_serializing_if = "Option::is_none")]
        query_language: Option<String>,
        /// At most 1,000, which it is if not given.
        #[serde(skip_serializing_if = "Option::is_none")]
        max_results: Option<i64>,
        /// Where the page before ended.
        #[serde(skip_serializing_if = "Option::is_none")]
        next_token: Option<String>,
    }

    /// What `DescribeQueryDefinitions` gives.
    DescribeQueryDefinitionsOutput {
        /// By name.
        query_definitions: Vec<QueryDefinition>,
        /// There are more.
        #[serde(skip_serializing_if = "Option::is_none")]
        next_token: Option<String>,
    }

    /// A saved query.
    QueryDefinition {
        /// Always `CWLI`.
        query_language: String,
        /// Its id.
        query_definition_id: String,
        /// Its name.
        name: String,
        /// The query.
        query_string: String,
        /// When it was last put, Unix milliseconds.
        last_modified: i64,
        /// What it is usually asked of.
        log_group_names: Vec<String>,
    }

    /// What `DeleteQueryDefinition` takes.
    DeleteQueryDefinitionInput {
        /// The definition.
        query_definition_id: String,
    }

    /// What `CreateLookupTable` takes.
    CreateLookupTableInput {
        /// Letters, digits and `_`.
        lookup_table_name: String,
        /// What it is for.
        #[serde(skip_serializing_if = "Option::is_none")]
        description: Option<String>,
        /// CSV; the first line names the columns.
        #[serde(skip_serializing_if = "Option::is_none")]
        table_body: Option<String>,
        /// A query whose rows become the table, in place of CSV.
        #[serde(skip_serializing_if = "Option::is_none")]
        query_id: Option<String>,
    }

    /// What `CreateLookupTable` gives.
    CreateLookupTableOutput {
        /// The table from now on.
        lookup_table_arn: String,
        /// Unix milliseconds.
        created_at: i64,
    }

    /// What `UpdateLookupTable` takes.
    UpdateLookupTableInput {
        /// The table.
        lookup_table_arn: String,
        /// What it is for; as it was if not given.
        #[serde(skip_serializing_if = "Option::is_none")]
        description: Option<String>,
        /// CSV; the first line names the columns.
        #[serde(skip_serializing_if = "Option::is_none")]
        table_body: Option<String>,
        /// A query whose rows become the table, in place of CSV.
        #[serde(skip_serializing_if = "Option::is_none")]
        query_id: Option<String>,
    }

    /// What `UpdateLookupTable` gives.
    UpdateLookupTableOutput {
        /// The table.
        lookup_table_arn: String,
        /// Unix milliseconds.
        last_updated_time: i64,
    }

    /// What `GetLookupTable` takes.
    GetLookupTableInput {
        /// The table.
        lookup_table_arn: String,
    }

    /// What `GetLookupTable` gives.
    GetLookupTableOutput {
        /// The table.
        lookup_table_arn: String,
        /// Its name.
        lookup_table_name: String,
        /// What it is for.
        #[serde(skip_serializing_if = "Option::is_none")]
        description: Option<String>,
        /// CSV; the first line names the columns.
        table_body: String,
        /// Bytes of the CSV.
        size_bytes: i64,
        /// Unix milliseconds.
        last_updated_time: i64,
    }

    /// What `DescribeLookupTables` takes.
    DescribeLookupTablesInput {
        /// Those whose names begin so.
        #[serde(skip_serializing_if = "Option::is_none")]
        lookup_table_name_prefix: Option<String>,
        /// At most 100.
        #[serde(skip_serializing_if = "Option::is_none")]
        max_results: Option<i64>,
        /// Where the page before ended.
        #[serde(skip_serializing_if = "Option::is_none")]
        next_token: Option<String>,
    }

    /// What `DescribeLookupTables` gives.
    DescribeLookupTablesOutput {
        /// By name.
        lookup_tables: Vec<LookupTableShape>,
        /// There are more.
        #[serde(skip_serializing_if = "Option::is_none")]
        next_token: Option<String>,
    }

    /// A lookup table, without its rows.
    LookupTableShape {
        /// Its ARN.
        lookup_table_arn: String,
        /// Its name.
        lookup_table_name: String,
        /// What it is for.
        #[serde(skip_serializing_if = "Option::is_none")]
        description: Option<String>,
        /// Its columns.
        table_fields: Vec<String>,
        /// Its rows.
        records_count: i64,
        /// Bytes of its CSV.
        size_bytes: i64,
        /// Unix milliseconds.
        last_updated_time: i64,
    }

    /// What `DeleteLookupTable` takes.
    DeleteLookupTableInput {
        /// The table.
        lookup_table_arn: String,
    }

    /// What `GetLogRecord` takes.
    GetLogRecordInput {
        /// The `@ptr` of a row.
        log_record_pointer: String,
    }

    /// What `GetLogRecord` gives.
    GetLogRecordOutput {
        /// All fields of the event.
        log_record: std::collections::BTreeMap<String, String>,
    }

    /// What `GetLogGroupFields` takes.
    GetLogGroupFieldsInput {
        /// The log group by name.
        #[serde(skip_serializing_if = "Option::is_none")]
        log_group_name: Option<String>,
        /// The log group by name or ARN.
        #[serde(skip_serializing_if = "Option::is_none")]
        log_group_identifier: Option<String>,
        /// The 8 minutes before and behind it, Unix seconds; the last 15 minutes if not given.
        #[serde(skip_serializing_if = "Option::is_none")]
        time: Option<i64>,
    }

    /// What `GetLogGroupFields` gives.
    GetLogGroupFieldsOutput {
        /// By name.
        log_group_fields: Vec<LogGroupField>,
    }

    /// A field of a log group.
    LogGroupField {
        /// Its name.
        name: String,
        /// In how many of a hundred events it is.
        percent: u8,
    }
}

/// How a query goes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum QueryStatus {
    /// It waits for others.
    #[default]
    Scheduled,
    /// It reads.
    Running,
    /// It has all its rows.
    Complete,
    /// It broke off.
    Failed,
    /// It was stopped.
    Cancelled,
    /// It took too long.
    Timeout,
    /// The program that ran it ended.
    Unknown,
}

impl QueryStatus {
    /// As the API writes it.
    pub fn text(self) -> &'static str {
        match self {
            Self::Scheduled => "Scheduled",
            Self::Running => "Running",
            Self::Complete => "Complete",
            Self::Failed => "Failed",
            Self::Cancelled => "Cancelled",
            Self::Timeout => "Timeout",
            Self::Unknown => "Unknown",
        }
    }

    pub(super) fn of(text: &str) -> Self {
        let all = [Self::Scheduled, Self::Running, Self::Complete, Self::Failed, Self::Cancelled, Self::Timeout];
        all.into_iter().find(|status| status.text() == text).unwrap_or(Self::Unknown)
    }
}
