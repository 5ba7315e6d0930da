//! Trino's types by name, as CAST has them.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, FieldRef, IntervalUnit, TimeUnit};
use datafusion::common::Result;
use datafusion::logical_expr::planner::TypePlanner;
use datafusion::sql::sqlparser::ast::{self, TimezoneInfo};

use super::{DAY_TO_SECOND, TYPE, YEAR_TO_MONTH};
use crate::error::{Code, Error};
use crate::function::{ADDRESS, PREFIX, json_type, map_type};

/// Plans the types that DataFusion does not know.
#[derive(Debug)]
pub(crate) struct Types;

impl TypePlanner for Types {
    fn plan_type_field(&self, sql_type: &ast::DataType) -> Result<Option<FieldRef>> {
        let data_type = match sql_type {
            ast::DataType::JSON => json_type(),
            ast::DataType::Varbinary(_) => DataType::BinaryView,
            // Without this the zone would be lost.
            ast::DataType::Timestamp(_, TimezoneInfo::WithTimeZone | TimezoneInfo::Tz) => {
                DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into()))
            }
            ast::DataType::Custom(name, _) => match name.0.as_slice() {
                [ast::ObjectNamePart::Identifier(name)] if name.value == DAY_TO_SECOND => {
                    DataType::Duration(TimeUnit::Millisecond)
                }
                [ast::ObjectNamePart::Identifier(name)] if name.value == YEAR_TO_MONTH => {
                    DataType::Interval(IntervalUnit::YearMonth)
                }
                [ast::ObjectNamePart::Identifier(name)] => match name.value.strip_prefix(TYPE) {
                    Some(text) => parse(text)?,
                    None => return Ok(scalar(&name.value.to_ascii_lowercase()).filter(is_ours).map(nullable)),
                },
                _ => return Ok(None),
            },
            _ => return Ok(None),
        };
        Ok(Some(nullable(data_type)))
    }
}

fn is_ours(data_type: &DataType) -> bool {
    *data_type == ADDRESS || *data_type == PREFIX || *data_type == json_type()
}

fn nullable(data_type: DataType) -> FieldRef {
    Arc::new(Field::new("", data_type, true))
}

/// A type without brackets, in lower case.
fn scalar(name: &str) -> Option<DataType> {
    Some(match name {
        "boolean" => DataType::Boolean,
        "tinyint" => DataType::Int8,
        "smallint" => DataType::Int16,
        "integer" | "int" => DataType::Int32,
        "bigint" => DataType::Int64,
        "real" => DataType::Float32,
        "double" => DataType::Float64,
        "varchar" | "char" => DataType::Utf8View,
        "varbinary" => DataType::BinaryView,
        "date" => DataType::Date32,
        "timestamp" => DataType::Timestamp(TimeUnit::Millisecond, None),
        "timestamp with time zone" => DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into())),
        "json" => json_type(),
        "ipaddress" => ADDRESS,
        "ipprefix" => PREFIX,
        _ => return None,
    })
}

/// The type that words and marks, each between blanks, are: `map ( varchar , bigint )`.
fn parse(text: &str) -> Result<DataType> {
    let mut words = Words { words: text.split(' ').collect(), at: 0 };
    let found = words.data_type().filter(|_| words.at == words.words.len());
    found.ok_or_else(|| {
        Error::new(Code::TypeMismatch, format!("Unknown type: {}", text.replace(' ', ""))).into_datafusion()
    })
}

struct Words<'a> {
    words: Vec<&'a str>,
    at: usize,
}

impl<'a> Words<'a> {
    fn next(&mut self) -> Option<&'a str> {
        self.at += 1;
        self.words.get(self.at - 1).copied()
    }

    fn takes(&mut self, mark: &str) -> bool {
        let found = self.words.get(self.at).is_some_and(|word| word.eq_ignore_ascii_case(mark));
        self.at += usize::from(found);
        found
    }

    fn data_type(&mut self) -> Option<DataType> {
        match self.next()?.to_ascii_lowercase().as_str() {
            "array" => {
                let mut items = self.list()?;
                (items.len() == 1).then(|| DataType::new_list(items.remove(0).1, true))
            }
            "map" => match self.list()?.as_slice() {
                [(_, key), (_, value)] => Some(map_type(key.clone(), value.clone())),
                _ => None,
            },
            "row" => {
                let fields = self.list()?.into_iter().map(|(name, kind)| Field::new(name, kind, true));
                Some(DataType::Struct(fields.collect()))
            }
            "decimal" => {
                let size: Vec<u8> = self.numbers()?;
                let scale = size.get(1).copied().unwrap_or(0);
                Some(DataType::Decimal128(*size.first()?, i8::try_from(scale).ok()?))
            }
            name => {
                self.numbers()?;
                let zone = name == "timestamp" && self.takes("with") && self.takes("time") && self.takes("zone");
                scalar(if zone { "timestamp with time zone" } else { name })
            }
        }
    }

    /// `(3, 1)`, when it stands there.
    fn numbers(&mut self) -> Option<Vec<u8>> {
        let mut numbers = Vec::new();
        if self.takes("(") {
            loop {
                numbers.push(self.next()?.parse().ok()?);
                if self.takes(")") {
                    break;
                }
                self.takes(",").then_some(())?;
            }
        }
        Some(numbers)
    }

    /// Types in brackets, each with the name before it or one by its place.
    fn list(&mut self) -> Option<Vec<(String, DataType)>> {
        self.takes("(").then_some(())?;
        let mut list = Vec::new();
        loop {
            let start = self.at;
            let (name, kind) = match self.data_type() {
                // Words that are a type stand alone; otherwise the first is a name.
                Some(kind) if self.ends() => (format!("field{}", list.len()), kind),
                _ => {
                    self.at = start;
                    let name = self.next()?.trim_matches('"').to_owned();
                    (name, self.data_type()?)
                }
            };
            list.push((name, kind));
            if self.takes(")") {
                return Some(list);
            }
            self.takes(",").then_some(())?;
        }
    }

    fn ends(&self) -> bool {
        self.words.get(self.at).is_some_and(|word| matches!(*word, ")" | ","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nested_types_are_read() {
        let row = DataType::Struct(
            [Field::new("a", DataType::Int64, true), Field::new("date", DataType::Date32, true)].into_iter().collect(),
        );
        for (text, expected) in [
            ("array ( varchar ( 3 ) )", Some(DataType::new_list(DataType::Utf8View, true))),
            ("array ( row ( a bigint , date date ) )", Some(DataType::new_list(row, true))),
            (
                "map ( varchar , array ( bigint ) )",
                Some(map_type(DataType::Utf8View, DataType::new_list(DataType::Int64, true))),
            ),
            (
                "row ( decimal ( 3 , 1 ) )",
                Some(DataType::Struct([Field::new("field0", DataType::Decimal128(3, 1), true)].into_iter().collect())),
            ),
            ("array ( nothing )", None),
            ("array ( bigint ) ( bigint )", None),
            ("map ( bigint", None),
        ] {
            assert_eq!(parse(text).ok(), expected, "{text}");
        }
    }
}
