//! `StartQuery`.

use std::sync::Arc;

use weir_store::logs::LogsError;

use super::{Going, LANGUAGE, Queries, QueryStatus, Shared, StartQueryInput, StartQueryOutput, bounded, table};
use crate::insights::{InsightsError, Query, Request, tree::MOST_ROWS};

const MOST_GROUPS: usize = 50;

impl Queries {
    /// `StartQuery`: checks a query and starts it. It runs on while nobody asks for it.
    ///
    /// # Errors
    /// The query is none, its log groups are not there or named in more than one way, a number is out of its bounds, too
    /// many are started, and those of the disk.
    pub fn start_query(&self, input: &StartQueryInput, now: i64) -> Result<StartQueryOutput, InsightsError> {
        if let Some(language) = input.query_language.as_deref().filter(|language| *language != LANGUAGE) {
            let message = format!("queryLanguage {language} is not supported here: use {LANGUAGE}");
            return Err(InsightsError::InvalidParameter(message));
        }
        if input.start_time < 0 || input.end_time < input.start_time {
            let message = "startTime is 0 or later, and endTime is not before it.";
            return Err(InsightsError::InvalidParameter(message.to_owned()));
        }
        let most = i64::try_from(MOST_ROWS).unwrap_or(i64::MAX);
        let limit = input.limit.map(|limit| bounded("limit", Some(limit), most)).transpose()?;
        let query = Query::parse(&input.query_string)?;
        let query_id = uuid::Uuid::new_v4().to_string();
        let groups = self.groups(input, &query, &query_id)?;
        let until = input.end_time.saturating_add(1).saturating_mul(1000);
        let from = input.start_time.saturating_mul(1000);
        let request = Request { groups: groups.clone(), from, until, limit, now };
        self.shared.insights.check(&query, request.clone())?;
        let shown = shown(input, &groups);
        let going = self.shared.admit(&query_id)?;
        let written = self.shared.catalogue.change(|transaction| {
            table::tidy(transaction, now, false)?;
            table::insert(transaction, &query_id, &shown, &groups, now)
        });
        if let Err(error) = written {
            self.shared.lock().remove(&query_id);
            return Err(error);
        }
        self.spawn(query_id.clone(), &going, query, request);
        Ok(StartQueryOutput { query_id })
    }

    /// The names of the log groups; none when the query names them.
    fn groups(&self, input: &StartQueryInput, query: &Query, id: &str) -> Result<Vec<String>, InsightsError> {
        let ways = [
            input.log_group_name.clone().map(|name| vec![name]),
            input.log_group_names.clone(),
            input.log_group_identifiers.clone(),
        ];
        let mut given = ways.into_iter().flatten();
        let named = query.names_log_groups();
        let groups = match (given.next(), given.next(), named) {
            (Some(groups), None, false) => groups,
            (None, None, true) => return Ok(Vec::new()),
            _ => {
                let message = "Exactly one of logGroupName, logGroupNames and logGroupIdentifiers names the log groups, \
                               unless the query begins with SOURCE.";
                return Err(InsightsError::InvalidParameter(message.to_owned()));
            }
        };
        if !(1..=MOST_GROUPS).contains(&groups.len()) {
            return Err(InsightsError::InvalidParameter(format!("A query is over 1 to {MOST_GROUPS} log groups.")));
        }
        let logs = self.shared.insights.logs();
        let name = |group: &String| -> Result<String, InsightsError> {
            let there = |name: &str| logs.list_tags_log_group(name).map(|_| name.to_owned());
            logs.owner().group_of(group).and_then(there).map_err(|error| match error {
                LogsError::ResourceNotFound(_) => self.no_group(group, id),
                error => error.into(),
            })
        };
        groups.iter().map(name).collect()
    }

    fn no_group(&self, group: &str, id: &str) -> InsightsError {
        let account = &self.shared.insights.account;
        InsightsError::NotFound(format!(
            "Log group '{group}' does not exist for account ID '{account}' (Service: AWSLogs; Status Code: 400; Error \
             Code: ResourceNotFoundException; Request ID: {id}; Proxy: null)"
        ))
    }

    fn spawn(&self, id: String, going: &Arc<Going>, query: Query, request: Request) {
        let (shared, mine) = (Arc::clone(&self.shared), Arc::clone(going));
        // Who stops it waits until there is something to stop.
        let mut state = going.lock();
        let task = self.shared.runtime.spawn(async move {
            let status = shared.run(&mine, &query, request).await;
            if let Err(error) = shared.end(&id, status) {
                tracing::warn!(query = id, %error, "what came of a query was not written down");
            }
        });
        state.task = Some(task.abort_handle());
    }
}

impl Shared {
    /// A place among the queries that run and wait.
    fn admit(&self, id: &str) -> Result<Arc<Going>, InsightsError> {
        let mut going = self.lock();
        if going.len() >= self.limits.started {
            let message = format!("At most {} queries run and wait at a time.", self.limits.started);
            return Err(InsightsError::Limit(message));
        }
        Ok(Arc::clone(going.entry(id.to_owned()).or_default()))
    }

    /// Runs a query when it is its turn, and says how it ended.
    async fn run(&self, going: &Going, query: &Query, request: Request) -> QueryStatus {
        let Ok(_turn) = self.turns.acquire().await else { return QueryStatus::Failed };
        going.lock().running = true;
        match tokio::time::timeout(self.limits.time, self.read(going, query, request)).await {
            Ok(Ok(())) => QueryStatus::Complete,
            Ok(Err(error)) => {
                tracing::warn!(%error, query = query.text(), "a query broke off");
                going.lock().partial = None;
                QueryStatus::Failed
            }
            Err(_) => QueryStatus::Timeout,
        }
    }

    async fn read(&self, going: &Going, query: &Query, request: Request) -> Result<(), InsightsError> {
        let mut answer = self.insights.run(query, request, &going.statistics).await?;
        going.lock().partial = Some(answer.partial());
        while let Some(rows) = answer.next().await {
            going.lock().rows.extend(rows?);
        }
        going.lock().partial = None;
        Ok(())
    }
}

/// The query with its frame, as `DescribeQueries` shows it.
fn shown(input: &StartQueryInput, groups: &[String]) -> String {
    if groups.is_empty() {
        return input.query_string.clone();
    }
    let groups: Vec<String> = groups.iter().map(|group| format!("\"{group}\"")).collect();
    let StartQueryInput { start_time, end_time, query_string, .. } = input;
    format!("SOURCE {} START={start_time}000 END={end_time}999 | {query_string}", groups.join(", "))
}
