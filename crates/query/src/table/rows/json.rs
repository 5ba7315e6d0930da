//! JSON objects, one a line: columns by key, in any case. Objects and lists within them are their JSON text.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::{Cells, Properties};

/// Which key goes into which column.
#[derive(Debug)]
pub(crate) struct JsonLines {
    columns: HashMap<String, usize>,
    width: usize,
    /// Whether a line that is no object is a row of NULL; otherwise it fails the query.
    ignores_malformed: bool,
    /// Whether `_` of a column's name stands for `.` of a key.
    dots: bool,
    /// Whether a key has another name than its column.
    renames: bool,
}

impl JsonLines {
    pub(super) fn new(properties: Properties<'_>, columns: &[&str]) -> Self {
        let key = |column: &&str| properties.get(&format!("mapping.{column}")).unwrap_or(column).to_lowercase();
        Self {
            columns: columns.iter().map(key).zip(0..).collect(),
            width: columns.len(),
            ignores_malformed: properties.is_true("ignore.malformed.json"),
            dots: properties.is_true("dots.in.keys"),
            renames: properties.0.iter().any(|(key, _)| key.to_lowercase().starts_with("mapping.")),
        }
    }

    /// Whether a key has another name than its column.
    pub(crate) const fn renames(&self) -> bool {
        self.renames
    }

    pub(super) fn split(&self, line: &str, cells: &mut Cells<'_>) -> Result<(), String> {
        if line.trim().is_empty() {
            return Ok(());
        }
        let object: Map<String, Value> = match serde_json::from_str(line) {
            Ok(object) => object,
            Err(_) if self.ignores_malformed => return Ok(()),
            Err(error) => return Err(format!("Row is not a valid JSON Object - {error}")),
        };
        cells.resize(self.width, None);
        for (key, value) in object {
            let key = key.to_lowercase();
            let key = if self.dots { key.replace('.', "_") } else { key };
            if let Some(cell) = self.columns.get(&key).and_then(|column| cells.get_mut(*column)) {
                *cell = text(value).map(Into::into);
            }
        }
        Ok(())
    }
}

fn text(value: Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text),
        value => Some(value.to_string()),
    }
}
