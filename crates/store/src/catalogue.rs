//! The catalogue: one SQLite database for everything that is defined or counted and is not records.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use rusqlite::{Connection, Transaction, TransactionBehavior};

/// How long a transaction waits for that of another process, such as a person's `sqlite3`.
const PATIENCE: Duration = Duration::from_secs(5);

/// The tables of one owner, as the steps that made them what they are.
///
/// A step that was released is never changed; a change is one more step.
#[derive(Debug, Clone, Copy)]
pub struct Tables {
    /// The owner; begins the name of each of its tables.
    pub owner: &'static str,
    /// SQL, oldest first.
    pub steps: &'static [&'static str],
}

/// The database `catalogue.sqlite`, shared by everything that keeps tables in it. Cheap to clone.
///
/// What a transaction wrote is on disk when [`Catalogue::change`] returns.
#[derive(Debug, Clone)]
pub struct Catalogue {
    path: Arc<PathBuf>,
    connection: Arc<Mutex<Connection>>,
}

/// Why the catalogue was not read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CatalogueError {
    /// SQLite refused.
    #[error("catalogue {}: {source}", path.display())]
    Sqlite {
        /// The file.
        path: PathBuf,
        /// The refusal.
        source: rusqlite::Error,
    },
    /// A later program wrote it.
    #[error("catalogue {}: its tables `{owner}` are those of a newer program (step {found}, this one knows {known})", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Whose tables.
        owner: &'static str,
        /// The step that the file is at.
        found: u32,
        /// The last step that this program knows.
        known: u32,
    },
}

impl Catalogue {
    /// Opens the database, and makes it if need be.
    ///
    /// # Errors
    /// When the file may not be written or is no database.
    pub fn open(path: &Path) -> Result<Self, CatalogueError> {
        Self::prepare(path.to_owned(), || Connection::open(path))
    }

    /// A database that is gone with its last handle; for tests and trials.
    ///
    /// # Errors
    /// When SQLite has no memory.
    pub fn in_memory() -> Result<Self, CatalogueError> {
        Self::prepare(PathBuf::from(":memory:"), Connection::open_in_memory)
    }

    fn prepare(path: PathBuf, open: impl FnOnce() -> rusqlite::Result<Connection>) -> Result<Self, CatalogueError> {
        let opened = || -> rusqlite::Result<Connection> {
            let connection = open()?;
            connection.busy_timeout(PATIENCE)?;
            // A memory database keeps no log.
            connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
            connection.pragma_update(None, "synchronous", "FULL")?;
            connection.pragma_update(None, "foreign_keys", true)?;
            connection
                .execute_batch("CREATE TABLE IF NOT EXISTS owner (name TEXT PRIMARY KEY, step INTEGER NOT NULL)")?;
            Ok(connection)
        };
        let connection = opened().map_err(|source| CatalogueError::Sqlite { path: path.clone(), source })?;
        Ok(Self { path: Arc::new(path), connection: Arc::new(Mutex::new(connection)) })
    }

    /// Takes the tables of an owner through the steps that they have not had yet.
    ///
    /// # Errors
    /// When a later program wrote the tables, or the disk refuses.
    pub fn provide(&self, tables: &Tables) -> Result<(), CatalogueError> {
        let known = u32::try_from(tables.steps.len()).unwrap_or(u32::MAX);
        let found = self.change(|transaction| {
            let select = "SELECT coalesce((SELECT step FROM owner WHERE name = ?1), 0)";
            let found: u32 = transaction.query_row(select, [tables.owner], |row| row.get(0))?;
            for step in tables.steps.iter().skip(found as usize) {
                transaction.execute_batch(step)?;
            }
            if found < known {
                transaction.execute("INSERT OR REPLACE INTO owner VALUES (?1, ?2)", (tables.owner, known))?;
            }
            Ok::<_, CatalogueError>(found)
        })?;
        if found > known {
            let path = self.path.as_ref().clone();
            return Err(CatalogueError::Newer { path, owner: tables.owner, found, known });
        }
        Ok(())
    }

    /// Reads and writes in one transaction: when `work` fails, nothing of it was done.
    ///
    /// One at a time: `work` must be short and must not call the catalogue again.
    ///
    /// # Errors
    /// Those of `work`, and those of the disk.
    pub fn change<T, E>(&self, work: impl FnOnce(&Transaction<'_>) -> Result<T, E>) -> Result<T, E>
    where
        E: From<CatalogueError>,
    {
        let refused = |source| E::from(CatalogueError::Sqlite { path: self.path.as_ref().clone(), source });
        let mut connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(refused)?;
        let done = work(&transaction)?;
        transaction.commit().map_err(refused)?;
        Ok(done)
    }
}

/// For `?` within [`Catalogue::change`], where the path is not at hand.
impl From<rusqlite::Error> for CatalogueError {
    fn from(source: rusqlite::Error) -> Self {
        Self::Sqlite { path: PathBuf::from("catalogue.sqlite"), source }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: Tables = Tables { owner: "pet", steps: &["CREATE TABLE pet_dog (name TEXT)"] };
    const SECOND: Tables =
        Tables { owner: "pet", steps: &[FIRST.steps[0], "ALTER TABLE pet_dog ADD COLUMN age INTEGER DEFAULT 3"] };

    fn ages(catalogue: &Catalogue) -> Vec<i64> {
        catalogue
            .change(|transaction| {
                let mut select = transaction.prepare("SELECT age FROM pet_dog")?;
                let rows = select.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
                Ok::<_, CatalogueError>(rows)
            })
            .expect("read")
    }

    #[test]
    fn a_later_program_takes_the_tables_on_and_an_earlier_one_leaves_them_alone() {
        let dir = tempfile::tempdir().expect("made");
        let path = dir.path().join("catalogue.sqlite");
        let catalogue = Catalogue::open(&path).expect("opened");
        catalogue.provide(&FIRST).expect("made");
        catalogue
            .change(|transaction| {
                transaction.execute("INSERT INTO pet_dog VALUES ('Rex')", [])?;
                Ok::<_, CatalogueError>(())
            })
            .expect("written");
        drop(catalogue);

        let catalogue = Catalogue::open(&path).expect("opened again");
        catalogue.provide(&SECOND).expect("taken on");
        catalogue.provide(&SECOND).expect("nothing to do");
        assert_eq!(ages(&catalogue), [3]);
        let refused = catalogue.provide(&FIRST).expect_err("newer").to_string();
        assert!(refused.contains("newer program (step 2, this one knows 1)"), "{refused}");
    }

    #[test]
    fn a_transaction_that_fails_leaves_nothing() {
        let catalogue = Catalogue::in_memory().expect("opened");
        catalogue.provide(&SECOND).expect("made");
        let failed = catalogue.change(|transaction| {
            transaction.execute("INSERT INTO pet_dog VALUES ('Rex', 1)", [])?;
            transaction.execute("INSERT INTO cat VALUES (1)", [])?;
            Ok::<_, CatalogueError>(())
        });
        assert!(failed.expect_err("no such table").to_string().contains("no such table: cat"));
        assert_eq!(ages(&catalogue), [0; 0]);
    }
}
