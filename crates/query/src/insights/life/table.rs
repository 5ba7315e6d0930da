//! What the catalogue keeps of queries: those that were started, their rows for a week, and those that were saved.

use std::ops::Range;

use rusqlite::{OptionalExtension as _, Row as SqlRow, Transaction};
use weir_store::Tables;

use super::{
    Outcome,
    lookup::StoredLookup,
    shapes::{QueryDefinition, QueryStatus},
};
use crate::insights::{InsightsError, Row};

pub(super) const TABLES: Tables = Tables {
    owner: "insights",
    steps: &[
        "
CREATE TABLE insights_query (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    shown TEXT NOT NULL,
    groups TEXT NOT NULL,
    created INTEGER NOT NULL,
    status TEXT NOT NULL,
    -- JSON
    statistics TEXT NOT NULL DEFAULT '{}',
    rows TEXT NOT NULL DEFAULT '[]'
);
CREATE INDEX insights_query_created ON insights_query (created);
CREATE TABLE insights_definition (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    query TEXT NOT NULL,
    -- JSON
    groups TEXT NOT NULL,
    modified INTEGER NOT NULL
) WITHOUT ROWID;
",
        "
CREATE TABLE insights_lookup (
    name TEXT PRIMARY KEY,
    description TEXT,
    -- CSV
    body TEXT NOT NULL,
    updated INTEGER NOT NULL
);
",
        "
-- How many rows there are in insights_page; NULL where they are in the column rows.
ALTER TABLE insights_query ADD COLUMN total INTEGER;
CREATE TABLE insights_page (
    query TEXT NOT NULL,
    first INTEGER NOT NULL,
    -- JSON
    rows TEXT NOT NULL,
    PRIMARY KEY (query, first)
) WITHOUT ROWID;
",
    ],
};

/// How long a query and its rows are kept, in milliseconds: 7 days.
const KEPT: i64 = 7 * 86_400_000;

/// How many rows are kept together. A page of an answer is read from those that it begins and ends in.
const TOGETHER: usize = 500;

/// A query as the catalogue has it.
pub(super) struct Stored {
    pub(super) sequence: i64,
    pub(super) id: String,
    pub(super) shown: String,
    pub(super) groups: Vec<String>,
    pub(super) created: i64,
    pub(super) status: QueryStatus,
}

impl Stored {
    fn of(row: &SqlRow<'_>) -> rusqlite::Result<Self> {
        let groups: String = row.get(3)?;
        Ok(Self {
            sequence: row.get(0)?,
            id: row.get(1)?,
            shown: row.get(2)?,
            groups: serde_json::from_str(&groups).unwrap_or_default(),
            created: row.get(4)?,
            status: QueryStatus::of(&row.get::<_, String>(5)?),
        })
    }
}

/// Those of an earlier program that did not end, and those that are too old.
pub(super) fn tidy(transaction: &Transaction<'_>, now: i64, opening: bool) -> Result<(), InsightsError> {
    if opening {
        let left = "UPDATE insights_query SET status = 'Unknown' WHERE status IN ('Scheduled', 'Running')";
        transaction.execute(left, []).map_err(refused)?;
    }
    let old = "DELETE FROM insights_query WHERE created < ?1";
    if transaction.execute(old, [now.saturating_sub(KEPT)]).map_err(refused)? > 0 {
        let pages = "DELETE FROM insights_page WHERE query NOT IN (SELECT id FROM insights_query)";
        transaction.execute(pages, []).map_err(refused)?;
    }
    Ok(())
}

pub(super) fn insert(
    transaction: &Transaction<'_>,
    id: &str,
    shown: &str,
    groups: &[String],
    now: i64,
) -> Result<(), InsightsError> {
    let insert = "INSERT INTO insights_query (id, shown, groups, created, status) VALUES (?1, ?2, ?3, ?4, 'Running')";
    transaction.execute(insert, (id, shown, json(&groups), now)).map_err(refused)?;
    Ok(())
}

/// Writes down how a query ended.
pub(super) fn finish(transaction: &Transaction<'_>, id: &str, outcome: &Outcome) -> Result<(), InsightsError> {
    let Outcome { status, statistics, rows } = outcome;
    let update = "UPDATE insights_query SET status = ?2, statistics = ?3, total = ?4 WHERE id = ?1";
    transaction.execute(update, (id, status.text(), json(statistics), number(rows.len()))).map_err(refused)?;
    let insert = "INSERT INTO insights_page (query, first, rows) VALUES (?1, ?2, ?3)";
    let mut insert = transaction.prepare(insert).map_err(refused)?;
    for (index, rows) in rows.chunks(TOGETHER).enumerate() {
        insert.execute((id, number(index * TOGETHER), json(&rows))).map_err(refused)?;
    }
    Ok(())
}

/// How a query ended, what it read, those of its rows that are in a range, and how many it has.
pub(super) fn outcome(
    transaction: &Transaction<'_>,
    id: &str,
    range: Range<usize>,
) -> Result<Option<(Outcome, usize)>, InsightsError> {
    let select =
        "SELECT status, statistics, total, CASE WHEN total IS NULL THEN rows END FROM insights_query WHERE id = ?1";
    let found = |row: &SqlRow<'_>| {
        let (status, statistics): (String, String) = (row.get(0)?, row.get(1)?);
        let statistics = serde_json::from_str(&statistics).unwrap_or_default();
        let total = row.get::<_, Option<i64>>(2)?.map(|total| usize::try_from(total).unwrap_or(0));
        Ok((QueryStatus::of(&status), statistics, total, row.get::<_, Option<String>>(3)?))
    };
    let found = transaction.query_row(select, [id], found).optional().map_err(refused)?;
    let Some((status, statistics, total, together)) = found else { return Ok(None) };
    let (total, first, rows) = match (total, together) {
        (Some(total), _) => {
            let first = range.start - range.start % TOGETHER;
            (total, first, pages(transaction, id, first..range.end)?)
        }
        (None, together) => {
            let rows = of_json::<Row>(&together.unwrap_or_default());
            (rows.len(), 0, rows)
        }
    };
    let rows = rows.into_iter().skip(range.start - first).take(range.len()).collect();
    Ok(Some((Outcome { status, statistics, rows }, total)))
}

/// The rows that are kept together from a place that they begin at, up to those that a place is in.
fn pages(transaction: &Transaction<'_>, id: &str, range: Range<usize>) -> Result<Vec<Row>, InsightsError> {
    let select = "SELECT rows FROM insights_page WHERE query = ?1 AND first >= ?2 AND first < ?3 ORDER BY first";
    let mut select = transaction.prepare(select).map_err(refused)?;
    let pages = select.query_map((id, number(range.start), number(range.end)), |row| row.get::<_, String>(0));
    let mut rows = Vec::new();
    for page in pages.map_err(refused)? {
        rows.extend(of_json::<Row>(&page.map_err(refused)?));
    }
    Ok(rows)
}

/// A count or a place as the catalogue has it.
fn number(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn of_json<T: serde::de::DeserializeOwned>(text: &str) -> Vec<T> {
    serde_json::from_str(text).unwrap_or_default()
}

/// Queries, the newest first, in front of a place.
pub(super) fn queries(transaction: &Transaction<'_>, before: i64) -> Result<Vec<Stored>, InsightsError> {
    let select = "SELECT sequence, id, shown, groups, created, status FROM insights_query
        WHERE sequence < ?1 ORDER BY sequence DESC";
    let mut select = transaction.prepare(select).map_err(refused)?;
    let rows = select.query_map([before], Stored::of).map_err(refused)?;
    rows.collect::<Result<_, _>>().map_err(refused)
}

/// Saves a query. False when it was to change one that is not there.
pub(super) fn put_definition(
    transaction: &Transaction<'_>,
    definition: &QueryDefinition,
    is_new: bool,
) -> Result<bool, InsightsError> {
    let sql = match is_new {
        true => "INSERT INTO insights_definition (id, name, query, groups, modified) VALUES (?1, ?2, ?3, ?4, ?5)",
        false => "UPDATE insights_definition SET name = ?2, query = ?3, groups = ?4, modified = ?5 WHERE id = ?1",
    };
    let QueryDefinition { query_definition_id, name, query_string, log_group_names, last_modified, .. } = definition;
    let values = (query_definition_id, name, query_string, json(log_group_names), last_modified);
    Ok(transaction.execute(sql, values).map_err(refused)? > 0)
}

/// Saved queries by name, and by id where names are the same.
pub(super) fn definitions(transaction: &Transaction<'_>) -> Result<Vec<QueryDefinition>, InsightsError> {
    let select = "SELECT id, name, query, groups, modified FROM insights_definition ORDER BY name, id";
    let mut select = transaction.prepare(select).map_err(refused)?;
    let definition = |row: &SqlRow<'_>| {
        Ok(QueryDefinition {
            query_language: super::LANGUAGE.to_owned(),
            query_definition_id: row.get(0)?,
            name: row.get(1)?,
            query_string: row.get(2)?,
            log_group_names: serde_json::from_str(&row.get::<_, String>(3)?).unwrap_or_default(),
            last_modified: row.get(4)?,
        })
    };
    let rows = select.query_map([], definition).map_err(refused)?;
    rows.collect::<Result<_, _>>().map_err(refused)
}

pub(super) fn delete_definition(transaction: &Transaction<'_>, id: &str) -> Result<bool, InsightsError> {
    let deleted = transaction.execute("DELETE FROM insights_definition WHERE id = ?1", [id]).map_err(refused)?;
    Ok(deleted > 0)
}

/// Keeps a lookup table. False when a new one is there, or one to change is not.
pub(super) fn put_lookup(
    transaction: &Transaction<'_>,
    stored: &StoredLookup,
    is_new: bool,
) -> Result<bool, InsightsError> {
    let sql = match is_new {
        true => "INSERT OR IGNORE INTO insights_lookup (name, description, body, updated) VALUES (?1, ?2, ?3, ?4)",
        false => "UPDATE insights_lookup SET description = ?2, body = ?3, updated = ?4 WHERE name = ?1",
    };
    let StoredLookup { name, description, body, updated } = stored;
    Ok(transaction.execute(sql, (name, description, body, updated)).map_err(refused)? > 0)
}

/// The names of the lookup tables, in order.
pub(super) fn lookup_names(transaction: &Transaction<'_>) -> Result<Vec<String>, InsightsError> {
    let mut select = transaction.prepare("SELECT name FROM insights_lookup ORDER BY name").map_err(refused)?;
    let names = select.query_map([], |row| row.get(0)).map_err(refused)?;
    names.collect::<Result<_, _>>().map_err(refused)
}

/// One lookup table.
pub(super) fn lookup(transaction: &Transaction<'_>, name: &str) -> Result<Option<StoredLookup>, InsightsError> {
    let select = "SELECT name, description, body, updated FROM insights_lookup WHERE name = ?1";
    transaction.query_row(select, [name], stored_lookup).optional().map_err(refused)
}

fn stored_lookup(row: &SqlRow<'_>) -> rusqlite::Result<StoredLookup> {
    Ok(StoredLookup { name: row.get(0)?, description: row.get(1)?, body: row.get(2)?, updated: row.get(3)? })
}

pub(super) fn delete_lookup(transaction: &Transaction<'_>, name: &str) -> Result<(), InsightsError> {
    transaction.execute("DELETE FROM insights_lookup WHERE name = ?1", [name]).map_err(refused)?;
    Ok(())
}

fn json(value: &impl serde::Serialize) -> String {
    // Texts, lists and numbers of ours can always be written.
    serde_json::to_string(value).unwrap_or_default()
}

fn refused(error: rusqlite::Error) -> InsightsError {
    weir_store::CatalogueError::from(error).into()
}
