//! Databases, tables, partitions and views, kept in one JSON file.
//!
//! The file is small and is written whole: to a name beside it, synced, then renamed. A lock file
//! beside it orders writers of several processes; readers need none.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::engine::DEFAULT_DATABASE;
use crate::error::{Code, Error};
use crate::hive::{Name, TableDefinition};

/// The version of the file that this program writes.
const VERSION: u32 = 1;

/// Everything that is defined.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Catalogue {
    version: u32,
    pub(crate) databases: BTreeMap<String, Database>,
}

/// One database.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Database {
    #[serde(default)]
    pub(crate) tables: BTreeMap<String, StoredTable>,
    /// The text of each view's query.
    #[serde(default)]
    pub(crate) views: BTreeMap<String, String>,
    /// What the Glue API was told of the database.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) input: Option<Value>,
    /// Unix milliseconds.
    #[serde(default)]
    pub(crate) created: i64,
}

/// A table and its partitions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StoredTable {
    pub(crate) definition: TableDefinition,
    #[serde(default)]
    pub(crate) partitions: Vec<StoredPartition>,
    /// What the Glue API was told of the table, whole: it may say more than a definition holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) input: Option<Value>,
    /// Why no query can read it; none for a table that can be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) unreadable: Option<String>,
    /// Unix milliseconds.
    #[serde(default)]
    pub(crate) created: i64,
    /// Unix milliseconds.
    #[serde(default)]
    pub(crate) updated: i64,
}

impl StoredTable {
    /// A new table without partitions; `now` in Unix milliseconds.
    pub(crate) fn new(definition: TableDefinition, now: i64) -> Self {
        Self { definition, partitions: Vec::new(), input: None, unreadable: None, created: now, updated: now }
    }
}

/// A partition: the values of the partition columns in their order, and where its objects are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StoredPartition {
    pub(crate) values: Vec<String>,
    pub(crate) location: String,
    /// What the Glue API was told of the partition.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) input: Option<Value>,
}

impl StoredPartition {
    pub(crate) fn new(values: Vec<String>, location: String) -> Self {
        Self { values, location, input: None }
    }
}

impl Default for Catalogue {
    fn default() -> Self {
        let databases = BTreeMap::from([(DEFAULT_DATABASE.to_owned(), Database::default())]);
        Catalogue { version: VERSION, databases }
    }
}

impl Catalogue {
    pub(crate) fn database(&mut self, name: &str) -> Result<&mut Database, Error> {
        self.databases.get_mut(name).ok_or_else(|| {
            Error::new(Code::HiveFailed, format!("SemanticException [Error 10072]: Database does not exist: {name}"))
        })
    }

    /// The table, which must be there; `database` is the one of names without any.
    pub(crate) fn table(&mut self, name: &Name, database: &str) -> Result<&mut StoredTable, Error> {
        let database = name.database.as_deref().unwrap_or(database);
        let found = self.databases.get_mut(database).and_then(|found| found.tables.get_mut(&name.table));
        found.ok_or_else(|| table_not_found(database, &name.table))
    }
}

/// Hive's words for a table that is not there.
pub(crate) fn table_not_found(database: &str, table: &str) -> Error {
    Error::new(Code::HiveFailed, format!("SemanticException [Error 10001]: Table not found {database}.{table}"))
}

/// Where the catalogue is kept.
#[derive(Debug)]
pub(crate) enum CatalogueStore {
    File(PathBuf),
    Memory(Mutex<Catalogue>),
}

impl CatalogueStore {
    /// # Errors
    /// When the file is there and is no catalogue.
    pub(crate) fn open(path: Option<PathBuf>) -> Result<Self, Error> {
        let store = path.map_or_else(|| CatalogueStore::Memory(Mutex::default()), CatalogueStore::File);
        store.read()?;
        Ok(store)
    }

    /// The catalogue as it is now.
    pub(crate) fn read(&self) -> Result<Catalogue, Error> {
        match self {
            CatalogueStore::Memory(catalogue) => Ok(catalogue.lock().unwrap_or_else(PoisonError::into_inner).clone()),
            CatalogueStore::File(path) => read_file(path),
        }
    }

    /// Changes the catalogue; nothing is kept when `change` fails.
    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut Catalogue) -> Result<T, Error>) -> Result<T, Error> {
        match self {
            CatalogueStore::Memory(catalogue) => {
                let mut current = catalogue.lock().unwrap_or_else(PoisonError::into_inner);
                let mut changed = current.clone();
                let answer = change(&mut changed)?;
                *current = changed;
                Ok(answer)
            }
            CatalogueStore::File(path) => {
                let _lock = lock(path)?;
                let before = read_file(path)?;
                let mut changed = before.clone();
                let answer = change(&mut changed)?;
                if changed != before {
                    write_file(path, &changed)?;
                }
                Ok(answer)
            }
        }
    }
}

fn read_file(path: &Path) -> Result<Catalogue, Error> {
    let text = match fs::read(path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Catalogue::default()),
        Err(error) => return Err(wrong(path, "cannot be read", &error)),
    };
    let catalogue: Catalogue = serde_json::from_slice(&text).map_err(|error| wrong(path, "is damaged", &error))?;
    if catalogue.version > VERSION {
        let newer = format!("it has version {}, this program knows {VERSION}", catalogue.version);
        return Err(wrong(path, "is of a newer program", &newer));
    }
    Ok(catalogue)
}

/// Held until it is dropped.
fn lock(path: &Path) -> Result<File, Error> {
    let refused = |error: std::io::Error| wrong(path, "cannot be locked", &error);
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(refused)?;
    }
    let file =
        File::options().create(true).truncate(false).write(true).open(path.with_extension("lock")).map_err(refused)?;
    file.lock().map_err(refused)?;
    Ok(file)
}

fn write_file(path: &Path, catalogue: &Catalogue) -> Result<(), Error> {
    let refused = |error: std::io::Error| wrong(path, "cannot be written", &error);
    let mut text = serde_json::to_vec_pretty(catalogue).map_err(|error| wrong(path, "cannot be written", &error))?;
    text.push(b'\n');
    let beside = path.with_extension("new");
    let mut file = File::create(&beside).map_err(refused)?;
    file.write_all(&text).and_then(|()| file.sync_all()).map_err(refused)?;
    fs::rename(&beside, path).map_err(refused)?;
    match path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        Some(folder) => File::open(folder).and_then(|folder| folder.sync_all()).map_err(refused),
        None => Ok(()),
    }
}

fn wrong(path: &Path, what: &str, reason: &dyn std::fmt::Display) -> Error {
    Error::new(Code::Catalogue, format!("the catalogue {} {what}: {reason}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_changed_is_there_for_the_next_program() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/catalogue.json");
        let store = CatalogueStore::open(Some(path.clone())).unwrap();
        store.change(|catalogue| Ok(catalogue.databases.insert("lab".to_owned(), Database::default()))).unwrap();
        let failed: Result<(), Error> = store.change(|catalogue| {
            catalogue.databases.clear();
            Err(Error::new(Code::Internal, "no"))
        });
        assert!(failed.is_err());
        let again = CatalogueStore::open(Some(path)).unwrap().read().unwrap();
        assert_eq!(again.databases.keys().collect::<Vec<_>>(), ["default", "lab"]);
    }

    #[test]
    fn a_damaged_file_is_named_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("catalogue.json");
        fs::write(&path, "{\"version\": 1, ").unwrap();
        let error = CatalogueStore::open(Some(path.clone())).unwrap_err().to_string();
        assert!(error.contains("catalogue.json is damaged"), "{error}");
        assert_eq!(fs::read_to_string(&path).unwrap(), "{\"version\": 1, ");
    }

    #[test]
    fn writers_wait_for_each_other() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("catalogue.json");
        std::thread::scope(|scope| {
            for writer in 0..4 {
                let path = path.clone();
                scope.spawn(move || {
                    let store = CatalogueStore::open(Some(path)).unwrap();
                    for round in 0..10 {
                        let add = |catalogue: &mut Catalogue| {
                            catalogue.databases.insert(format!("d{writer}_{round}"), Database::default());
                            Ok(())
                        };
                        store.change(add).unwrap();
                    }
                });
            }
        });
        assert_eq!(CatalogueStore::open(Some(path)).unwrap().read().unwrap().databases.len(), 41);
    }
}
