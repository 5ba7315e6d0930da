//! Object keys: where a delivered object lies in its bucket, and what its name says.
//!
//! The folders come from one table, [`ROWS`]; the parser and the writer both walk it, so that they
//! cannot disagree. Source of the layouts and the name: the chapter of the VPC user guide on
//! delivery to S3.
//!
//! ```text
//! plain  [folder/]AWSLogs/<account>/vpcflowlogs/<region>/<YYYY>/<MM>/<DD>/[<HH>/]
//! Hive   [folder/]AWSLogs/aws-account-id=<account>/aws-service=vpcflowlogs/aws-region=<region>/year=<YYYY>/month=<MM>/day=<DD>/[hour=<HH>/]
//! name   <account>_vpcflowlogs_<region>_<flow log>_<YYYYMMDD>T<HHmm>Z_<hash><suffix of the format>
//! ```

use std::{fmt, str::FromStr};

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, Timelike};

use crate::FileFormat;

/// Objects are published every five minutes; an object's name bears the start of its interval. Seconds.
pub const PUBLISH_INTERVAL: i64 = 300;

/// The first second of the publish interval that holds this time (Unix seconds).
pub const fn publish_interval(time: i64) -> i64 {
    time - time.rem_euclid(PUBLISH_INTERVAL)
}

/// Whether a query leaves this object out: a part of its path, below the place that is asked,
/// starts with `_` or `.`. Hive, Trino and Athena all have this rule.
pub fn is_hidden(path: &str) -> bool {
    path.split('/').any(|part| part.starts_with(['_', '.']))
}

/// How the folders of a bucket are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct Layout {
    /// Folders are called `year=2026`, not `2026`.
    pub hive_compatible_partitions: bool,
    /// Each hour has a folder of its own.
    pub per_hour_partition: bool,
}

/// Where the objects of one account and region lie.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct KeyPrefix {
    folder: String,
    account: String,
    region: String,
    layout: Layout,
}

/// The key of one delivered object. Parsed from text and written with `Display`; both ends agree.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ObjectKey {
    prefix: KeyPrefix,
    flow_log_id: String,
    time: i64,
    hash: u32,
    file_format: FileFormat,
}

/// Why a key, or a part of one, was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("object key `{key}`, column {column}: {problem}")]
pub struct KeyError {
    /// The key as far as it is known.
    pub key: String,
    /// Byte position in it, counted from 1.
    pub column: usize,
    /// What is wrong there and what would be right.
    pub problem: String,
}

impl KeyPrefix {
    /// The place of this account's objects. `folder` is the part in front of `AWSLogs`: empty, or
    /// names separated by slashes, as a flow log's destination ARN has it.
    ///
    /// # Errors
    /// When the account is not 12 digits, the region is no region name, or the folder has an empty
    /// part, `.`, `..`, the reserved name `AWSLogs` or a control character.
    pub fn new(folder: &str, account: &str, region: &str, layout: Layout) -> Result<Self, KeyError> {
        let folder = folder.strip_suffix('/').unwrap_or(folder);
        let refuse = |part: &str, problem| KeyError { key: part.into(), column: 1, problem };
        check_folder(folder).map_err(|(column, problem)| KeyError { key: folder.into(), column, problem })?;
        check_account(account).map_err(|problem| refuse(account, problem))?;
        check_name("region", region).map_err(|problem| refuse(region, problem))?;
        Ok(Self { folder: folder.into(), account: account.into(), region: region.into(), layout })
    }

    /// The part in front of `AWSLogs`, without a slash at the end; may be empty.
    pub fn folder(&self) -> &str {
        &self.folder
    }

    /// The account, 12 digits.
    pub fn account(&self) -> &str {
        &self.account
    }

    /// The region.
    pub fn region(&self) -> &str {
        &self.region
    }

    /// How the folders are made.
    pub fn layout(&self) -> Layout {
        self.layout
    }

    /// The prefix to list for every object here, with a slash at its end.
    pub fn all(&self) -> String {
        self.path(Part::Region, None)
    }

    /// The prefix to list for the objects of the day that holds this time (Unix seconds).
    pub fn day(&self, time: i64) -> String {
        self.path(Part::Day, Utc::from_unix(time))
    }

    /// The folder that an object of this time lies in: the day's, or the hour's where hours have folders.
    pub fn partition(&self, time: i64) -> String {
        self.path(self.last_part(), Utc::from_unix(time))
    }

    /// The key of an object here. The time (Unix seconds) is floored to the publish interval; the
    /// hash keeps several objects of one interval apart.
    ///
    /// # Errors
    /// When the flow log id is not a name, or the time lies outside the years 1970 to 9999.
    pub fn key(&self, flow_log_id: &str, time: i64, hash: u32, file_format: FileFormat) -> Result<ObjectKey, KeyError> {
        let refuse = |problem| KeyError { key: self.all(), column: 1, problem };
        check_name("flow log id", flow_log_id).map_err(refuse)?;
        let time = publish_interval(time);
        if Utc::from_unix(time).is_none() {
            return Err(refuse(format!("time {time} is outside the years 1970 to 9999")));
        }
        Ok(ObjectKey { prefix: self.clone(), flow_log_id: flow_log_id.into(), time, hash, file_format })
    }

    fn last_part(&self) -> Part {
        if self.layout.per_hour_partition { Part::Hour } else { Part::Day }
    }

    /// The folders down to `last`, or to the region where there is no time to tell the rest.
    fn path(&self, last: Part, time: Option<Utc>) -> String {
        let mut path = String::new();
        if !self.folder.is_empty() {
            path.push_str(&self.folder);
            path.push('/');
        }
        path.push_str(ROOT);
        path.push('/');
        for row in ROWS {
            let Some(value) = row.part.value(self, time) else { break };
            if self.layout.hive_compatible_partitions {
                path.push_str(row.hive);
                path.push('=');
            }
            path.push_str(&value);
            path.push('/');
            if row.part == last {
                break;
            }
        }
        path
    }
}

impl ObjectKey {
    /// Where it lies.
    pub fn prefix(&self) -> &KeyPrefix {
        &self.prefix
    }

    /// The flow log that wrote it, such as `fl-1234abcd`.
    pub fn flow_log_id(&self) -> &str {
        &self.flow_log_id
    }

    /// The start of its publish interval, Unix seconds: its records' `end` lie in the five minutes from here.
    pub fn time(&self) -> i64 {
        self.time
    }

    /// The number that keeps objects of one interval apart.
    pub fn hash(&self) -> u32 {
        self.hash
    }

    /// The format of the object, as its suffix says.
    pub fn file_format(&self) -> FileFormat {
        self.file_format
    }

    /// The last part of the key.
    pub fn name(&self) -> String {
        let Self { prefix: KeyPrefix { account, region, .. }, flow_log_id, hash, file_format, .. } = self;
        let time = Utc::from_unix(self.time).unwrap_or_default();
        format!("{account}_{SERVICE}_{region}_{flow_log_id}_{time}_{hash:08x}{}", file_format.suffix())
    }
}

impl fmt::Display for ObjectKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}{}", self.prefix.partition(self.time), self.name())
    }
}

impl FromStr for ObjectKey {
    type Err = KeyError;

    fn from_str(key: &str) -> Result<Self, KeyError> {
        parse(key).map_err(|(column, problem)| KeyError { key: key.into(), column, problem })
    }
}

const ROOT: &str = "AWSLogs";
const SERVICE: &str = "vpcflowlogs";

/// One folder below `AWSLogs`.
struct Row {
    /// Its name where folders are Hive partitions.
    hive: &'static str,
    part: Part,
}

/// Every folder in order. The hour is there only where hours have folders.
const ROWS: [Row; 7] = [
    Row { hive: "aws-account-id", part: Part::Account },
    Row { hive: "aws-service", part: Part::Service },
    Row { hive: "aws-region", part: Part::Region },
    Row { hive: "year", part: Part::Year },
    Row { hive: "month", part: Part::Month },
    Row { hive: "day", part: Part::Day },
    Row { hive: "hour", part: Part::Hour },
];

/// What a folder's name says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Account,
    Service,
    Region,
    Year,
    Month,
    Day,
    Hour,
}

impl Part {
    fn value(self, prefix: &KeyPrefix, time: Option<Utc>) -> Option<String> {
        Some(match self {
            Part::Account => prefix.account.clone(),
            Part::Service => SERVICE.into(),
            Part::Region => prefix.region.clone(),
            Part::Year => format!("{:04}", time?.0.year()),
            Part::Month => format!("{:02}", time?.0.month()),
            Part::Day => format!("{:02}", time?.0.day()),
            Part::Hour => format!("{:02}", time?.0.hour()),
        })
    }
}

/// A time in the years 1970 to 9999, shown as in an object's name.
#[derive(Debug, Clone, Copy, Default)]
struct Utc(NaiveDateTime);

impl Utc {
    fn from_unix(seconds: i64) -> Option<Self> {
        let time = DateTime::from_timestamp(seconds, 0)?.naive_utc();
        (1970..=9999).contains(&time.year()).then_some(Self(time))
    }

    /// `20180620T1620Z`
    fn from_name(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        if bytes.len() != 14 || bytes[8] != b'T' || bytes[13] != b'Z' {
            return None;
        }
        let number = |from: usize, to: usize| -> Option<u32> {
            let digits = bytes.get(from..to)?;
            let digit = |sum: u32, digit: &u8| digit.is_ascii_digit().then(|| sum * 10 + u32::from(digit - b'0'));
            digits.iter().try_fold(0, digit)
        };
        let date = NaiveDate::from_ymd_opt(i32::try_from(number(0, 4)?).ok()?, number(4, 6)?, number(6, 8)?)?;
        let time = date.and_hms_opt(number(9, 11)?, number(11, 13)?, 0)?;
        (time.year() >= 1970).then_some(Self(time))
    }

    fn unix(self) -> i64 {
        self.0.and_utc().timestamp()
    }
}

impl fmt::Display for Utc {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(time) = self;
        let (year, month, day, hour, minute) = (time.year(), time.month(), time.day(), time.hour(), time.minute());
        write!(out, "{year:04}{month:02}{day:02}T{hour:02}{minute:02}Z")
    }
}

/// A column, from 1, and what is wrong there.
type Problem = (usize, String);

fn parse(key: &str) -> Result<ObjectKey, Problem> {
    let (path, name) = key.rsplit_once('/').ok_or((1, format!("no folders: a key has `{ROOT}/` in it")))?;
    let name_at = path.len() + 2;
    let (folder, rest_at) = split_root(path)?;
    let folders = path.get(rest_at - 1..).unwrap_or_default();
    let layout = Layout {
        hive_compatible_partitions: folders.starts_with(&format!("{}=", ROWS[0].hive)),
        per_hour_partition: folders.split('/').count() == ROWS.len(),
    };

    let (account, region, name) = parse_name(name, name_at)?;
    let prefix = KeyPrefix { folder: folder.into(), account, region, layout };
    check_folders(&prefix, folders, rest_at, name.time)?;
    let NameEnd { flow_log_id, time, hash, file_format } = name;
    Ok(ObjectKey { prefix, flow_log_id, time, hash, file_format })
}

/// The folder in front of `AWSLogs`, and the column of what follows `AWSLogs/`.
fn split_root(path: &str) -> Result<(&str, usize), Problem> {
    let mut at = 0;
    for part in path.split('/') {
        if part == ROOT {
            let folder = path[..at].strip_suffix('/').unwrap_or_default();
            check_folder(folder)?;
            if at > 0 && folder.is_empty() {
                return Err((1, "a key does not start with a slash".into()));
            }
            return Ok((folder, at + ROOT.len() + 2));
        }
        at += part.len() + 1;
    }
    Err((1, format!("no folder `{ROOT}`: this is not an object of a flow log")))
}

/// What the name says besides account and region.
struct NameEnd {
    flow_log_id: String,
    time: i64,
    hash: u32,
    file_format: FileFormat,
}

fn parse_name(name: &str, at: usize) -> Result<(String, String, NameEnd), Problem> {
    let suffixed = FileFormat::ALL.into_iter().filter(|format| name.ends_with(format.suffix()));
    let file_format = suffixed.max_by_key(|format| format.suffix().len()).ok_or_else(|| {
        let known: Vec<_> = FileFormat::ALL.iter().map(|format| format.suffix()).collect();
        (at, format!("unknown kind of object: names end with one of {}", known.join(" ")))
    })?;
    let stem = &name[..name.len() - file_format.suffix().len()];
    let mut column = at;
    let mut parts = stem.split('_').map(|part| {
        let here = column;
        column += part.len() + 1;
        (here, part)
    });
    let mut next = |what: &str| {
        let missing = || {
            (
                at + stem.len(),
                format!(
                    "the name ends before its {what}: expected <account>_{SERVICE}_<region>_<flow log>_<time>_<hash>"
                ),
            )
        };
        parts.next().ok_or_else(missing)
    };

    let (here, account) = next("account")?;
    check_account(account).map_err(|problem| (here, problem))?;
    let (here, service) = next("service")?;
    if service != SERVICE {
        return Err((here, format!("expected `{SERVICE}`, found `{service}`")));
    }
    let (here, region) = next("region")?;
    check_name("region", region).map_err(|problem| (here, problem))?;
    let (here, flow_log_id) = next("flow log id")?;
    check_name("flow log id", flow_log_id).map_err(|problem| (here, problem))?;
    let (here, time) = next("time")?;
    let time = Utc::from_name(time)
        .ok_or_else(|| (here, format!("expected a time such as 20180620T1620Z, found `{time}`")))?
        .unix();
    if time != publish_interval(time) {
        return Err((here, "the time in a name is a multiple of five minutes".into()));
    }
    let (here, digits) = next("hash")?;
    let hash =
        parse_hash(digits).ok_or_else(|| (here, format!("expected 8 lower-case hex digits, found `{digits}`")))?;
    if let Some((here, extra)) = parts.next() {
        return Err((here, format!("`{extra}` after the end of the name")));
    }
    Ok((account.into(), region.into(), NameEnd { flow_log_id: flow_log_id.into(), time, hash, file_format }))
}

/// Holds the folders against those that the name asks for.
fn check_folders(prefix: &KeyPrefix, folders: &str, at: usize, time: i64) -> Result<(), Problem> {
    let last = prefix.last_part();
    let mut column = at;
    let mut found = folders.split('/');
    for row in ROWS {
        let value = row.part.value(prefix, Utc::from_unix(time)).unwrap_or_default();
        let expected = if prefix.layout.hive_compatible_partitions { format!("{}={value}", row.hive) } else { value };
        let Some(part) = found.next() else {
            return Err((column, format!("folder `{expected}` is missing")));
        };
        if part != expected {
            return Err((column, format!("folder `{part}` disagrees with the name, which belongs in `{expected}`")));
        }
        column += part.len() + 1;
        if row.part == last {
            break;
        }
    }
    match found.next() {
        None => Ok(()),
        Some(extra) => Err((column, format!("folder `{extra}` is one too many"))),
    }
}

fn check_folder(folder: &str) -> Result<(), Problem> {
    if folder.is_empty() {
        return Ok(());
    }
    let mut column = 1;
    for part in folder.split('/') {
        let problem = match part {
            "" => Some("a folder without a name".into()),
            "." | ".." => Some(format!("a folder cannot be called `{part}`")),
            ROOT => Some(format!("the folder name `{ROOT}` is reserved")),
            _ if part.contains(char::is_control) => Some("a control character in a folder's name".into()),
            _ => None,
        };
        if let Some(problem) = problem {
            return Err((column, problem));
        }
        column += part.len() + 1;
    }
    Ok(())
}

fn check_account(account: &str) -> Result<(), String> {
    let right = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
    right.then_some(()).ok_or_else(|| format!("expected an account of 12 digits, found `{account}`"))
}

/// Regions and flow log ids: lower-case letters, digits and hyphens.
fn check_name(what: &str, name: &str) -> Result<(), String> {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let right = !name.is_empty() && name.len() <= 64 && name.bytes().all(fits);
    right
        .then_some(())
        .ok_or_else(|| format!("`{name}` is no {what}: expected up to 64 lower-case letters, digits and hyphens"))
}

fn parse_hash(digits: &str) -> Option<u32> {
    let fits = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    if digits.len() != 8 || !digits.bytes().all(fits) {
        return None;
    }
    u32::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests;
