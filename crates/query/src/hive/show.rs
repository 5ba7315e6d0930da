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
    match &table.format {
        TableFormat::Text { delimiter } => {
            lines.push("ROW FORMAT DELIMITED".to_owned());
            lines.push(format!("  FIELDS TERMINATED BY {}", text(&delimiter.to_string())));
            lines.push("STORED AS TEXTFILE".to_owned());
        }
        TableFormat::Rows { serde, properties } => {
            lines.push("ROW FORMAT SERDE".to_owned());
            lines.push(format!("  {}", text(serde)));
            lines.extend(bracketed("WITH SERDEPROPERTIES (", properties));
            lines.push("STORED AS TEXTFILE".to_owned());
        }
        TableFormat::Parquet => lines.push("STORED AS PARQUET".to_owned()),
    }
    lines.push("LOCATION".to_owned());
    lines.push(format!("  {}", text(&table.location)));
    lines.extend(bracketed("TBLPROPERTIES (", &table.properties));
    lines
}

/// Properties behind their opening line; nothing when there are none.
fn bracketed(opening: &str, properties: &[(String, String)]) -> Vec<String> {
    let Some((last, before)) = properties.split_last() else { return Vec::new() };
    let property = |(key, value): &(String, String)| format!("  {}={}", text(key), text(value));
    let mut lines = vec![opening.to_owned()];
    lines.extend(before.iter().map(|entry| property(entry) + ","));
    lines.push(property(last) + ")");
    lines
}

fn columns(columns: &[ColumnDefinition]) -> Vec<String> {
    let last = columns.len().saturating_sub(1);
    let line = |(index, column): (usize, &ColumnDefinition)| {
        let comment = column.comment.as_ref().map(|comment| format!(" COMMENT {}", text(comment))).unwrap_or_default();
        let end = if index == last { ")" } else { "," };
        format!("  `{}` {}{comment}{end}", column.name, column.kind)
    };
    columns.iter().enumerate().map(line).collect()
}

/// A text of Hive's, in quotes.
fn text(value: &str) -> String {
    let mut quoted = String::from("'");
    for c in value.chars() {
        match c {
            '\'' | '\\' => quoted.extend(['\\', c]),
            '\t' => quoted.push_str("\\t"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            c if c.is_ascii_control() => quoted.push_str(&format!("\\{:03o}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted + "'"
}
