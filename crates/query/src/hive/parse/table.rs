//! CREATE EXTERNAL TABLE.

use super::{Code, ColumnDefinition, Error, Hive, HiveType, Kind, Parser, Position, TableDefinition, TableFormat};

/// Clauses of a table as they are found, before they are put together.
#[derive(Default)]
struct Clauses {
    delimiter: Option<char>,
    serde: Option<(String, Position)>,
    serde_properties: Vec<(String, String)>,
    stored_as: Option<(String, Position)>,
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
        let clauses = self.clauses()?;
        if !external {
            let message = "CREATE TABLE without EXTERNAL is for Iceberg tables, which are not supported; write CREATE EXTERNAL TABLE";
            return Err(self.not_supported(name.position, message));
        }
        check_names(&columns, &clauses.partitioned_by, start)?;
        let format = clauses.format()?;
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
        let name = match self.peek() {
            Some(token) if token.kind == Kind::Word => token.text.to_ascii_lowercase(),
            _ => return Err(self.mismatch("a type")),
        };
        let kind = HiveType::of(&name).ok_or_else(|| match name.as_str() {
            "decimal" | "binary" | "array" | "map" | "struct" => {
                self.not_supported(position, &format!("columns of type {name} are not supported; declare it as string"))
            }
            _ => self.mismatch(
                "a type: boolean, tinyint, smallint, int, bigint, float, double, string, varchar(n), date, timestamp",
            ),
        })?;
        self.at += 1;
        if matches!(name.as_str(), "varchar" | "char") && self.symbol("(") {
            self.value()?;
            self.expect_symbol(")")?;
        }
        Ok(kind)
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
                clauses.serde_properties = self.properties()?;
            } else if self.word("stored") {
                self.expect("as")?;
                clauses.stored_as = Some(self.stored_as()?);
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
            let position = self.position();
            clauses.serde = Some((self.text()?, position));
            return Ok(());
        }
        self.expect("delimited")?;
        loop {
            if self.word("fields") {
                self.terminated_by()?;
                let position = self.position();
                clauses.delimiter = Some(one_character(&self.text()?, position)?);
                if self.word("escaped") {
                    self.expect("by")?;
                    self.text()?;
                }
            } else if self.word("lines") {
                self.terminated_by()?;
                let position = self.position();
                let end = self.text()?;
                if end != "\\n" && end != "\n" {
                    return Err(self.not_supported(position, "lines end with '\\n' only"));
                }
            } else if self.word("collection") {
                self.expect("items")?;
                self.terminated_by()?;
                self.text()?;
            } else if self.word("map") {
                self.expect("keys")?;
                self.terminated_by()?;
                self.text()?;
            } else if self.word("null") {
                let position = self.position();
                self.expect("defined")?;
                self.expect("as")?;
                if self.text()? != "\\N" {
                    return Err(
                        self.not_supported(position, "NULL DEFINED AS another text than '\\N' is not supported")
                    );
                }
            } else {
                return Ok(());
            }
        }
    }

    fn terminated_by(&mut self) -> Result<(), Error> {
        self.expect("terminated")?;
        self.expect("by")
    }

    fn stored_as(&mut self) -> Result<(String, Position), Error> {
        let position = self.position();
        if self.word("inputformat") {
            let input = self.text()?;
            self.expect("outputformat")?;
            self.text()?;
            return Ok((input, position));
        }
        Ok((self.identifier()?, position))
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
    fn format(&self) -> Result<TableFormat, Error> {
        let mut parquet = false;
        for (name, position) in self.serde.iter().chain(&self.stored_as) {
            let lower = name.to_ascii_lowercase();
            match () {
                () if lower.contains("parquet") => parquet = true,
                () if lower.contains("lazysimple") || lower.contains("text") => {}
                () => {
                    let message = format!("'{name}' is not supported; text (LazySimpleSerDe) and Parquet are");
                    return Err(Error::at(Code::NotSupported, *position, message));
                }
            }
        }
        if parquet {
            return Ok(TableFormat::Parquet);
        }
        let from_properties = || {
            let is_delimiter = |key: &str| key == "field.delim" || key == "serialization.format";
            self.serde_properties.iter().find(|(key, _)| is_delimiter(key)).map(|(_, value)| value.as_str())
        };
        let delimiter = match (self.delimiter, from_properties()) {
            (Some(delimiter), _) => delimiter,
            (None, Some(value)) => one_character(value, Position { line: 1, column: 1 })?,
            (None, None) => '\u{1}',
        };
        Ok(TableFormat::Text { delimiter })
    }
}

fn one_character(text: &str, position: Position) -> Result<char, Error> {
    let unescaped = match text {
        "\\t" => "\t",
        "\\001" => "\u{1}",
        other => other,
    };
    let mut characters = unescaped.chars();
    match (characters.next(), characters.next()) {
        (Some(c), None) if c.is_ascii() && c != '\n' && c != '\r' => Ok(c),
        _ => Err(Error::at(
            Code::NotSupported,
            position,
            format!("'{text}' is no single ASCII character between fields"),
        )),
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
