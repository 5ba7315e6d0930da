//! CREATE EXTERNAL TABLE.

use super::{Code, ColumnDefinition, Error, Hive, HiveType, Kind, Parser, Position, TableDefinition, TableFormat};
use crate::hive::Storage;

/// Clauses of a table as they are found, before they are put together.
#[derive(Default)]
struct Clauses {
    storage: Storage,
    /// Where the clause is that says how rows or files are read.
    storage_position: Option<Position>,
    partitioned_by: Vec<ColumnDefinition>,
    comment: Option<String>,
    location: Option<String>,
    properties: Vec<(String, String)>,
}

impl Parser<'_> {
    pub(super) fn create_table(&mut self) -> Result<Hive, Error> {
        let external = self.word("external");
        self.expect("table")?;
        let if_not_exists = self.if_not_exists()?;
        let name = self.name()?;
        let start = self.position();
        let is = |word: &str| self.peek().is_some_and(|token| token.is_word(word));
        if !external && (is("with") || is("as")) {
            return self.create_table_as(name, if_not_exists);
        }
        if !self.symbol("(") {
            return Err(self.mismatch("'(' and the columns"));
        }
        let columns = self.columns()?;
        let mut clauses = self.clauses()?;
        if !external {
            let message = "CREATE TABLE without EXTERNAL is for Iceberg tables, which are not supported; write CREATE EXTERNAL TABLE";
            return Err(self.not_supported(name.position, message));
        }
        check_names(&columns, &clauses.partitioned_by, start)?;
        let format = clauses.format(&columns, start)?;
        let Some(location) = clauses.location else {
            return Err(Error::at(
                Code::NoLocation,
                start,
                "No location was specified for table. An S3 location must be specified",
            ));
        };
        let definition = TableDefinition {
            columns,
            partitioned_by: clauses.partitioned_by,
            comment: clauses.comment,
            format,
            location,
            properties: clauses.properties,
        };
        Ok(Hive::CreateTable { name, if_not_exists, definition })
    }

    /// Columns between brackets.
    pub(super) fn bracketed_columns(&mut self) -> Result<Vec<ColumnDefinition>, Error> {
        self.expect_symbol("(")?;
        self.columns()
    }

    /// `name type [COMMENT 'x']`.
    pub(super) fn column(&mut self) -> Result<ColumnDefinition, Error> {
        let name = self.identifier()?;
        let kind = self.hive_type()?;
        let comment = if self.word("comment") { Some(self.text()?) } else { None };
        Ok(ColumnDefinition { name, kind, comment })
    }

    /// Columns up to the closing bracket.
    fn columns(&mut self) -> Result<Vec<ColumnDefinition>, Error> {
        let mut columns = Vec::new();
        loop {
            columns.push(self.column()?);
            if !self.symbol(",") {
                self.expect_symbol(")")?;
                return Ok(columns);
            }
        }
    }

    fn hive_type(&mut self) -> Result<HiveType, Error> {
        let position = self.position();
        let first = self.peek().filter(|token| token.kind == Kind::Word).ok_or_else(|| self.mismatch("a type"))?;
        self.at += 1;
        let mut end = first.end();
        let opens = self.peek().is_some_and(|token| token.is_symbol("<") || token.is_symbol("("));
        let mut depth = 0_i32;
        while let Some(token) = self.peek().filter(|_| opens) {
            self.at += 1;
            end = token.end();
            depth += match token.text {
                "<" | "(" => 1,
                ">" | ")" => -1,
                _ => 0,
            };
            if depth <= 0 {
                break;
            }
        }
        let wrong =
            |reason| Error::at(Code::SyntaxError, position, format!("mismatched input '{}'. {reason}", first.text));
        self.sql[first.start..end].parse().map_err(|reason: String| {
            let types = "a type is one of boolean, tinyint, smallint, int, bigint, float, double, decimal(p,s), string, \
                         varchar(n), char(n), binary, date, timestamp, array<…>, map<…,…>, struct<name:type,…>";
            wrong(format!("{reason}; {types}"))
        })
    }

    fn clauses(&mut self) -> Result<Clauses, Error> {
        let mut clauses = Clauses::default();
        while self.peek().is_some() {
            if self.word("comment") {
                clauses.comment = Some(self.text()?);
            } else if self.word("partitioned") {
                self.expect("by")?;
                self.expect_symbol("(")?;
                clauses.partitioned_by = self.columns()?;
            } else if self.word("row") {
                self.expect("format")?;
                self.row_format(&mut clauses)?;
            } else if self.word("with") {
                self.expect("serdeproperties")?;
                clauses.storage.properties = self.properties()?;
            } else if self.word("stored") {
                self.expect("as")?;
                clauses.storage_position.get_or_insert(self.position());
                clauses.storage.stored_as = Some(self.stored_as()?);
            } else if self.word("location") {
                clauses.location = Some(self.location()?);
            } else if self.word("tblproperties") {
                clauses.properties = self.properties()?;
            } else {
                return Err(self.mismatch(
                    "'COMMENT', 'PARTITIONED', 'ROW', 'STORED', 'WITH', 'LOCATION', 'TBLPROPERTIES', <EOF>",
                ));
            }
        }
        Ok(clauses)
    }

    fn row_format(&mut self, clauses: &mut Clauses) -> Result<(), Error> {
        if self.word("serde") {
            clauses.storage_position = Some(self.position());
            clauses.storage.serde = Some(self.text()?);
            return Ok(());
        }
        self.expect("delimited")?;
        clauses.storage_position = Some(self.position());
        while let Some((key, value)) = self.delimited_clause()? {
            clauses.storage.properties.push((key.to_owned(), value));
        }
        Ok(())
    }

    /// A clause behind `ROW FORMAT DELIMITED`, as the property of LazySimpleSerDe that it sets.
    fn delimited_clause(&mut self) -> Result<Option<(&'static str, String)>, Error> {
        let key = if self.word("fields") {
            self.terminated_by()?;
            "field.delim"
        } else if self.word("escaped") {
            self.expect("by")?;
            "escape.delim"
        } else if self.word("lines") {
            self.terminated_by()?;
            "line.delim"
        } else if self.word("collection") {
            self.expect("items")?;
            self.terminated_by()?;
            "collection.delim"
        } else if self.word("map") {
            self.expect("keys")?;
            self.terminated_by()?;
            "mapkey.delim"
        } else if self.word("null") {
            self.expect("defined")?;
            self.expect("as")?;
            "serialization.null.format"
        } else {
            return Ok(None);
        };
        Ok(Some((key, self.text()?)))
    }

    fn terminated_by(&mut self) -> Result<(), Error> {
        self.expect("terminated")?;
        self.expect("by")
    }

    fn stored_as(&mut self) -> Result<String, Error> {
        if self.word("inputformat") {
            let input = self.text()?;
            self.expect("outputformat")?;
            self.text()?;
            return Ok(input);
        }
        self.identifier()
    }

    pub(super) fn location(&mut self) -> Result<String, Error> {
        let position = self.position();
        let location = self.text()?;
        let form = ["https://", "http://", "arn:"].iter().any(|start| location.starts_with(start));
        if form || location.contains('*') || location.is_empty() {
            let message = format!("location '{location}' is no folder; write 's3://bucket/prefix/'");
            return Err(Error::at(Code::HiveFailed, position, message));
        }
        Ok(location)
    }
}

impl Clauses {
    /// The format of the objects; a refusal has the place of its clause, or that of the columns.
    fn format(&mut self, columns: &[ColumnDefinition], start: Position) -> Result<TableFormat, Error> {
        let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
        let storage = std::mem::take(&mut self.storage);
        let position = self.storage_position.unwrap_or(start);
        let rich = columns.iter().any(|column| column.kind.is_rich());
        storage.format(&names, rich).map_err(|error| Error { position: Some(position), ..error })
    }
}

fn check_names(columns: &[ColumnDefinition], partitions: &[ColumnDefinition], position: Position) -> Result<(), Error> {
    let all: Vec<&str> = columns.iter().chain(partitions).map(|column| column.name.as_str()).collect();
    for (index, name) in all.iter().enumerate() {
        if all[..index].contains(name) {
            let what = if index >= columns.len() { "partition column" } else { "column" };
            let message = format!("SemanticException: Duplicate column name: {what} '{name}' stands twice");
            return Err(Error::at(Code::HiveFailed, position, message));
        }
    }
    Ok(())
}
