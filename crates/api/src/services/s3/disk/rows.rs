//! The tables: buckets, what is set for them, and what is known of objects.

use std::collections::HashSet;

use rusqlite::{Row, Transaction};
use weir_store::{CatalogueError, Tables};

use super::super::facts::Facts;

pub(super) const TABLES: Tables = Tables {
    owner: "s3",
    steps: &["
        CREATE TABLE s3_bucket (
            name TEXT PRIMARY KEY, region TEXT NOT NULL, created INTEGER NOT NULL
        ) WITHOUT ROWID;
        CREATE TABLE s3_setting (
            bucket TEXT NOT NULL, name TEXT NOT NULL, document TEXT NOT NULL, PRIMARY KEY (bucket, name)
        ) WITHOUT ROWID;
        -- `modified` and `size` tell which file a row is of; `file` is empty for the one at its own place.
        CREATE TABLE s3_object (
            bucket TEXT NOT NULL, key TEXT NOT NULL, modified INTEGER NOT NULL, size INTEGER NOT NULL,
            version TEXT NOT NULL, marker INTEGER NOT NULL, file TEXT NOT NULL, facts TEXT NOT NULL,
            PRIMARY KEY (bucket, key, modified)
        ) WITHOUT ROWID;
        CREATE INDEX s3_object_aside ON s3_object (bucket, key) WHERE marker OR file != '';
        CREATE TABLE s3_upload (
            id TEXT PRIMARY KEY, bucket TEXT NOT NULL, key TEXT NOT NULL, started INTEGER NOT NULL, facts TEXT NOT NULL
        ) WITHOUT ROWID;
        CREATE INDEX s3_upload_key ON s3_upload (bucket, key, id);
        CREATE TABLE s3_part (
            upload TEXT NOT NULL REFERENCES s3_upload (id) ON DELETE CASCADE, number INTEGER NOT NULL,
            file TEXT NOT NULL, size INTEGER NOT NULL, modified INTEGER NOT NULL, facts TEXT NOT NULL,
            PRIMARY KEY (upload, number)
        ) WITHOUT ROWID;
    "],
};

/// One version of an object, or a delete marker.
#[derive(Debug, Clone)]
pub(in super::super) struct Version {
    pub(in super::super) key: String,
    /// Unix nanoseconds, those of the file.
    pub(in super::super) modified: i64,
    /// Bytes.
    pub(in super::super) size: u64,
    /// `null` of what was written without versioning.
    pub(in super::super) version: String,
    /// Whether it says that the object is deleted.
    pub(in super::super) marker: bool,
    /// Its file among those that are not at their own place; empty if it is there.
    pub(super) file: String,
    pub(in super::super) facts: Facts,
}

impl Version {
    /// Whether there is something of it to find, other than at its own place.
    pub(super) fn is_aside(&self) -> bool {
        self.marker || !self.file.is_empty()
    }
}

type Rows<T> = Result<T, CatalogueError>;

const COLUMNS: &str = "key, modified, size, version, marker, file, facts";

fn version(row: &Row<'_>) -> rusqlite::Result<Version> {
    let facts: String = row.get(6)?;
    Ok(Version {
        key: row.get(0)?,
        modified: row.get(1)?,
        size: row.get::<_, i64>(2)?.unsigned_abs(),
        version: row.get(3)?,
        marker: row.get(4)?,
        file: row.get(5)?,
        facts: serde_json::from_str(&facts).map_err(|error| {
            rusqlite::Error::FromSqlConversionFailure(6, rusqlite::types::Type::Text, Box::new(error))
        })?,
    })
}

/// The rows of a key, newest first.
pub(super) fn of_key(on: &Transaction<'_>, bucket: &str, key: &str) -> Rows<Vec<Version>> {
    let sql = format!("SELECT {COLUMNS} FROM s3_object WHERE bucket = ?1 AND key = ?2 ORDER BY modified DESC");
    let mut select = on.prepare_cached(&sql)?;
    let rows = select.query_map((bucket, key), version)?.collect::<Result<_, _>>()?;
    Ok(rows)
}

/// Keys from `from` on that have something aside, in order; at most `most`.
pub(super) fn keys_aside(on: &Transaction<'_>, bucket: &str, from: &str, most: u32) -> Rows<Vec<String>> {
    let mut select = on.prepare_cached(
        "SELECT DISTINCT key FROM s3_object WHERE (marker OR file != '') AND bucket = ?1 AND key >= ?2
         ORDER BY key LIMIT ?3",
    )?;
    let keys = select.query_map((bucket, from, most), |row| row.get(0))?.collect::<Result<_, _>>()?;
    Ok(keys)
}

pub(super) fn put(on: &Transaction<'_>, bucket: &str, version: &Version) -> Rows<()> {
    let facts = serde_json::to_string(&version.facts)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))?;
    let mut insert = on.prepare_cached("INSERT OR REPLACE INTO s3_object VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)")?;
    let size = i64::try_from(version.size).unwrap_or(i64::MAX);
    let (key, id) = (&version.key, &version.version);
    insert.execute((bucket, key, version.modified, size, id, version.marker, &version.file, facts))?;
    Ok(())
}

pub(super) fn delete(on: &Transaction<'_>, bucket: &str, version: &Version) -> Rows<()> {
    let mut delete = on.prepare_cached("DELETE FROM s3_object WHERE bucket = ?1 AND key = ?2 AND modified = ?3")?;
    delete.execute((bucket, &version.key, version.modified))?;
    Ok(())
}

/// Whether a bucket has a version or a marker aside.
pub(super) fn any_aside(on: &Transaction<'_>, bucket: &str) -> Rows<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM s3_object WHERE (marker OR file != '') AND bucket = ?1)";
    Ok(on.query_row(sql, [bucket], |row| row.get(0))?)
}

/// All files of a bucket that are not at their own place: of versions and of parts.
pub(super) fn files_aside(on: &Transaction<'_>, bucket: &str) -> Rows<HashSet<String>> {
    let mut select = on.prepare(
        "SELECT file FROM s3_object WHERE (marker OR file != '') AND bucket = ?1
         UNION ALL SELECT s3_part.file FROM s3_part JOIN s3_upload ON s3_upload.id = upload WHERE bucket = ?1",
    )?;
    let files = select.query_map([bucket], |row| row.get(0))?.collect::<Result<_, _>>()?;
    Ok(files)
}

/// Name, region, and Unix milliseconds of its making, of each bucket.
pub(super) fn buckets(on: &Transaction<'_>) -> Rows<Vec<(String, String, i64)>> {
    let mut select = on.prepare("SELECT name, region, created FROM s3_bucket")?;
    let rows = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?.collect::<Result<_, _>>()?;
    Ok(rows)
}

pub(super) fn put_bucket(on: &Transaction<'_>, name: &str, region: &str, created: i64) -> Rows<()> {
    on.execute("INSERT OR REPLACE INTO s3_bucket VALUES (?1, ?2, ?3)", (name, region, created))?;
    Ok(())
}

/// Everything of a bucket.
pub(super) fn delete_bucket(on: &Transaction<'_>, name: &str) -> Rows<()> {
    on.execute("DELETE FROM s3_bucket WHERE name = ?1", [name])?;
    for table in ["s3_setting", "s3_object", "s3_upload"] {
        on.execute(&format!("DELETE FROM {table} WHERE bucket = ?1"), [name])?;
    }
    Ok(())
}

/// Bucket, name and document of everything that is set.
pub(super) fn settings(on: &Transaction<'_>) -> Rows<Vec<(String, String, String)>> {
    let mut select = on.prepare("SELECT bucket, name, document FROM s3_setting")?;
    let rows = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?.collect::<Result<_, _>>()?;
    Ok(rows)
}

/// Sets, or with none removes.
pub(super) fn set(on: &Transaction<'_>, bucket: &str, name: &str, document: Option<&str>) -> Rows<()> {
    match document {
        Some(document) => on.execute("INSERT OR REPLACE INTO s3_setting VALUES (?1, ?2, ?3)", (bucket, name, document)),
        None => on.execute("DELETE FROM s3_setting WHERE bucket = ?1 AND name = ?2", (bucket, name)),
    }?;
    Ok(())
}
