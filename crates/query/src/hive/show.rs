//! A definition as text again: SHOW CREATE TABLE.

use super::{ColumnDefinition, TableDefinition, TableFormat};

/// The statement that makes this table, a line of text each.
pub(crate) fn create_table(database: &str, name: &str, table: &TableDefinition) -> Vec<String> {
    let mut lines = vec![format!("CREATE EXTERNAL TABLE `{database}`.`{name}`(")];
    lines.extend(columns(&table.columns));
    if let Some(comment) = &table.comment {
        lines.push(format!("COMMENT {}", text(comment)));
    }
    if !table.partitioned_by.is_empty() {
        lines.push("PARTITIONED BY (".to_owned());
        lines.extend(columns(&table.partitioned_by));
    }
    match table.format {
        TableFormat::Text { delimiter } => {
            lines.push("ROW FORMAT DELIMITED".to_owned());
            lines.push(format!("  FIELDS TERMINATED BY {}", text(&shown_delimiter(delimiter))));
            lines.push("STORED AS TEXTFILE".to_owned());
        }
        TableFormat::Parquet => lines.push("STORED AS PARQUET".to_owned()),
    }
    lines.push("LOCATION".to_owned());
    lines.push(format!("  {}", text(&table.location)));
    if let Some((last, before)) = table.properties.split_last() {
        lines.push("TBLPROPERTIES (".to_owned());
        let property = |(key, value): &(String, String)| format!("  {}={}", text(key), text(value));
        lines.extend(before.iter().map(|entry| property(entry) + ","));
        lines.push(property(last) + ")");
    }
    lines
}

fn columns(columns: &[ColumnDefinition]) -> Vec<String> {
    let last = columns.len().saturating_sub(1);
    let line = |(index, column): (usize, &ColumnDefinition)| {
        let comment = column.comment.as_ref().map(|comment| format!(" COMMENT {}", text(comment))).unwrap_or_default();
        let end = if index == last { ")" } else { "," };
        format!("  `{}` {}{comment}{end}", column.name, column.kind.name())
    };
    columns.iter().enumerate().map(line).collect()
}

fn text(value: &str) -> String {
    format!("'{}'", value.replace('\'', "''"))
}

fn shown_delimiter(delimiter: char) -> String {
    match delimiter {
        '\t' => "\\t".to_owned(),
        '\u{1}' => "\\001".to_owned(),
        other => other.to_string(),
    }
}
