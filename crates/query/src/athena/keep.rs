//! What is kept in the catalogue: executions, and named documents.

use rusqlite::{OptionalExtension as _, params};
use serde::{Serialize, de::DeserializeOwned};
use weir_store::{CatalogueError, Tables};

use super::{Athena, AthenaError, Scope};

pub(super) const TABLES: Tables = Tables {
    owner: "athena",
    steps: &["
        CREATE TABLE athena_execution (
            id TEXT PRIMARY KEY,
            region TEXT NOT NULL,
            work_group TEXT NOT NULL,
            submitted INTEGER NOT NULL,
            ended INTEGER NOT NULL,
            token TEXT,
            document TEXT NOT NULL
        );
        CREATE INDEX athena_execution_list ON athena_execution (region, work_group, submitted);
        CREATE UNIQUE INDEX athena_execution_token ON athena_execution (region, token);
        CREATE TABLE athena_document (
            region TEXT NOT NULL,
            kind TEXT NOT NULL,
            scope TEXT NOT NULL,
            name TEXT NOT NULL,
            document TEXT NOT NULL,
            PRIMARY KEY (region, kind, scope, name)
        );
    "],
};

/// How long the history of queries is kept, in milliseconds: 45 days.
pub(super) const HISTORY: i64 = 45 * 24 * 60 * 60 * 1000;

/// A document with a name.
#[derive(Debug, Clone, Copy)]
pub(super) struct Key<'a> {
    pub(super) region: &'a str,
    /// Such as `work_group`.
    pub(super) kind: &'static str,
    /// The workgroup, where a name is one within it.
    pub(super) scope: &'a str,
    pub(super) name: &'a str,
}

impl<'a> Key<'a> {
    pub(super) fn new(scope: &'a Scope, kind: &'static str, within: &'a str, name: &'a str) -> Self {
        Key { region: &scope.region, kind, scope: within, name }
    }
}

impl Athena {
    pub(super) fn read<T: DeserializeOwned>(&self, key: Key<'_>) -> Result<Option<T>, AthenaError> {
        let text: Option<String> = self.catalogue.change(|transaction| {
            let sql =
                "SELECT document FROM athena_document WHERE region = ?1 AND kind = ?2 AND scope = ?3 AND name = ?4";
            let found =
                transaction.query_row(sql, params![key.region, key.kind, key.scope, key.name], |row| row.get(0));
            Ok::<_, CatalogueError>(found.optional()?)
        })?;
        text.map(|text| Ok(serde_json::from_str(&text)?)).transpose()
    }

    /// Makes a document; false when it is there already.
    pub(super) fn make(&self, key: Key<'_>, document: &impl Serialize) -> Result<bool, AthenaError> {
        let text = serde_json::to_string(document)?;
        self.catalogue.change(|transaction| {
            let sql = "INSERT OR IGNORE INTO athena_document VALUES (?1, ?2, ?3, ?4, ?5)";
            Ok(transaction.execute(sql, params![key.region, key.kind, key.scope, key.name, text])? > 0)
        })
    }

    pub(super) fn put(&self, key: Key<'_>, document: &impl Serialize) -> Result<(), AthenaError> {
        let text = serde_json::to_string(document)?;
        self.catalogue.change(|transaction| {
            let sql = "INSERT OR REPLACE INTO athena_document VALUES (?1, ?2, ?3, ?4, ?5)";
            transaction.execute(sql, params![key.region, key.kind, key.scope, key.name, text])?;
            Ok(())
        })
    }

    /// Takes a document away; false when it is not there.
    pub(super) fn remove(&self, key: Key<'_>) -> Result<bool, AthenaError> {
        self.catalogue.change(|transaction| {
            let sql = "DELETE FROM athena_document WHERE region = ?1 AND kind = ?2 AND scope = ?3 AND name = ?4";
            Ok(transaction.execute(sql, params![key.region, key.kind, key.scope, key.name])? > 0)
        })
    }

    /// The documents of a kind, sorted by name; those of one scope, or of all.
    pub(super) fn all<T: DeserializeOwned>(
        &self,
        region: &str,
        kind: &str,
        within: Option<&str>,
    ) -> Result<Vec<T>, AthenaError> {
        let texts: Vec<String> = self.catalogue.change(|transaction| {
            let sql = "SELECT document FROM athena_document WHERE region = ?1 AND kind = ?2 AND (?3 IS NULL OR scope = ?3) ORDER BY name";
            let mut select = transaction.prepare(sql)?;
            let rows = select.query_map(params![region, kind, within], |row| row.get(0))?;
            Ok::<_, CatalogueError>(rows.collect::<Result<_, _>>()?)
        })?;
        texts.iter().map(|text| Ok(serde_json::from_str(text)?)).collect()
    }
}
