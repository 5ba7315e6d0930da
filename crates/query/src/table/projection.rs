//! Partition projection: partitions that are computed, not registered. Source: athena.md §1.

use chrono::{Datelike, Days, Months, NaiveDate, NaiveDateTime, TimeDelta, Timelike};

use crate::error::{Code, Error};
use crate::hive::{ColumnDefinition, HiveType, TableDefinition};

/// Most partitions of one table, as in Athena.
const MOST: usize = 1_000_000;

/// A partition: the values of its columns as their types read them, and its folder.
pub(super) type Projected = (Vec<String>, String);

/// A value of a column.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Value {
    /// As the column's type reads it.
    text: String,
    /// As it stands in the folder.
    part: String,
}

/// The partitions of a table, if they are to be projected; `now` in Unix milliseconds.
///
/// # Errors
/// When the properties do not say how.
pub(super) fn partitions(table: &TableDefinition, now: i64) -> Result<Option<Vec<Projected>>, Error> {
    if !table.property("projection.enabled").is_some_and(|value| value.eq_ignore_ascii_case("true")) {
        return Ok(None);
    }
    let mut rows: Vec<Vec<Value>> = vec![Vec::new()];
    for column in &table.partitioned_by {
        let values = values(table, column, now)?;
        if rows.len().saturating_mul(values.len()) > MOST {
            return Err(wrong(&format!("projection gives more than {MOST} partitions: narrow the ranges")));
        }
        let with = |row: &Vec<Value>| {
            values.iter().map(|value| [row.as_slice(), std::slice::from_ref(value)].concat()).collect::<Vec<_>>()
        };
        rows = rows.iter().flat_map(with).collect();
    }
    let projected = |row: Vec<Value>| (row.iter().map(|value| value.text.clone()).collect(), location(table, &row));
    Ok(Some(rows.into_iter().map(projected).collect()))
}

/// Whether the query must say the values of a column.
pub(super) fn is_injected(table: &TableDefinition, column: &ColumnDefinition) -> bool {
    let property = |name: &str| table.property(name).unwrap_or_default();
    property("projection.enabled").eq_ignore_ascii_case("true")
        && property(&format!("projection.{}.type", column.name)).eq_ignore_ascii_case("injected")
}

/// What stands in a folder's name for the value of a column.
pub(super) fn place_of(column: &str) -> String {
    format!("${{{column}}}")
}

/// The folder of a partition: by the template, or `column=value` below the table's own.
fn location(table: &TableDefinition, row: &[Value]) -> String {
    let columns = || table.partitioned_by.iter().zip(row);
    match table.property("storage.location.template") {
        Some(template) => columns()
            .fold(template.to_owned(), |folder, (column, value)| folder.replace(&place_of(&column.name), &value.part)),
        None => {
            let folders: String = columns().map(|(column, value)| format!("{}={}/", column.name, value.part)).collect();
            format!("{}/{folders}", table.location.trim_end_matches('/'))
        }
    }
}

fn values(table: &TableDefinition, column: &ColumnDefinition, now: i64) -> Result<Vec<Value>, Error> {
    let property = |name: &str| table.property(&format!("projection.{}.{name}", column.name));
    let needed = |name: &str| {
        property(name).ok_or_else(|| wrong(&format!("the property 'projection.{}.{name}' is missing", column.name)))
    };
    let kind = property("type").ok_or_else(|| {
        wrong(&format!(
            "the table is configured for partition projection, but the following partition columns are missing \
             projection configuration: [{}]",
            column.name
        ))
    })?;
    let same = |text: String| Value { part: text.clone(), text };
    match kind.to_ascii_lowercase().as_str() {
        "enum" => Ok(needed("values")?.split(',').map(|value| same(value.to_owned())).collect()),
        "integer" => {
            let digits = property("digits").and_then(|digits| digits.trim().parse().ok()).unwrap_or(0);
            let interval = property("interval").and_then(|step| step.trim().parse().ok()).unwrap_or(1_i64).max(1);
            let (low, high) = range(needed("range")?)?;
            let number = |text: &str| text.parse::<i64>().map_err(|_| wrong(&format!("'{text}' is no whole number")));
            let (low, high) = (number(low)?, number(high)?);
            let numbers = (low..=high).step_by(usize::try_from(interval).unwrap_or(1)).take(MOST + 1);
            Ok(numbers.map(|number| same(padded(number, digits))).collect())
        }
        "date" => {
            let format = needed("format")?;
            let unit = unit(format, property("interval.unit"))?;
            let interval = property("interval").and_then(|step| step.trim().parse().ok()).unwrap_or(1_u32).max(1);
            let (low, high) = range(needed("range")?)?;
            let is_date = column.kind == HiveType::Date;
            let (mut time, end) = (moment(low, format, now)?, moment(high, format, now)?);
            let mut values = Vec::new();
            while time <= end && values.len() <= MOST {
                let part = write(time, format);
                let text = if is_date { time.format("%Y-%m-%d").to_string() } else { part.clone() };
                values.push(Value { text, part });
                time = step(time, unit, i64::from(interval)).ok_or_else(|| wrong("a date is beyond the calendar"))?;
            }
            Ok(values)
        }
        // The query says the value: until then it is a place in the folder's name.
        "injected" if column.kind == HiveType::String => {
            Ok(vec![Value { text: String::new(), part: place_of(&column.name) }])
        }
        "injected" => Err(wrong(&format!("the column '{}' is injected: its type must be string", column.name))),
        other => Err(wrong(&format!("'{other}' is no type of projection: enum, integer, date and injected are"))),
    }
}

fn padded(number: i64, digits: usize) -> String {
    let sign = if number < 0 { "-" } else { "" };
    format!("{sign}{:0digits$}", number.unsigned_abs())
}

fn range(text: &str) -> Result<(&str, &str), Error> {
    let (low, high) = text.split_once(',').ok_or_else(|| wrong(&format!("range '{text}' is not 'least,most'")))?;
    Ok((low.trim(), high.trim()))
}

/// What one step of a range of dates is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    Months(u32),
    Days(u64),
    Millis(i64),
}

/// By its name, or by the finest part of the format when that is a day or a month.
fn unit(format: &str, named: Option<&str>) -> Result<Unit, Error> {
    match named {
        Some(name) => unit_named(name).ok_or_else(|| wrong(&format!("'{name}' is no unit of time"))),
        None if format.contains(['H', 'h', 'm', 's', 'S']) => {
            Err(wrong(&format!("dates of format '{format}' need 'interval' and 'interval.unit'")))
        }
        None if format.contains('d') => Ok(Unit::Days(1)),
        None if format.contains('M') => Ok(Unit::Months(1)),
        None => Ok(Unit::Months(12)),
    }
}

fn unit_named(name: &str) -> Option<Unit> {
    let name = name.trim().to_ascii_uppercase();
    Some(match name.strip_suffix('S').unwrap_or(&name) {
        "YEAR" => Unit::Months(12),
        "MONTH" => Unit::Months(1),
        "WEEK" => Unit::Days(7),
        "DAY" => Unit::Days(1),
        "HOUR" => Unit::Millis(3_600_000),
        "MINUTE" => Unit::Millis(60_000),
        "SECOND" => Unit::Millis(1000),
        "MILLISECOND" | "MILLI" => Unit::Millis(1),
        _ => return None,
    })
}

fn step(time: NaiveDateTime, unit: Unit, count: i64) -> Option<NaiveDateTime> {
    let amount = count.unsigned_abs();
    match unit {
        Unit::Months(months) => {
            let months = Months::new(months.checked_mul(u32::try_from(amount).ok()?)?);
            if count < 0 { time.checked_sub_months(months) } else { time.checked_add_months(months) }
        }
        Unit::Days(days) => {
            let days = Days::new(days.checked_mul(amount)?);
            if count < 0 { time.checked_sub_days(days) } else { time.checked_add_days(days) }
        }
        Unit::Millis(millis) => time.checked_add_signed(TimeDelta::try_milliseconds(millis.checked_mul(count)?)?),
    }
}

/// A date in the format, or `NOW`, `NOW-3YEARS`, cut to what the format shows.
fn moment(text: &str, format: &str, now: i64) -> Result<NaiveDateTime, Error> {
    let bad = || wrong(&format!("'{text}' is neither a date of format '{format}' nor NOW"));
    let Some(shift) = text.get(..3).filter(|word| word.eq_ignore_ascii_case("now")).map(|_| text[3..].trim()) else {
        return read(text, format).ok_or_else(bad);
    };
    let now = chrono::DateTime::from_timestamp_millis(now).ok_or_else(bad)?.naive_utc();
    let now = read(&write(now, format), format).ok_or_else(bad)?;
    if shift.is_empty() {
        return Ok(now);
    }
    let (sign, rest) = match shift.split_at(1) {
        ("+", rest) => (1, rest.trim()),
        ("-", rest) => (-1, rest.trim()),
        _ => return Err(bad()),
    };
    let letters = rest.find(|c: char| c.is_ascii_alphabetic()).ok_or_else(bad)?;
    let count: i64 = rest[..letters].trim().parse().map_err(|_| bad())?;
    let unit = unit_named(&rest[letters..]).ok_or_else(bad)?;
    step(now, unit, sign * count).ok_or_else(bad)
}

/// The parts of a format of Java's: letters that repeat, and what stands between them.
fn parts(format: &str) -> Vec<(char, usize, String)> {
    let mut parts: Vec<(char, usize, String)> = Vec::new();
    let mut quoted = false;
    for c in format.chars() {
        let is_field = !quoted && "yuMdHms".contains(c);
        match parts.last_mut() {
            _ if c == '\'' => quoted = !quoted,
            Some((field, count, _)) if is_field && *field == c => *count += 1,
            Some(('\0', _, literal)) if !is_field => literal.push(c),
            _ if is_field => parts.push((c, 1, String::new())),
            _ => parts.push(('\0', 0, c.to_string())),
        }
    }
    parts
}

fn write(time: NaiveDateTime, format: &str) -> String {
    let mut out = String::new();
    for (field, width, literal) in parts(format) {
        let value = match field {
            'y' | 'u' if width == 2 => time.year() % 100,
            'y' | 'u' => time.year(),
            'M' => i32::try_from(time.month()).unwrap_or(0),
            'd' => i32::try_from(time.day()).unwrap_or(0),
            'H' => i32::try_from(time.hour()).unwrap_or(0),
            'm' => i32::try_from(time.minute()).unwrap_or(0),
            's' => i32::try_from(time.second()).unwrap_or(0),
            _ => {
                out.push_str(&literal);
                continue;
            }
        };
        out.push_str(&format!("{value:0width$}"));
    }
    out
}

/// What the format does not show is the first there is.
fn read(text: &str, format: &str) -> Option<NaiveDateTime> {
    let (mut year, mut month, mut day, mut hour, mut minute, mut second) = (1970, 1, 1, 0, 0, 0);
    let mut rest = text;
    for (field, width, literal) in parts(format) {
        if field == '\0' {
            rest = rest.strip_prefix(&literal)?;
            continue;
        }
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let length = if width == 1 { digits } else { width };
        let value: u32 = rest.get(..length)?.parse().ok()?;
        rest = &rest[length..];
        match field {
            'M' => month = value,
            'd' => day = value,
            'H' => hour = value,
            'm' => minute = value,
            's' => second = value,
            _ => year = i32::try_from(value).ok()? + if width == 2 { 2000 } else { 0 },
        }
    }
    let date = NaiveDate::from_ymd_opt(year, month, day)?;
    rest.is_empty().then_some(date.and_hms_opt(hour, minute, second)?)
}

fn wrong(problem: &str) -> Error {
    Error::new(Code::Catalogue, problem)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hive::TableFormat;

    /// 2026-11-21 10:00 UTC.
    const NOW: i64 = 1_795_255_200_000;

    fn table(columns: &[(&str, HiveType)], properties: &[(&str, &str)]) -> TableDefinition {
        let column = |(name, kind): &(&str, HiveType)| ColumnDefinition {
            name: (*name).to_owned(),
            kind: kind.clone(),
            comment: None,
        };
        let property = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
        let enabled = ("projection.enabled", "true");
        TableDefinition {
            columns: Vec::new(),
            partitioned_by: columns.iter().map(column).collect(),
            comment: None,
            format: TableFormat::Parquet,
            location: "s3://b/t/".to_owned(),
            properties: std::iter::once(&enabled).chain(properties).map(property).collect(),
        }
    }

    #[test]
    fn the_table_of_aws_has_its_folders() {
        let table = table(
            &[("region", HiveType::String), ("day", HiveType::String)],
            &[
                ("projection.region.type", "enum"),
                ("projection.region.values", "us-east-1,eu-west-1"),
                ("projection.day.type", "date"),
                ("projection.day.range", "2026/11/20,NOW"),
                ("projection.day.format", "yyyy/MM/dd"),
                ("storage.location.template", "s3://b/AWSLogs/1/vpcflowlogs/${region}/${day}"),
            ],
        );
        let found = partitions(&table, NOW).unwrap().unwrap();
        assert_eq!(found.len(), 4);
        assert_eq!(found[1].0, ["us-east-1", "2026/11/21"]);
        assert_eq!(found[1].1, "s3://b/AWSLogs/1/vpcflowlogs/us-east-1/2026/11/21");
    }

    #[test]
    fn numbers_are_padded_and_dates_are_typed() {
        let table = table(
            &[("hour", HiveType::Int), ("month", HiveType::Date)],
            &[
                ("projection.hour.type", "integer"),
                ("projection.hour.range", "0,23"),
                ("projection.hour.interval", "12"),
                ("projection.hour.digits", "2"),
                ("projection.month.type", "date"),
                ("projection.month.range", "NOW-1MONTHS, NOW"),
                ("projection.month.format", "yyyyMM"),
            ],
        );
        let found = partitions(&table, NOW).unwrap().unwrap();
        let folders: Vec<_> = found.iter().map(|(_, folder)| folder.as_str()).collect();
        assert_eq!(folders[..2], ["s3://b/t/hour=00/month=202610/", "s3://b/t/hour=00/month=202611/"]);
        assert_eq!(found[3].0, ["12", "2026-11-01"]);
    }

    #[test]
    fn what_is_missing_is_named() {
        let refused =
            |properties: &[(&str, &str)]| partitions(&table(&[("c", HiveType::String)], properties), NOW).unwrap_err();
        assert!(refused(&[]).to_string().contains("missing projection configuration: [c]"));
        let hours = [
            ("projection.c.type", "date"),
            ("projection.c.range", "NOW,NOW"),
            ("projection.c.format", "yyyy-MM-dd-HH"),
        ];
        assert!(refused(&hours).to_string().contains("need 'interval'"));
        assert!(
            refused(&[("projection.c.type", "integer"), ("projection.c.range", "a,b")])
                .to_string()
                .contains("'a' is no whole number")
        );
    }
}
