//! The types that settings have, and how they are written.

use std::{fmt, net::SocketAddr, path::PathBuf, str::FromStr};

use weir_capture::live::TierChoice;
use weir_enforce::OnExit;
use weir_host::SideChoice;
use weir_network::AggregationInterval;
use weir_record::{FileFormat, Format};

/// What a value looks like, for the command line, the file and the guide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// A text.
    Text,
    /// A text that is not shown, because it may hold a password.
    Secret,
    /// A whole number.
    Number,
    /// `true` or `false`; the bare flag is `true`.
    Switch,
    /// Any number of texts.
    List,
    /// One of these texts.
    Choice(&'static [&'static str]),
}

/// A type that a setting can have: read from words, since a list has several and the rest one.
pub trait Words: Sized {
    /// What its values look like.
    const SHAPE: Shape;

    /// Reads a value; the error says what would be right.
    fn from_words(words: &[String]) -> Result<Self, String>;
}

/// An account id: 12 digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account(String);

impl Account {
    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A number of bytes, written with or without a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bytes(pub u64);

/// How packets are seen, or that they are not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CaptureChoice(pub Option<TierChoice>);

/// Whether signatures of requests are checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Auth {
    /// They are, and policies decide.
    On,
    /// They are not: whoever reaches the listener may do everything.
    Off,
}

/// The name of a log group, or `none`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogGroupChoice(pub Option<String>);

/// The URL of a mail relay.
#[derive(Clone, PartialEq, Eq)]
pub struct RelayUrl(pub String);

/// How an answer is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Output {
    /// Columns side by side, for people.
    Table,
    /// As Athena writes results.
    Csv,
    /// A JSON object a line.
    JsonLines,
    /// Parquet.
    Parquet,
}

/// Not the password.
impl fmt::Debug for RelayUrl {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("RelayUrl(…)")
    }
}

impl FromStr for Account {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let valid = text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit());
        if valid { Ok(Self(text.into())) } else { Err(format!("expected 12 digits, found `{text}`")) }
    }
}

impl FromStr for Bytes {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("expected a size such as 512MiB, found `{text}`");
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (number, unit) = text.split_at(digits);
        let factor: u64 = match unit.trim_start() {
            "" | "B" => 1,
            "kB" | "KB" => 1000,
            "MB" => 1_000_000,
            "GB" => 1_000_000_000,
            "KiB" | "K" => 1 << 10,
            "MiB" | "M" => 1 << 20,
            "GiB" | "G" => 1 << 30,
            _ => return Err(wrong()),
        };
        let number: u64 = number.parse().map_err(|_| wrong())?;
        number.checked_mul(factor).map(Self).ok_or_else(wrong)
    }
}

impl fmt::Display for Bytes {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units = ["B", "KiB", "MiB", "GiB", "TiB"];
        let mut value = self.0 as f64;
        let mut unit = 0;
        while value >= 1024.0 && unit + 1 < units.len() {
            value /= 1024.0;
            unit += 1;
        }
        let digits = usize::from(unit > 0);
        write!(out, "{value:.digits$} {}", units[unit])
    }
}

/// The single word of a value that is not a list.
fn one(words: &[String]) -> Result<&str, String> {
    match words {
        [word] => Ok(word),
        _ => Err(format!("expected one value, found {}", words.len())),
    }
}

macro_rules! one_word {
    ($($type:ty, $shape:expr, $parse:expr;)+) => {$(
        impl Words for $type {
            const SHAPE: Shape = $shape;

            fn from_words(words: &[String]) -> Result<Self, String> {
                let parse: fn(&str) -> Result<$type, String> = $parse;
                parse(one(words)?)
            }
        }
    )+};
}

one_word! {
    String, Shape::Text, |word| {
        if word.is_empty() { Err("expected a text, found nothing".into()) } else { Ok(word.into()) }
    };
    PathBuf, Shape::Text, |word| if word.is_empty() { Err("expected a path, found nothing".into()) } else { Ok(word.into()) };
    SocketAddr, Shape::Text, |word| word.parse().map_err(|_| format!("expected an address and port such as 127.0.0.1:4780, found `{word}`"));
    Format, Shape::Text, |word| word.parse().map_err(|error: weir_record::FormatError| error.to_string());
    Account, Shape::Text, str::parse;
    Bytes, Shape::Text, str::parse;
    u64, Shape::Number, |word| match word.parse() {
        Ok(number) if number > 0 => Ok(number),
        _ => Err(format!("expected a whole number above 0, found `{word}`")),
    };
    bool, Shape::Switch, |word| word.parse().map_err(|_| format!("expected true or false, found `{word}`"));
    AggregationInterval, Shape::Number, |word| {
        let seconds = word.parse::<u64>().map_err(|_| format!("expected 1, 10, 60 or 600 seconds, found `{word}`"))?;
        AggregationInterval::try_from(seconds)
    };
    FileFormat, Shape::Choice(&["plain-text", "parquet", "json", "cef", "ocsf"]), |word| {
        FileFormat::ALL.into_iter().find(|format| format.name() == word)
            .ok_or_else(|| format!("expected plain-text, parquet, json, cef or ocsf, found `{word}`"))
    };
    CaptureChoice, Shape::Choice(&["auto", "ebpf", "packet", "off"]), |word| match word {
        "off" => Ok(CaptureChoice(None)),
        tier => tier.parse().map(|tier| CaptureChoice(Some(tier))),
    };
    Auth, Shape::Choice(&["on", "off"]), |word| match word {
        "on" => Ok(Auth::On),
        "off" => Ok(Auth::Off),
        _ => Err(format!("expected on or off, found `{word}`")),
    };
    OnExit, Shape::Choice(&OnExit::NAMES), str::parse;
    SideChoice, Shape::Choice(&SideChoice::NAMES), str::parse;
    LogGroupChoice, Shape::Text, |word| match word {
        "" => Err("expected the name of a log group or none, found nothing".into()),
        "none" => Ok(LogGroupChoice(None)),
        name => Ok(LogGroupChoice(Some(name.into()))),
    };
    RelayUrl, Shape::Secret, |word| match word.split_once("://") {
        Some(("smtp" | "smtps", _)) => Ok(RelayUrl(word.into())),
        _ => Err("expected a URL such as smtp://user:password@relay.example.com:587".into()),
    };
    Output, Shape::Choice(&["table", "csv", "jsonl", "parquet"]), |word| match word {
        "table" => Ok(Output::Table),
        "csv" => Ok(Output::Csv),
        "jsonl" => Ok(Output::JsonLines),
        "parquet" => Ok(Output::Parquet),
        _ => Err(format!("expected table, csv, jsonl or parquet, found `{word}`")),
    };
}

impl<T: Words> Words for Option<T> {
    const SHAPE: Shape = T::SHAPE;

    fn from_words(words: &[String]) -> Result<Self, String> {
        if words.is_empty() { Ok(None) } else { T::from_words(words).map(Some) }
    }
}

impl Words for Vec<String> {
    const SHAPE: Shape = Shape::List;

    fn from_words(words: &[String]) -> Result<Self, String> {
        if words.iter().any(String::is_empty) {
            return Err("expected names, found an empty one".into());
        }
        Ok(words.to_vec())
    }
}
