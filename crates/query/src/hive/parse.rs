//! The parser of Hive statements. Recursive descent over the tokens; every refusal has a place.

use super::{ColumnDefinition, Hive, HiveType, Name, PartitionSpec, TableDefinition, TableFormat};
use crate::error::{Code, Error, Position};
use crate::lexer::{Kind, Token};

mod alter;
mod table;
mod write;

/// Parses one statement; `sql` is the text that the tokens are of.
///
/// # Errors
/// With the place, for whatever is not Hive's grammar or not supported.
pub(crate) fn parse(sql: &str, tokens: &[Token<'_>]) -> Result<Hive, Error> {
    let mut parser = Parser { sql, tokens, at: 0 };
    let statement = parser.statement()?;
    match parser.peek() {
        None => Ok(statement),
        Some(_) => Err(parser.mismatch("<EOF>")),
    }
}

struct Parser<'a> {
    sql: &'a str,
    tokens: &'a [Token<'a>],
    at: usize,
}

impl<'a> Parser<'a> {
    fn statement(&mut self) -> Result<Hive, Error> {
        if self.word("create") {
            self.create()
        } else if self.word("drop") {
            self.drop()
        } else if self.word("alter") {
            self.alter()
        } else if self.word("msck") {
            self.expect("repair")?;
            self.expect("table")?;
            Ok(Hive::Repair { table: self.name()? })
        } else if self.word("show") {
            self.show()
        } else if self.word("describe") || self.word("desc") {
            self.describe()
        } else if let Some(statement) = self.write()? {
            Ok(statement)
        } else {
            Err(self.mismatch("'CREATE', 'ALTER', 'DROP', 'SHOW', 'DESCRIBE', 'MSCK'"))
        }
    }

    fn describe(&mut self) -> Result<Hive, Error> {
        let _ = self.word("extended") || self.word("formatted");
        let table = self.name()?;
        let partition = if self.word("partition") { Some(self.partition_spec()?) } else { None };
        let column = if self.peek().is_some() { Some(self.identifier()?) } else { None };
        Ok(Hive::Describe { table, partition, column })
    }

    fn create(&mut self) -> Result<Hive, Error> {
        if self.word("or") {
            self.expect("replace")?;
            self.expect("view")?;
            return self.create_view(true);
        }
        if self.word("view") {
            return self.create_view(false);
        }
        if self.word("database") || self.word("schema") {
            let if_not_exists = self.if_not_exists()?;
            let database = self.identifier()?;
            self.database_clauses()?;
            return Ok(Hive::CreateDatabase { database, if_not_exists });
        }
        self.create_table()
    }

    fn database_clauses(&mut self) -> Result<(), Error> {
        if self.word("comment") {
            self.text()?;
        }
        if self.word("location") {
            self.text()?;
        }
        if self.word("with") {
            self.expect("dbproperties")?;
            self.properties()?;
        }
        Ok(())
    }

    fn create_view(&mut self, or_replace: bool) -> Result<Hive, Error> {
        let name = self.name()?;
        self.expect("as")?;
        Ok(Hive::CreateView { name, or_replace, query: self.rest("a query")? })
    }

    fn drop(&mut self) -> Result<Hive, Error> {
        if self.word("table") {
            let if_exists = self.if_exists()?;
            return Ok(Hive::DropTable { name: self.name()?, if_exists });
        }
        if self.word("view") {
            let if_exists = self.if_exists()?;
            return Ok(Hive::DropView { name: self.name()?, if_exists });
        }
        if self.word("database") || self.word("schema") {
            let if_exists = self.if_exists()?;
            let database = self.identifier()?;
            let cascade = self.word("cascade") || {
                let _ = self.word("restrict");
                false
            };
            return Ok(Hive::DropDatabase { database, if_exists, cascade });
        }
        Err(self.mismatch("'TABLE', 'VIEW', 'DATABASE', 'SCHEMA'"))
    }

    fn show(&mut self) -> Result<Hive, Error> {
        if self.word("tables") {
            let database = self.in_database()?;
            return Ok(Hive::ShowTables { database, pattern: self.pattern()? });
        }
        if self.word("views") {
            let database = self.in_database()?;
            return Ok(Hive::ShowViews { database, pattern: self.pattern()? });
        }
        if self.word("databases") || self.word("schemas") {
            return Ok(Hive::ShowDatabases { pattern: self.pattern()? });
        }
        if self.word("partitions") {
            return Ok(Hive::ShowPartitions { table: self.name()? });
        }
        if self.word("columns") {
            if !self.word("from") {
                self.expect("in")?;
            }
            let mut table = self.name()?;
            if let Some(database) = self.in_database()? {
                table.database = Some(database);
            }
            return Ok(Hive::ShowColumns { table });
        }
        if self.word("functions") {
            return Ok(Hive::ShowFunctions { pattern: self.pattern()? });
        }
        if self.word("tblproperties") {
            let table = self.name()?;
            let mut key = None;
            if self.symbol("(") {
                key = Some(self.text()?);
                self.expect_symbol(")")?;
            }
            return Ok(Hive::ShowTableProperties { table, key });
        }
        self.expect("create")?;
        if self.word("view") {
            return Ok(Hive::ShowCreateView { view: self.name()? });
        }
        self.expect("table")?;
        Ok(Hive::ShowCreateTable { table: self.name()? })
    }

    fn in_database(&mut self) -> Result<Option<String>, Error> {
        if self.word("in") || self.word("from") { self.identifier().map(Some) } else { Ok(None) }
    }

    fn pattern(&mut self) -> Result<Option<String>, Error> {
        if self.word("like") || self.peek().is_some() { self.text().map(Some) } else { Ok(None) }
    }

    fn partition_spec(&mut self) -> Result<PartitionSpec, Error> {
        self.expect_symbol("(")?;
        let mut values = Vec::new();
        loop {
            let column = self.identifier()?;
            self.expect_symbol("=")?;
            values.push((column, self.value()?));
            if !self.symbol(",") {
                self.expect_symbol(")")?;
                return Ok(values);
            }
        }
    }

    fn properties(&mut self) -> Result<Vec<(String, String)>, Error> {
        self.expect_symbol("(")?;
        let mut properties = Vec::new();
        loop {
            let key = self.text()?;
            self.expect_symbol("=")?;
            properties.push((key, self.text()?));
            if !self.symbol(",") {
                self.expect_symbol(")")?;
                return Ok(properties);
            }
        }
    }

    fn if_not_exists(&mut self) -> Result<bool, Error> {
        if !self.word("if") {
            return Ok(false);
        }
        self.expect("not")?;
        self.expect("exists")?;
        Ok(true)
    }

    fn if_exists(&mut self) -> Result<bool, Error> {
        if !self.word("if") {
            return Ok(false);
        }
        self.expect("exists")?;
        Ok(true)
    }

    fn name(&mut self) -> Result<Name, Error> {
        let position = self.position();
        let mut parts = vec![self.identifier()?];
        while self.symbol(".") {
            parts.push(self.identifier()?);
        }
        let table = parts.pop().unwrap_or_default();
        let database = parts.pop();
        match parts.as_slice() {
            [] => {}
            [catalog] if catalog == "awsdatacatalog" => {}
            _ => return Err(Error::at(Code::CatalogNotFound, position, "the only catalogue is 'awsdatacatalog'")),
        }
        Ok(Name { database, table, position })
    }

    /// All that is left, which must be something.
    fn rest(&mut self, what: &str) -> Result<String, Error> {
        let (Some(first), Some(last)) = (self.peek(), self.tokens.last()) else { return Err(self.mismatch(what)) };
        self.at = self.tokens.len();
        Ok(self.sql[first.start..last.end()].to_owned())
    }

    /// A name, bare or quoted, in lower case.
    fn identifier(&mut self) -> Result<String, Error> {
        match self.peek() {
            Some(token) if matches!(token.kind, Kind::Word | Kind::Backticked | Kind::DoubleQuoted) => {
                self.at += 1;
                Ok(token.value().to_lowercase())
            }
            _ => Err(self.mismatch("a name")),
        }
    }

    /// A text in single or double quotes.
    fn text(&mut self) -> Result<String, Error> {
        match self.peek() {
            Some(token) if matches!(token.kind, Kind::Text | Kind::DoubleQuoted) => {
                self.at += 1;
                Ok(token.value())
            }
            _ => Err(self.mismatch("a text in quotes")),
        }
    }

    /// A text or a number, as partition values may be.
    fn value(&mut self) -> Result<String, Error> {
        match self.peek() {
            Some(token) if token.kind == Kind::Number => {
                self.at += 1;
                Ok(token.value())
            }
            _ => self.text(),
        }
    }

    fn peek(&self) -> Option<Token<'a>> {
        self.tokens.get(self.at).copied()
    }

    fn word(&mut self, word: &str) -> bool {
        let found = self.peek().is_some_and(|token| token.is_word(word));
        self.at += usize::from(found);
        found
    }

    fn symbol(&mut self, symbol: &str) -> bool {
        let found = self.peek().is_some_and(|token| token.is_symbol(symbol));
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, word: &str) -> Result<(), Error> {
        if self.word(word) { Ok(()) } else { Err(self.mismatch(&format!("'{}'", word.to_uppercase()))) }
    }

    fn expect_symbol(&mut self, symbol: &str) -> Result<(), Error> {
        if self.symbol(symbol) { Ok(()) } else { Err(self.mismatch(&format!("'{symbol}'"))) }
    }

    /// The place of the next token, or of the end.
    fn position(&self) -> Position {
        let end = self.tokens.last().map_or(Position { line: 1, column: 1 }, |last| {
            let lines = last.text.matches('\n').count() as u64;
            let tail = last.text.rsplit('\n').next().unwrap_or_default().chars().count() as u64;
            let column = if lines == 0 { last.position.column + tail } else { tail + 1 };
            Position { line: last.position.line + lines, column }
        });
        self.peek().map_or(end, |token| token.position)
    }

    fn mismatch(&self, expected: &str) -> Error {
        let found = self.peek().map_or("<EOF>", |token| token.text);
        Error::at(Code::SyntaxError, self.position(), format!("mismatched input '{found}'. Expecting: {expected}"))
    }

    fn not_supported(&self, position: Position, what: &str) -> Error {
        Error::at(Code::NotSupported, position, what)
    }
}

#[cfg(test)]
mod tests;
