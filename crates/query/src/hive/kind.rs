//! Types of columns, as Hive writes them: `bigint`, `decimal(10,2)`, `array<struct<a:int,b:string>>`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// How deep types may stand in types.
const DEEPEST: usize = 32;

/// A type of Hive's that columns can have here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub(crate) enum HiveType {
    Boolean,
    TinyInt,
    SmallInt,
    Int,
    BigInt,
    Float,
    Double,
    String,
    /// So many characters at most; values are texts as they are read.
    Varchar(u32),
    /// So many characters.
    Char(u32),
    Binary,
    Date,
    Timestamp,
    /// Digits, and how many of them stand behind the point.
    Decimal(u8, u8),
    Array(Box<HiveType>),
    Map(Box<HiveType>, Box<HiveType>),
    /// Members by name, in small letters.
    Struct(Vec<(String, HiveType)>),
}

impl HiveType {
    /// The type without brackets of this name in small letters. A decimal is one of ten digits.
    fn simple(name: &str) -> Option<Self> {
        Some(match name {
            "boolean" => Self::Boolean,
            "tinyint" => Self::TinyInt,
            "smallint" => Self::SmallInt,
            "int" | "integer" => Self::Int,
            "bigint" => Self::BigInt,
            "float" => Self::Float,
            "double" => Self::Double,
            "string" | "varchar" | "char" => Self::String,
            "binary" => Self::Binary,
            "date" => Self::Date,
            "timestamp" => Self::Timestamp,
            "decimal" => Self::Decimal(10, 0),
            _ => return None,
        })
    }

    /// Whether values are more than a number, a text, or a time: bytes, decimals, and what has parts.
    pub(crate) const fn is_rich(&self) -> bool {
        matches!(self, Self::Binary | Self::Decimal(..) | Self::Array(_) | Self::Map(..) | Self::Struct(_))
    }

    /// What Trino calls it.
    pub(crate) fn trino_name(&self) -> String {
        match self {
            Self::Int => "integer".to_owned(),
            Self::Float => "real".to_owned(),
            Self::String => "varchar".to_owned(),
            Self::Binary => "varbinary".to_owned(),
            Self::Timestamp => "timestamp(3)".to_owned(),
            Self::Array(item) => format!("array({})", item.trino_name()),
            Self::Map(key, value) => format!("map({}, {})", key.trino_name(), value.trino_name()),
            Self::Struct(members) => {
                let members = members.iter().map(|(name, kind)| format!("{name} {}", kind.trino_name()));
                format!("row({})", members.collect::<Vec<_>>().join(", "))
            }
            other => other.to_string(),
        }
    }
}

impl fmt::Display for HiveType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self {
            Self::Boolean => "boolean",
            Self::TinyInt => "tinyint",
            Self::SmallInt => "smallint",
            Self::Int => "int",
            Self::BigInt => "bigint",
            Self::Float => "float",
            Self::Double => "double",
            Self::String => "string",
            Self::Binary => "binary",
            Self::Date => "date",
            Self::Timestamp => "timestamp",
            Self::Varchar(length) => return write!(f, "varchar({length})"),
            Self::Char(length) => return write!(f, "char({length})"),
            Self::Decimal(digits, scale) => return write!(f, "decimal({digits},{scale})"),
            Self::Array(item) => return write!(f, "array<{item}>"),
            Self::Map(key, value) => return write!(f, "map<{key},{value}>"),
            Self::Struct(members) => {
                f.write_str("struct<")?;
                for (index, (name, kind)) in members.iter().enumerate() {
                    write!(f, "{}{name}:{kind}", if index > 0 { "," } else { "" })?;
                }
                ">"
            }
        };
        f.write_str(name)
    }
}

impl From<HiveType> for String {
    fn from(kind: HiveType) -> Self {
        kind.to_string()
    }
}

impl TryFrom<String> for HiveType {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl FromStr for HiveType {
    type Err = String;

    /// Says what is wrong with a text that is no type.
    fn from_str(text: &str) -> Result<Self, String> {
        let mut reader = Reader { rest: text };
        let kind = reader.kind(0)?;
        match reader.rest.trim_start() {
            "" => Ok(kind),
            rest => Err(format!("'{rest}' stands behind the type {kind}")),
        }
    }
}

/// Reads a type from its first letter on.
struct Reader<'a> {
    rest: &'a str,
}

impl<'a> Reader<'a> {
    fn kind(&mut self, depth: usize) -> Result<HiveType, String> {
        if depth > DEEPEST {
            return Err(format!("types stand in types more than {DEEPEST} deep"));
        }
        let name = self.name()?.to_ascii_lowercase();
        match name.as_str() {
            "array" => {
                self.expect('<')?;
                let item = self.kind(depth + 1)?;
                self.expect('>')?;
                Ok(HiveType::Array(Box::new(item)))
            }
            "map" => {
                self.expect('<')?;
                let key = self.kind(depth + 1)?;
                self.expect(',')?;
                let value = self.kind(depth + 1)?;
                self.expect('>')?;
                match key.is_rich() {
                    true => Err(format!("the keys of a map are of a simple type, and {key} is none")),
                    false => Ok(HiveType::Map(Box::new(key), Box::new(value))),
                }
            }
            "struct" => self.members(depth),
            name => self.sized(name),
        }
    }

    fn members(&mut self, depth: usize) -> Result<HiveType, String> {
        self.expect('<')?;
        let mut members: Vec<(String, HiveType)> = Vec::new();
        loop {
            let name = self.name()?.to_lowercase();
            if members.iter().any(|(known, _)| *known == name) {
                return Err(format!("a struct has two members '{name}'"));
            }
            self.expect(':')?;
            members.push((name, self.kind(depth + 1)?));
            if !self.takes(',') {
                self.expect('>')?;
                return Ok(HiveType::Struct(members));
            }
        }
    }

    /// A type that may have numbers in brackets.
    fn sized(&mut self, name: &str) -> Result<HiveType, String> {
        let unknown = || format!("'{name}' is no type");
        let numbers = self.numbers()?;
        match (name, numbers.as_slice()) {
            ("varchar", [length @ 1..=65_535]) => Ok(HiveType::Varchar(*length)),
            ("char", [length @ 1..=255]) => Ok(HiveType::Char(*length)),
            ("decimal", [digits @ 1..=38]) => Ok(HiveType::Decimal(u8::try_from(*digits).unwrap_or(38), 0)),
            ("decimal", [digits @ 1..=38, scale]) if scale <= digits => {
                Ok(HiveType::Decimal(u8::try_from(*digits).unwrap_or(38), u8::try_from(*scale).unwrap_or(0)))
            }
            (name, []) => HiveType::simple(name).ok_or_else(unknown),
            _ => Err(format!("{name} does not take these numbers in brackets")),
        }
    }

    fn numbers(&mut self) -> Result<Vec<u32>, String> {
        let mut numbers = Vec::new();
        if self.takes('(') {
            loop {
                let word = self.name()?;
                numbers.push(word.parse().map_err(|_| format!("'{word}' is no number of a type"))?);
                if !self.takes(',') {
                    self.expect(')')?;
                    break;
                }
            }
        }
        Ok(numbers)
    }

    /// A word, or what stands in backticks.
    fn name(&mut self) -> Result<&'a str, String> {
        let rest = self.rest.trim_start();
        let (name, rest) = match rest.strip_prefix('`').and_then(|quoted| quoted.split_once('`')) {
            Some(quoted) => quoted,
            None => {
                rest.split_at(rest.find(|c: char| !c.is_alphanumeric() && c != '_' && c != '-').unwrap_or(rest.len()))
            }
        };
        self.rest = rest;
        if name.is_empty() { Err(format!("a type or a name is missing before '{rest}'")) } else { Ok(name) }
    }

    fn takes(&mut self, mark: char) -> bool {
        let after = self.rest.trim_start().strip_prefix(mark);
        self.rest = after.unwrap_or(self.rest);
        after.is_some()
    }

    fn expect(&mut self, mark: char) -> Result<(), String> {
        if self.takes(mark) { Ok(()) } else { Err(format!("'{mark}' is missing before '{}'", self.rest)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_read_and_written_alike() {
        for text in [
            "int",
            "varchar(12)",
            "char(3)",
            "decimal(10,2)",
            "binary",
            "array<string>",
            "map<string,array<int>>",
            "struct<a:int,b:struct<c:map<date,double>>>",
        ] {
            let kind: HiveType = text.parse().unwrap();
            assert_eq!(kind.to_string(), text);
            assert_eq!(serde_json::to_string(&kind).unwrap(), format!("\"{text}\""));
        }
        let kind: HiveType = " Struct < `A-b` : DECIMAL , c : array < Integer > > ".parse().unwrap();
        assert_eq!(kind.to_string(), "struct<a-b:decimal(10,0),c:array<int>>");
        assert_eq!(kind.trino_name(), "row(a-b decimal(10,0), c array(integer))");
    }

    #[test]
    fn what_is_no_type_is_refused() {
        for text in [
            "",
            "nothing",
            "array",
            "array<>",
            "array<int",
            "map<int>",
            "struct<>",
            "struct<a>",
            "struct<a:int,a:int>",
            "decimal(39)",
            "decimal(3,4)",
            "varchar(0)",
            "int(3)",
            "int int",
            "map<array<int>,int>",
            "char(x)",
        ] {
            assert!(text.parse::<HiveType>().is_err(), "{text}");
        }
        assert!("array<".repeat(10_000).parse::<HiveType>().is_err());
    }
}
