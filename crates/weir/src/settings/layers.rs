//! What the file, the environment and the flags say, laid over each other.

use std::{collections::BTreeMap, ffi::OsString, fmt, path::Path};

use anyhow::{Context as _, Result, anyhow, bail};
use toml::de::{DeTable, DeValue};

use super::{
    TABLE,
    value::{Shape, Words},
};

/// The file that is read when it is there and no other is named.
pub const DEFAULT_FILE: &str = "weir.toml";

/// Where a value was said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// Nowhere: the default of the table.
    Default,
    /// In the file, at this line and column.
    File(String, usize, usize),
    /// In this environment variable.
    Environment(String),
    /// By this flag.
    Flag(String),
}

impl fmt::Display for Source {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::Default => out.write_str("default"),
            Source::File(file, line, column) => write!(out, "{file}, line {line}, column {column}"),
            Source::Environment(variable) => write!(out, "environment variable {variable}"),
            Source::Flag(flag) => write!(out, "flag --{flag}"),
        }
    }
}

/// The words that were said for each setting, and where.
pub struct Layers {
    said: BTreeMap<&'static str, (Source, Vec<String>)>,
}

impl Layers {
    /// The defaults of the table.
    pub fn new() -> Self {
        let default = |word: Option<&str>| (Source::Default, word.map(str::to_owned).into_iter().collect());
        Self { said: TABLE.iter().map(|setting| (setting.key, default(setting.default))).collect() }
    }

    /// Lays a TOML file over what was said so far.
    ///
    /// # Errors
    /// What is wrong in the file, with line and column; an unknown key with the nearest known one.
    pub fn file(&mut self, path: &Path, text: &str) -> Result<()> {
        let name = path.display().to_string();
        let at = |offset: usize| {
            let (line, column) = position(text, offset);
            format!("{name}, line {line}, column {column}")
        };
        let table = DeTable::parse(text).map_err(|error| {
            let start = error.span().map_or(0, |span| span.start);
            anyhow!("{}: {}", at(start), error.message().replace('\n', ", "))
        })?;
        for (key, value) in table.get_ref() {
            let Some(setting) = TABLE.iter().find(|setting| setting.key == key.get_ref().as_ref()) else {
                bail!("{}: unknown key `{}`{}", at(key.span().start), key.get_ref(), nearest(key.get_ref()));
            };
            let words = words_of(value.get_ref(), setting.shape)
                .map_err(|problem| anyhow!("{}: {}: {problem}", at(value.span().start), setting.key))?;
            let (line, column) = position(text, value.span().start);
            self.said.insert(setting.key, (Source::File(name.clone(), line, column), words));
        }
        Ok(())
    }

    /// Lays the environment over what was said so far. An empty variable says nothing.
    ///
    /// # Errors
    /// A variable of ours that is not UTF-8.
    pub fn environment(&mut self, variable: impl Fn(&str) -> Option<OsString>) -> Result<()> {
        for setting in TABLE {
            let name = setting.variable();
            let Some(value) = variable(&name).filter(|value| !value.is_empty()) else { continue };
            let value =
                value.into_string().ok().with_context(|| format!("environment variable {name} is not UTF-8"))?;
            let words = match setting.shape {
                Shape::List => value.split(',').map(|word| word.trim().to_owned()).collect(),
                _ => vec![value],
            };
            self.said.insert(setting.key, (Source::Environment(name), words));
        }
        Ok(())
    }

    /// Lays one flag over what was said so far.
    pub fn flag(&mut self, key: &'static str, words: Vec<String>) {
        self.said.insert(key, (Source::Flag(key.to_owned()), words));
    }

    /// The value of a setting.
    ///
    /// # Errors
    /// When the words do not make such a value; the message says where they stand.
    pub fn value<T: Words>(&self, key: &str) -> Result<T> {
        let (source, words) = self.said.get(key).with_context(|| format!("no setting `{key}`"))?;
        T::from_words(words).map_err(|problem| anyhow!("{source}: {key}: {problem}"))
    }

    /// Every setting with its words and where they were said, in the order of the table.
    pub fn said(&self) -> impl Iterator<Item = (&'static super::Setting, &Source, &[String])> {
        TABLE.iter().filter_map(|setting| {
            let (source, words) = self.said.get(setting.key)?;
            Some((setting, source, words.as_slice()))
        })
    }
}

/// The words of a TOML value that stands for a setting of this shape.
fn words_of(value: &DeValue<'_>, shape: Shape) -> Result<Vec<String>, String> {
    let word = |value: &DeValue<'_>| match value {
        DeValue::String(text) => Ok(text.to_string()),
        DeValue::Integer(number) if number.radix() == 10 => Ok(number.as_str().replace('_', "")),
        DeValue::Boolean(switch) => Ok(switch.to_string()),
        other => Err(format!("expected a text, a number or a boolean, found a value of type {}", other.type_str())),
    };
    match (value, shape) {
        (DeValue::Array(items), Shape::List) => items.iter().map(|item| word(item.get_ref())).collect(),
        (value, _) => Ok(vec![word(value)?]),
    }
}

/// `; did you mean …` for the known key that is nearest to an unknown one, if one is near.
fn nearest(unknown: &str) -> String {
    let distance = |key: &str| strsim::osa_distance(key, &unknown.replace('_', "-"));
    let nearest = TABLE.iter().map(|setting| (distance(setting.key), setting.key)).min();
    match nearest {
        Some((distance, key)) if distance <= key.len().div_ceil(2) => format!("; did you mean `{key}`?"),
        _ => "; `weir config` lists the keys".to_owned(),
    }
}

/// Line and column, both from 1, of a byte offset.
fn position(text: &str, offset: usize) -> (usize, usize) {
    let before = &text.as_bytes()[..offset.min(text.len())];
    let line_start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1);
    (before.iter().filter(|byte| **byte == b'\n').count() + 1, before.len() - line_start + 1)
}
