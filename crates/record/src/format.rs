//! Log formats: which fields a record has, in which order.

use std::{fmt, str::FromStr, sync::Arc};

use arrow::datatypes::{self, Schema, SchemaRef};

use crate::Field;

/// The fields of a flow log's records, in order: at least one, none twice.
///
/// Written `${version} ${account-id} …`, as `LogFormat` of CreateFlowLogs has it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Format {
    fields: Vec<Field>,
}

/// Why a format string was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("log format, column {column}: {problem}")]
pub struct FormatError {
    /// Byte position in the string, counted from 1.
    pub column: usize,
    /// What is wrong there and what would be right.
    pub problem: String,
}

impl Format {
    /// A format of these fields.
    ///
    /// # Errors
    /// When there is no field, or one is listed twice. The column counts fields, from 1.
    pub fn new(fields: Vec<Field>) -> Result<Self, FormatError> {
        if fields.is_empty() {
            return Err(FormatError { column: 1, problem: "a format needs at least one field".into() });
        }
        for (index, field) in fields.iter().enumerate() {
            if fields[..index].contains(field) {
                return Err(FormatError {
                    column: index + 1,
                    problem: format!("field `{}` is listed twice", field.name()),
                });
            }
        }
        Ok(Self { fields })
    }

    /// The fields in order.
    pub fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// This format with further fields behind it, but for those that it has.
    #[must_use]
    pub fn with(&self, further: &[Field]) -> Self {
        let mut fields = self.fields.clone();
        for field in further {
            if !fields.contains(field) {
                fields.push(*field);
            }
        }
        Self { fields }
    }

    /// The value of the `version` field: the highest version among the fields, at least 2.
    pub fn version(&self) -> u8 {
        self.fields.iter().map(|field| field.spec().version).fold(2, u8::max)
    }

    /// The first line of a text object: names separated by spaces.
    pub fn header(&self) -> String {
        self.fields.iter().map(|field| field.name()).collect::<Vec<_>>().join(" ")
    }

    /// The Arrow schema of a batch in this format: one nullable column a field, named as a column.
    pub fn schema(&self) -> SchemaRef {
        let column = |field: &Field| datatypes::Field::new(field.column(), field.kind().data_type(), true);
        Arc::new(Schema::new(self.fields.iter().map(column).collect::<Vec<_>>()))
    }
}

/// The default format: the 14 fields of version 2.
impl Default for Format {
    fn default() -> Self {
        let fields = Field::ALL.iter().copied().filter(|field| field.spec().version == 2).collect();
        Self { fields }
    }
}

impl FromStr for Format {
    type Err = FormatError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut fields = Vec::new();
        let mut at = 0;
        for token in text.split(' ') {
            let column = at + 1;
            at += token.len() + 1;
            if token.is_empty() {
                continue;
            }
            let name = token.strip_prefix("${").and_then(|rest| rest.strip_suffix('}'));
            let Some(name) = name else {
                let problem = format!(
                    "expected a field such as `${{srcaddr}}`, found `{token}`; in a shell, put the format in single quotes"
                );
                return Err(FormatError { column, problem });
            };
            let Some(field) = Field::from_name(name).filter(|field| field.name() == name) else {
                let problem = format!("unknown field `{name}`; `weir fields` lists the fields");
                return Err(FormatError { column, problem });
            };
            if fields.contains(&field) {
                return Err(FormatError { column, problem: format!("field `{name}` is listed twice") });
            }
            fields.push(field);
        }
        Self::new(fields)
    }
}

impl TryFrom<String> for Format {
    type Error = FormatError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Format> for String {
    fn from(format: Format) -> Self {
        format.to_string()
    }
}

impl fmt::Display for Format {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, field) in self.fields.iter().enumerate() {
            let separator = if index == 0 { "" } else { " " };
            write!(out, "{separator}${{{}}}", field.name())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn default_is_version_2_and_round_trips() {
        let format = Format::default();
        assert_eq!(format.version(), 2);
        assert_eq!(format.fields().len(), 14);
        assert_eq!(format.to_string().parse(), Ok(format));
    }

    #[test]
    fn version_is_the_highest_of_the_fields() {
        let format: Format = "${srcaddr} ${flow-direction} ${src-geoip}".parse().expect("valid");
        assert_eq!(format.version(), 5);
    }

    #[test]
    fn refusals_name_the_position() {
        let refused = |text: &str| text.parse::<Format>().expect_err(text);
        assert_eq!(refused("${version} srcaddr").column, 12);
        assert_eq!(refused("${version} ${nope}").column, 12);
        assert_eq!(refused("${version} ${version}").column, 12);
        assert_eq!(refused("   ").column, 1);
        assert_eq!(refused("").column, 1);
    }
}
