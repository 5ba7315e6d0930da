//! GetLogEvents and FilterLogEvents: pages of events by time.

use std::collections::BTreeSet;

use arrow::{array::StringArray, buffer::BooleanBuffer};

use super::{
    EventKey, FilterLogEventsRequest, FilterLogEventsResponse, FilteredLogEvent, GetLogEventsRequest,
    GetLogEventsResponse, LogStore, LogsError, OutputLogEvent, Records,
    key::{PageToken, search_cut, search_token},
    limits::EVENT_OVERHEAD,
    merge::{Direction, Loaded, Merge, Range},
    name::refused,
    queue::lock,
    view::{View, rows_within},
};

/// Says which events are wanted: given their texts, and their columns when they are flow log records.
///
/// One answer for each event.
pub type Predicate<'a> = dyn Fn(&StringArray, Option<&Records>) -> BooleanBuffer + 'a;

const MOST_EVENTS: i64 = 10_000;
const PAGE_BYTES: usize = 1 << 20;
const MOST_STREAM_NAMES: usize = 100;
/// A page of a search ends when this many events have been looked at.
const SEARCH_ROWS: u64 = if cfg!(test) { 20 } else { 2_000_000 };

impl LogStore {
    /// GetLogEvents.
    ///
    /// A page goes by time. Events that are put later with an earlier time are not seen by going on from its tokens.
    ///
    /// # Errors
    /// `InvalidParameterException`, `ResourceNotFoundException`; `ServiceUnavailableException` when a segment cannot be
    /// read.
    pub fn get_log_events(&self, request: &GetLogEventsRequest, now: i64) -> Result<GetLogEventsResponse, LogsError> {
        let group = self.group_name(&request.log_group_name, &request.log_group_identifier)?;
        let limit = event_limit(request.limit)?;
        let token = request.next_token.as_deref().map(PageToken::parse).transpose()?;
        self.check_streams(group, [request.log_stream_name.as_str()])?;
        let view = self.view(group, now)?;
        let begin = EventKey::at(request.start_time.unwrap_or(0)).max(view.from);
        let end = request.end_time.map_or(EventKey::last_at(EventKey::LATEST), EventKey::at);
        let (direction, cut, range) = match (token, request.start_from_head.unwrap_or(false)) {
            (Some(PageToken::Forward(cut)), _) => (Direction::Forward, cut, (begin.max(cut), end)),
            (Some(PageToken::Backward(cut)), _) => (Direction::Backward, cut, (begin, end.min(cut))),
            (None, true) => (Direction::Forward, begin, (begin, end)),
            (None, false) => (Direction::Backward, begin, (begin, end)),
        };
        let search = Search { view: &view, range, streams: &|name| name == request.log_stream_name, matches: None };
        let mut page = search.page(direction, limit, u64::MAX)?.found;
        if direction == Direction::Backward {
            page.reverse();
        }
        Ok(GetLogEventsResponse {
            next_forward_token: PageToken::forward(page.last().map_or(cut, |last| last.key.next())),
            next_backward_token: PageToken::backward(page.first().map_or(cut, |first| first.key)),
            events: page.into_iter().map(Into::into).collect(),
        })
    }

    /// FilterLogEvents, with the pattern of the request as a predicate; `None` wants all events.
    ///
    /// # Errors
    /// `InvalidParameterException`, `ResourceNotFoundException`; `ServiceUnavailableException` when a segment cannot be
    /// read.
    pub fn filter_log_events(
        &self,
        request: &FilterLogEventsRequest,
        matches: Option<&Predicate<'_>>,
        now: i64,
    ) -> Result<FilterLogEventsResponse, LogsError> {
        let group = self.group_name(&request.log_group_name, &request.log_group_identifier)?;
        let limit = event_limit(request.limit)?;
        if matches.is_none() && request.filter_pattern.as_ref().is_some_and(|pattern| !pattern.is_empty()) {
            return Err(LogsError::invalid("The filter pattern was not made a predicate."));
        }
        let names: Option<BTreeSet<&str>> =
            request.log_stream_names.as_ref().map(|names| names.iter().map(String::as_str).collect());
        let prefix = request.log_stream_name_prefix.as_deref();
        check_stream_choice(names.as_ref(), prefix)?;
        self.check_streams(group, names.iter().flatten().copied())?;
        let view = self.view(group, now)?;
        let begin = EventKey::at(request.start_time.unwrap_or(0)).max(view.from);
        let end = request.end_time.map_or(EventKey::LATEST, |time| time.saturating_add(1));
        let cut = request.next_token.as_deref().map(|token| search_cut(token, now)).transpose()?;
        let range = (cut.map_or(begin, |cut| cut.max(begin)), EventKey::at(end));
        let streams = |name: &str| {
            names.as_ref().is_none_or(|names| names.contains(name))
                && prefix.is_none_or(|prefix| name.starts_with(prefix))
        };
        let page =
            Search { view: &view, range, streams: &streams, matches }.page(Direction::Forward, limit, SEARCH_ROWS)?;
        Ok(FilterLogEventsResponse {
            events: page.found.into_iter().map(Into::into).collect(),
            searched_log_streams: Vec::new(),
            next_token: page.next.map(|cut| search_token(cut, now)),
        })
    }

    /// The event that has this key, as its id tells; `None` when it has expired or was deleted.
    ///
    /// # Errors
    /// `ResourceNotFoundException`; `ServiceUnavailableException` when a segment cannot be read.
    pub fn find_event(&self, group: &str, key: EventKey, now: i64) -> Result<Option<FilteredLogEvent>, LogsError> {
        let view = self.view(group, now)?;
        let range = (key.max(view.from), key.next());
        let search = Search { view: &view, range, streams: &|_| true, matches: None };
        Ok(search.page(Direction::Forward, 1, u64::MAX)?.found.pop().map(Into::into))
    }

    fn check_streams<'a>(&self, group: &str, names: impl IntoIterator<Item = &'a str>) -> Result<(), LogsError> {
        let groups = lock(&self.groups);
        let group = groups.get(group)?;
        let there = names.into_iter().all(|name| group.streams.contains_key(name));
        if there { Ok(()) } else { Err(LogsError::NO_STREAM) }
    }
}

/// What is looked for.
struct Search<'a> {
    view: &'a View,
    range: Range,
    streams: &'a dyn Fn(&str) -> bool,
    matches: Option<&'a Predicate<'a>>,
}

struct Page {
    found: Vec<Found>,
    /// Where the search goes on, going forward.
    next: Option<EventKey>,
}

/// An event of a page. Holds nothing of the piece that it was in: a page may have events of very many.
struct Found {
    key: EventKey,
    stream: String,
    message: String,
    ingestion_time: i64,
}

impl Search<'_> {
    /// The first events, at most `limit` of them and a mebibyte, and after looking at `budget` events no further.
    fn page(&self, direction: Direction, limit: usize, budget: u64) -> Result<Page, LogsError> {
        let select = |loaded: &Loaded| self.select(loaded);
        let mut merge = Merge::new(self.view.pieces(self.range), direction, &select);
        let (mut found, mut bytes) = (Vec::new(), 0);
        loop {
            // Only when something was passed: otherwise the next page would begin where this one did.
            let spent = merge.examined >= budget && !merge.is_loaded();
            if found.len() == limit || (spent && merge.rank() > Some(self.range.0)) {
                break;
            }
            let Some((loaded, row)) = merge.next().transpose()? else { break };
            let event = Found::read(&loaded, row)?;
            bytes += event.message.len() + EVENT_OVERHEAD;
            if bytes > PAGE_BYTES && !found.is_empty() {
                return Ok(Page { next: Some(event.key), found });
            }
            found.push(event);
        }
        Ok(Page { next: merge.rank(), found })
    }

    /// The rows that are wanted.
    fn select(&self, loaded: &Loaded) -> Result<Vec<u32>, LogsError> {
        let events = &loaded.events;
        let within = rows_within(events, self.range);
        let wanted = |row: &usize| {
            (self.streams)(events.streams().value(*row)) && !self.view.deleted_streams.had_event(events, *row)
        };
        let mut rows: Vec<usize> = within.clone().filter(wanted).collect();
        if let Some(matches) = self.matches.filter(|_| !rows.is_empty()) {
            let messages = loaded.messages()?.slice(within.start, within.len());
            let matched = matches(&messages, events.slice(within.start, within.len()).records().as_ref());
            rows.retain(|row| row - within.start < matched.len() && matched.value(row - within.start));
        }
        // A piece has at most a row group's or a batch's events.
        Ok(rows.into_iter().filter_map(|row| u32::try_from(row).ok()).collect())
    }
}

impl Found {
    fn read(loaded: &Loaded, row: usize) -> Result<Self, LogsError> {
        Ok(Self {
            key: loaded.events.key(row),
            stream: loaded.events.streams().value(row).to_owned(),
            message: loaded.messages()?.value(row).to_owned(),
            ingestion_time: loaded.events.ingestion_times()[row],
        })
    }
}

impl From<Found> for OutputLogEvent {
    fn from(Found { key, message, ingestion_time, .. }: Found) -> Self {
        Self { timestamp: key.timestamp, message, ingestion_time }
    }
}

impl From<Found> for FilteredLogEvent {
    fn from(Found { key, stream, message, ingestion_time }: Found) -> Self {
        Self { log_stream_name: stream, timestamp: key.timestamp, message, ingestion_time, event_id: key.to_id() }
    }
}

fn event_limit(limit: Option<i64>) -> Result<usize, LogsError> {
    match limit.unwrap_or(MOST_EVENTS) {
        limit if limit < 1 => Err(refused("limit", limit, "Member must have value greater than or equal to 1")),
        limit if limit > MOST_EVENTS => {
            Err(refused("limit", limit, "Member must have value less than or equal to 10000"))
        }
        limit => Ok(usize::try_from(limit).unwrap_or(1)),
    }
}

fn check_stream_choice(names: Option<&BTreeSet<&str>>, prefix: Option<&str>) -> Result<(), LogsError> {
    let Some(names) = names else { return Ok(()) };
    if prefix.is_some() {
        let problem = "logStreamNames and logStreamNamePrefix are mutually exclusive parameters.";
        return Err(LogsError::invalid(problem));
    }
    if names.is_empty() || names.len() > MOST_STREAM_NAMES {
        let constraint = "Member must have length between 1 and 100";
        return Err(refused("logStreamNames", names.len(), constraint));
    }
    Ok(())
}
