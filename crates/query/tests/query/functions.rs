//! Every function that there is has a value, a NULL and a refusal among the test files.

use std::fs;
use std::path::{Path, PathBuf};

use sqllogictest::{DefaultColumnType, QueryExpect, Record, StatementExpect, parse_file};

use super::{World, lines, run_file};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/slt/each")
}

/// The files of a folder, by name.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|end| end == "slt"));
    files.sort();
    files
}

#[tokio::test]
async fn each_function_does_as_it_is_documented() {
    for file in files(&folder()) {
        run_file(&format!("each/{}", file.file_name().unwrap().to_str().unwrap())).await;
    }
}

/// What the test files have of one function.
#[derive(Debug, Default, PartialEq)]
struct Cases {
    value: bool,
    null: bool,
    error: bool,
}

impl Cases {
    fn add(&mut self, record: &Record<DefaultColumnType>, function: &str) {
        let (sql, fails, results) = match record {
            Record::Query { sql, expected: QueryExpect::Results { results, .. }, .. } => {
                (sql, false, results.join(" "))
            }
            Record::Query { sql, expected: QueryExpect::Error(_), .. }
            | Record::Statement { sql, expected: StatementExpect::Error(_), .. } => (sql, true, String::new()),
            _ => return,
        };
        if !calls(sql, function) {
            return;
        }
        self.error |= fails;
        self.value |= !fails;
        self.null |= !fails && (sql.contains("NULL") || results.to_lowercase().contains("null"));
    }
}

/// Whether the word stands in the statement.
fn calls(sql: &str, function: &str) -> bool {
    sql.to_lowercase().split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == function)
}

#[tokio::test]
async fn each_function_has_its_cases() {
    let functions = lines(&World::new().engine(), "SHOW FUNCTIONS").await;
    assert!(functions.len() > 200);
    let records: Vec<_> =
        files(&folder()).into_iter().flat_map(|file| parse_file::<DefaultColumnType>(file).unwrap()).collect();
    let whole = Cases { value: true, null: true, error: true };
    let missing = |function: &String| {
        let mut cases = Cases::default();
        records.iter().for_each(|record| cases.add(record, function));
        (cases != whole).then(|| format!("{function}: {cases:?}"))
    };
    assert_eq!(functions.iter().filter_map(missing).collect::<Vec<_>>(), Vec::<String>::new());
}
