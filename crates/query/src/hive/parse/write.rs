//! Statements that write, and prepared statements.

use super::{Error, Hive, Kind, Name, Parser};
use crate::hive::Property;

impl Parser<'_> {
    /// A statement of this module, if it begins like one.
    pub(super) fn write(&mut self) -> Result<Option<Hive>, Error> {
        if self.word("insert") {
            return self.insert().map(Some);
        }
        if self.word("unload") {
            return self.unload().map(Some);
        }
        if self.word("prepare") {
            let name = self.identifier()?;
            self.expect("from")?;
            return Ok(Some(Hive::Prepare { name, query: self.rest("a statement")? }));
        }
        if self.word("execute") {
            let name = self.identifier()?;
            let parameters = if self.word("using") { self.parameters()? } else { Vec::new() };
            return Ok(Some(Hive::Execute { name, parameters }));
        }
        if self.word("deallocate") {
            self.expect("prepare")?;
            return Ok(Some(Hive::Deallocate { name: self.identifier()? }));
        }
        Ok(None)
    }

    /// Behind the name of `CREATE TABLE name`, when it goes on with `WITH (…) AS` or `AS`.
    pub(super) fn create_table_as(&mut self, name: Name, if_not_exists: bool) -> Result<Hive, Error> {
        let properties = if self.word("with") { self.with_properties()? } else { Vec::new() };
        self.expect("as")?;
        let (query, with_data) = match self.without_data_clause() {
            Some((end, with_data)) => {
                let start = self.peek().map_or(self.sql.len(), |token| token.start);
                self.at = self.tokens.len();
                (self.sql[start.min(end)..end].to_owned(), with_data)
            }
            None => (self.rest("a query")?, true),
        };
        Ok(Hive::CreateTableAs { name, if_not_exists, properties, query, with_data })
    }

    /// Where the query before a final `WITH [NO] DATA` ends, and whether data are wanted.
    fn without_data_clause(&self) -> Option<(usize, bool)> {
        let (last, before) = self.tokens.split_last().filter(|(last, _)| last.is_word("data"))?;
        let no = before.last().is_some_and(|token| token.is_word("no"));
        let with = before.len().checked_sub(1 + usize::from(no)).and_then(|at| before.get(at));
        let with = with.filter(|token| token.is_word("with") && token.start < last.start)?;
        Some((with.start, !no))
    }

    fn insert(&mut self) -> Result<Hive, Error> {
        self.expect("into")?;
        let name = self.name()?;
        let mut columns = Vec::new();
        let is_query = |token: Option<&super::Token<'_>>| {
            token.is_some_and(|token| {
                ["select", "with", "values", "table"].iter().any(|word| token.is_word(word)) || token.is_symbol("(")
            })
        };
        if self.peek().is_some_and(|token| token.is_symbol("(")) && !is_query(self.tokens.get(self.at + 1)) {
            self.expect_symbol("(")?;
            loop {
                columns.push(self.identifier()?);
                if !self.symbol(",") {
                    self.expect_symbol(")")?;
                    break;
                }
            }
        }
        if !is_query(self.peek().as_ref()) {
            return Err(self.mismatch("'(', 'SELECT', 'TABLE', 'VALUES', 'WITH'"));
        }
        Ok(Hive::Insert { name, columns, query: self.rest("a query")? })
    }

    fn unload(&mut self) -> Result<Hive, Error> {
        let query = self.bracketed()?;
        self.expect("to")?;
        let location = self.text()?;
        self.expect("with")?;
        Ok(Hive::Unload { query, location, properties: self.with_properties()? })
    }

    /// What stands between a bracket and its partner.
    fn bracketed(&mut self) -> Result<String, Error> {
        self.expect_symbol("(")?;
        let start = self.peek().map(|token| token.start);
        let mut depth = 1;
        while let Some(token) = self.peek() {
            depth += i32::from(token.is_symbol("(")) - i32::from(token.is_symbol(")"));
            self.at += 1;
            if depth == 0 {
                return Ok(self.sql[start.unwrap_or(token.start)..token.start].to_owned());
            }
        }
        Err(self.mismatch("')'"))
    }

    /// Expressions up to the end, separated by commas that stand in no bracket.
    fn parameters(&mut self) -> Result<Vec<String>, Error> {
        let mut parameters = Vec::new();
        let mut depth = 0;
        let mut start = self.position_or_mismatch()?;
        let mut end = start;
        while let Some(token) = self.peek() {
            self.at += 1;
            depth += i32::from(token.is_symbol("(")) - i32::from(token.is_symbol(")"));
            if depth == 0 && token.is_symbol(",") {
                parameters.push(self.sql[start..end].to_owned());
                start = self.position_or_mismatch()?;
            }
            end = token.end();
        }
        parameters.push(self.sql[start.min(end)..end].to_owned());
        Ok(parameters)
    }

    /// Where the next token begins.
    fn position_or_mismatch(&self) -> Result<usize, Error> {
        self.peek().map(|token| token.start).ok_or_else(|| self.mismatch("an expression"))
    }

    /// `(key = value, …)`.
    fn with_properties(&mut self) -> Result<Vec<Property>, Error> {
        self.expect_symbol("(")?;
        let mut properties = Vec::new();
        loop {
            let position = self.position();
            let key = self.identifier()?;
            self.expect_symbol("=")?;
            let values = if self.word("array") { self.array()? } else { vec![self.property_value()?] };
            properties.push(Property { key, values, position });
            if !self.symbol(",") {
                self.expect_symbol(")")?;
                return Ok(properties);
            }
        }
    }

    fn array(&mut self) -> Result<Vec<String>, Error> {
        self.expect_symbol("[")?;
        let mut values = Vec::new();
        loop {
            values.push(self.property_value()?);
            if !self.symbol(",") {
                self.expect_symbol("]")?;
                return Ok(values);
            }
        }
    }

    fn property_value(&mut self) -> Result<String, Error> {
        match self.peek() {
            Some(token) if token.kind == Kind::Word => {
                self.at += 1;
                Ok(token.value())
            }
            _ => self.value(),
        }
    }
}
