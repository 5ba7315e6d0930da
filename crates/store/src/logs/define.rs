//! Making, listing and deleting log groups and streams; retention and tags.

use std::collections::BTreeMap;

use rusqlite::Transaction;
use weir_record::Format;

use super::{
    CreateLogGroupRequest, CreateLogStreamRequest, DescribeLogGroupsRequest, DescribeLogGroupsResponse,
    DescribeLogStreamsRequest, DescribeLogStreamsResponse, LogGroup, LogStore, LogStream, LogsError, OrderBy,
    groups::{Group, Stream},
    name::{check_group, check_stream, refused},
    queue::lock,
    tables::{GroupRow, signed},
};

/// The days that a retention policy may say.
pub const RETENTION_DAYS: [u32; 22] =
    [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653];

const MOST_TAGS: usize = 50;

impl LogStore {
    /// CreateLogGroup.
    ///
    /// # Errors
    /// `InvalidParameterException`, `ResourceAlreadyExistsException`.
    pub fn create_log_group(&self, request: &CreateLogGroupRequest, now: i64) -> Result<(), LogsError> {
        self.make_group(request, None, now)
    }

    /// DeleteLogGroup: its streams and events are gone.
    ///
    /// # Errors
    /// `ResourceNotFoundException`, `ValidationException` when it is protected.
    pub fn delete_log_group(&self, group: &str) -> Result<(), LogsError> {
        self.queue.paused(|| {
            let _definitions = lock(&self.definitions);
            let (id, protected) = lock(&self.groups).get(group).map(|group| (group.id, group.deletion_protection))?;
            if protected {
                return Err(LogsError::Protected(group.to_owned()));
            }
            self.change("DELETE FROM logs_group WHERE id = ?1", [id])?;
            lock(&self.groups).remove(group);
            // Readers have their files open; what stays is removed when the log groups are opened the next time.
            let _ = std::fs::remove_dir(self.group_folder(id));
            Ok(())
        })
    }

    /// DescribeLogGroups.
    ///
    /// # Errors
    /// `InvalidParameterException`.
    pub fn describe_log_groups(
        &self,
        request: &DescribeLogGroupsRequest,
    ) -> Result<DescribeLogGroupsResponse, LogsError> {
        let (prefix, pattern) = (request.log_group_name_prefix.as_deref(), request.log_group_name_pattern.as_deref());
        if prefix.is_some() && pattern.is_some() {
            let problem = "LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.";
            return Err(LogsError::invalid(problem));
        }
        let limit = page_limit(request.limit)?;
        let after = request.next_token.as_deref();
        let groups = lock(&self.groups);
        let wanted = |group: &&Group| {
            group.name.starts_with(prefix.unwrap_or(""))
                && group.name.contains(pattern.unwrap_or(""))
                && after.is_none_or(|after| &*group.name > after)
        };
        let mut found = groups.starting_at(after.or(prefix).unwrap_or("")).filter(wanted);
        let log_groups: Vec<_> = found.by_ref().take(limit).map(|group| self.describe(group)).collect();
        let next_token = found.next().and(log_groups.last()).map(|last| last.log_group_name.clone());
        Ok(DescribeLogGroupsResponse { log_groups, next_token })
    }

    fn describe(&self, group: &Group) -> LogGroup {
        let arn = self.options.owner.group_arn(&group.name);
        LogGroup {
            log_group_name: group.name.to_string(),
            creation_time: group.creation_time,
            retention_in_days: group.retention_days,
            arn: format!("{arn}:*"),
            log_group_arn: arn,
            stored_bytes: group.stored_bytes(),
            log_group_class: group.class.clone(),
            deletion_protection_enabled: group.deletion_protection,
        }
    }

    /// PutRetentionPolicy, or with `None` DeleteRetentionPolicy.
    ///
    /// # Errors
    /// `InvalidParameterException` for other days than [`RETENTION_DAYS`], `ResourceNotFoundException`.
    pub fn set_retention(&self, group: &str, days: Option<u32>) -> Result<(), LogsError> {
        if let Some(days) = days.filter(|days| !RETENTION_DAYS.contains(days)) {
            let allowed = format!("Member must satisfy enum value set: {RETENTION_DAYS:?}");
            return Err(refused("retentionInDays", days, &allowed));
        }
        let _definitions = lock(&self.definitions);
        let id = lock(&self.groups).get(group)?.id;
        self.change("UPDATE logs_group SET retention_days = ?2 WHERE id = ?1", (id, days))?;
        lock(&self.groups).get_mut(group)?.retention_days = days;
        Ok(())
    }

    /// PutLogGroupDeletionProtection.
    ///
    /// # Errors
    /// `ResourceNotFoundException`.
    pub fn set_deletion_protection(&self, group: &str, protected: bool) -> Result<(), LogsError> {
        let _definitions = lock(&self.definitions);
        let id = lock(&self.groups).get(group)?.id;
        self.change("UPDATE logs_group SET deletion_protection = ?2 WHERE id = ?1", (id, protected))?;
        lock(&self.groups).get_mut(group)?.deletion_protection = protected;
        Ok(())
    }

    /// The format in which lines that are put into a group are read as flow log records; `None`: the default format.
    ///
    /// # Errors
    /// `ResourceNotFoundException`.
    pub fn set_format(&self, group: &str, format: Option<&Format>) -> Result<(), LogsError> {
        let _definitions = lock(&self.definitions);
        let id = lock(&self.groups).get(group)?.id;
        let text = format.map(ToString::to_string);
        self.change("UPDATE logs_group SET format = ?2 WHERE id = ?1", (id, text))?;
        lock(&self.groups).get_mut(group)?.format = format.cloned();
        Ok(())
    }

    /// TagLogGroup: adds these tags, in the place of those of the same names.
    ///
    /// # Errors
    /// `InvalidParameterException`, `ResourceNotFoundException`.
    pub fn tag_log_group(&self, group: &str, tags: &BTreeMap<String, String>) -> Result<(), LogsError> {
        let _definitions = lock(&self.definitions);
        let (id, mut all) = lock(&self.groups).get(group).map(|group| (group.id, group.tags.clone()))?;
        all.extend(tags.clone());
        check_tags(&all)?;
        self.catalogue.change(|transaction| write_tags(transaction, id, tags))?;
        lock(&self.groups).get_mut(group)?.tags = all;
        Ok(())
    }

    /// UntagLogGroup: removes the tags of these names.
    ///
    /// # Errors
    /// `ResourceNotFoundException`.
    pub fn untag_log_group(&self, group: &str, names: &[String]) -> Result<(), LogsError> {
        let _definitions = lock(&self.definitions);
        let id = lock(&self.groups).get(group)?.id;
        self.catalogue.change(|transaction| {
            for name in names {
                transaction.execute("DELETE FROM logs_tag WHERE group_id = ?1 AND name = ?2", (id, name))?;
            }
            Ok::<_, LogsError>(())
        })?;
        lock(&self.groups).get_mut(group)?.tags.retain(|name, _| !names.contains(name));
        Ok(())
    }

    /// ListTagsLogGroup.
    ///
    /// # Errors
    /// `ResourceNotFoundException`.
    pub fn list_tags_log_group(&self, group: &str) -> Result<BTreeMap<String, String>, LogsError> {
        Ok(lock(&self.groups).get(group)?.tags.clone())
    }

    /// CreateLogStream.
    ///
    /// # Errors
    /// `InvalidParameterException`, `ResourceNotFoundException`, `ResourceAlreadyExistsException`.
    pub fn create_log_stream(&self, request: &CreateLogStreamRequest, now: i64) -> Result<(), LogsError> {
        self.make_stream(&request.log_group_name, &request.log_stream_name, now)
    }

    /// DeleteLogStream: its events are gone, also when a stream of its name is made again.
    ///
    /// # Errors
    /// `ResourceNotFoundException`.
    pub fn delete_log_stream(&self, group: &str, stream: &str) -> Result<(), LogsError> {
        self.queue.paused(|| {
            let _definitions = lock(&self.definitions);
            let last = lock(&self.journal).next().saturating_sub(1);
            let id = {
                let groups = lock(&self.groups);
                let group = groups.get(group)?;
                group.streams.get(stream).ok_or(LogsError::NO_STREAM)?;
                group.id
            };
            self.catalogue.change(|transaction| {
                transaction.execute("DELETE FROM logs_stream WHERE group_id = ?1 AND name = ?2", (id, stream))?;
                let insert = "INSERT OR REPLACE INTO logs_deleted_stream VALUES (?1, ?2, ?3)";
                transaction.execute(insert, (id, stream, signed(last)))?;
                Ok::<_, LogsError>(())
            })?;
            let mut groups = lock(&self.groups);
            let group = groups.get_mut(group)?;
            group.streams.remove(stream);
            group.deleted_streams.insert(stream, last);
            Ok(())
        })
    }

    /// DescribeLogStreams.
    ///
    /// # Errors
    /// `InvalidParameterException`, `ResourceNotFoundException`.
    pub fn describe_log_streams(
        &self,
        request: &DescribeLogStreamsRequest,
    ) -> Result<DescribeLogStreamsResponse, LogsError> {
        let prefix = request.log_stream_name_prefix.as_deref();
        let order = request.order_by.unwrap_or_default();
        if order == OrderBy::LastEventTime && prefix.is_some() {
            return Err(LogsError::invalid("Cannot order by LastEventTime with a logStreamNamePrefix."));
        }
        let limit = page_limit(request.limit)?;
        let descending = request.descending.unwrap_or(false);
        let groups = lock(&self.groups);
        let group = groups.get(self.group_name(&request.log_group_name, &request.log_group_identifier)?)?;
        let place = |name: &str, stream: &Stream| {
            let time = if order == OrderBy::LastEventTime { stream.last_event.unwrap_or(-1) } else { 0 };
            (time, name.to_owned())
        };
        let named = group.streams.iter().filter(|(name, _)| name.starts_with(prefix.unwrap_or("")));
        let mut found: Vec<_> = named.map(|(name, stream)| (place(name, stream), stream)).collect();
        found.sort_by(|(left, _), (right, _)| if descending { right.cmp(left) } else { left.cmp(right) });
        if let Some(token) = &request.next_token {
            let last = stream_token(token)?;
            found.retain(|(place, _)| if descending { *place < last } else { *place > last });
        }
        let more = found.len() > limit;
        found.truncate(limit);
        let next_token = found.last().filter(|_| more).map(|((time, name), _)| format!("{time}/{name}"));
        let describe = |((_, name), stream): ((i64, String), &Stream)| self.describe_stream(&group.name, name, stream);
        Ok(DescribeLogStreamsResponse { log_streams: found.into_iter().map(describe).collect(), next_token })
    }

    fn describe_stream(&self, group: &str, name: String, stream: &Stream) -> LogStream {
        LogStream {
            creation_time: stream.creation_time,
            first_event_timestamp: stream.first_event,
            last_event_timestamp: stream.last_event,
            last_ingestion_time: stream.last_ingestion,
            upload_sequence_token: stream.last_ingestion.map(|time| format!("{time:056}")),
            arn: self.options.owner.stream_arn(group, &name),
            stored_bytes: 0,
            log_stream_name: name,
        }
    }

    /// The group of a request that names it or has its ARN.
    pub(super) fn group_name<'a>(
        &self,
        name: &'a Option<String>,
        identifier: &'a Option<String>,
    ) -> Result<&'a str, LogsError> {
        match (name, identifier) {
            (Some(name), None) => Ok(name),
            (None, Some(identifier)) => self.options.owner.group_of(identifier),
            (Some(_), Some(_)) => {
                Err(LogsError::invalid("LogGroup name and LogGroup identifier are mutually exclusive parameters."))
            }
            (None, None) => Err(LogsError::invalid("Either logGroupName or logGroupIdentifier is required.")),
        }
    }

    pub(super) fn make_group(
        &self,
        request: &CreateLogGroupRequest,
        format: Option<&Format>,
        now: i64,
    ) -> Result<(), LogsError> {
        let CreateLogGroupRequest { log_group_name: name, tags, .. } = request;
        let class = request.log_group_class.clone().unwrap_or_else(|| "STANDARD".to_owned());
        let deletion_protection = request.deletion_protection_enabled.unwrap_or(false);
        check_group(name)?;
        check_tags(tags)?;
        let _definitions = lock(&self.definitions);
        if lock(&self.groups).get(name).is_ok() {
            return Err(LogsError::GROUP_EXISTS);
        }
        let format = format.map(ToString::to_string);
        let id = self.catalogue.change(|transaction| {
            let insert = "INSERT INTO logs_group (name, creation_time, format, class, deletion_protection)
                          VALUES (?1, ?2, ?3, ?4, ?5)";
            transaction.execute(insert, (name, now, &format, &class, deletion_protection))?;
            let id = transaction.last_insert_rowid();
            write_tags(transaction, id, tags)?;
            Ok::<_, LogsError>(id)
        })?;
        let row = GroupRow {
            id,
            name: name.to_owned(),
            creation_time: now,
            retention_days: None,
            format,
            class,
            deletion_protection,
            segmented: 0,
            tags: tags.clone(),
            streams: Vec::new(),
            deleted_streams: Vec::new(),
            segments: Vec::new(),
        };
        lock(&self.groups).insert(Group::from_row(row, &self.group_folder(id))?);
        Ok(())
    }

    pub(super) fn make_stream(&self, group: &str, name: &str, now: i64) -> Result<(), LogsError> {
        check_stream(name)?;
        let _definitions = lock(&self.definitions);
        let id = {
            let groups = lock(&self.groups);
            let group = groups.get(group)?;
            if group.streams.contains_key(name) {
                return Err(LogsError::STREAM_EXISTS);
            }
            group.id
        };
        self.change("INSERT INTO logs_stream (group_id, name, creation_time) VALUES (?1, ?2, ?3)", (id, name, now))?;
        let stream = Stream { creation_time: now, ..Stream::default() };
        lock(&self.groups).get_mut(group)?.streams.insert(name.into(), stream);
        Ok(())
    }

    fn change(&self, sql: &str, parameters: impl rusqlite::Params) -> Result<(), LogsError> {
        self.catalogue.change(|transaction| {
            transaction.execute(sql, parameters)?;
            Ok(())
        })
    }
}

fn write_tags(transaction: &Transaction<'_>, group: i64, tags: &BTreeMap<String, String>) -> Result<(), LogsError> {
    for (name, value) in tags {
        transaction.execute("INSERT OR REPLACE INTO logs_tag VALUES (?1, ?2, ?3)", (group, name, value))?;
    }
    Ok(())
}

/// At most 50 tags; names of 1 to 128 characters that do not begin with `aws:`, values of at most 256.
fn check_tags(tags: &BTreeMap<String, String>) -> Result<(), LogsError> {
    if tags.len() > MOST_TAGS {
        return Err(refused("tags", tags.len(), "Map value must have no more than 50 entries"));
    }
    for (name, value) in tags {
        if name.is_empty() || name.chars().count() > 128 {
            return Err(refused("tags", name, "Map keys must have a length between 1 and 128"));
        }
        if name.to_ascii_lowercase().starts_with("aws:") {
            return Err(LogsError::invalid(format!("The tag key `{name}` begins with aws:, which is reserved.")));
        }
        if value.chars().count() > 256 {
            return Err(refused("tags", value, "Map values must have a length of at most 256"));
        }
    }
    Ok(())
}

/// 1 to 50; 50 when nothing is said.
fn page_limit(limit: Option<i64>) -> Result<usize, LogsError> {
    match limit.unwrap_or(50) {
        limit if limit < 1 => Err(refused("limit", limit, "Member must have value greater than or equal to 1")),
        limit if limit > 50 => Err(refused("limit", limit, "Member must have value less than or equal to 50")),
        limit => Ok(usize::try_from(limit).unwrap_or(50)),
    }
}

/// The time and name of the last stream of a page.
fn stream_token(token: &str) -> Result<(i64, String), LogsError> {
    let parse = || {
        let (time, name) = token.split_once('/')?;
        Some((time.parse().ok()?, name.to_owned()))
    };
    parse().ok_or_else(|| LogsError::invalid("The specified nextToken is invalid."))
}
