//! `weir pattern test`: which lines a filter pattern means, and what it takes out of them.

use std::{
    borrow::Cow,
    io::{self, BufRead, Write},
    sync::Arc,
};

use anyhow::{Context as _, Result};
use arrow::{
    array::{ArrayRef, StringArray, UInt64Array},
    record_batch::RecordBatch,
};
use clap::{Arg, ArgAction, ArgMatches, Command};
use weir_watch::{
    filter::{MetricFilterMatch, TestMetricFilterOutput},
    pattern::{Pattern, PatternError},
};

use crate::{Outcome, Usage, command::query, output::Printer, settings::Output};

pub fn command() -> Command {
    Command::new("pattern")
        .about("Try a filter pattern on log events")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(
            Command::new("test")
                .about("Say which lines of standard input match, and what is extracted from them")
                .arg(
                    Arg::new("pattern").value_name("PATTERN").required(true).allow_hyphen_values(true).help(
                        "A filter pattern of CloudWatch Logs: terms, [slots of tokens], or { conditions on JSON }",
                    ),
                )
                .arg(
                    Arg::new("json")
                        .long("json")
                        .action(ArgAction::SetTrue)
                        .help("Print what TestMetricFilter answers; its events are numbered from 0"),
                ),
        )
        .after_help(
            "\
Examples:
  weir pattern test '[..., action = REJECT, status]' < flows.log
  weir pattern test '{ $.level = \"error\" && $.ms > 500 }' < app.jsonl
  weir pattern test '?ERROR ?WARN' < app.log
  weir pattern test --json '%4[0-9]{2}%' < access.log

Each line is an event; empty lines are none. The first column of the table is the number of the line.",
        )
}

pub fn run(matches: &ArgMatches) -> Result<Outcome> {
    let matches = matches.subcommand_matches("test").context("what about the pattern?")?;
    let text = matches.get_one::<String>("pattern").map_or("", String::as_str);
    let pattern = text.parse::<Pattern>().map_err(|error| Usage(pointed(text, &error)))?;
    let trial = Trial::read(&pattern, io::stdin().lock())?;
    if trial.damaged > 0 {
        eprintln!("weir: bytes that are no UTF-8 were read as U+FFFD, in {} lines", trial.damaged);
    }
    let mut out = Vec::new();
    if matches.get_flag("json") {
        serde_json::to_writer_pretty(&mut out, &TestMetricFilterOutput { matches: trial.matches })?;
        writeln!(out)?;
    } else {
        trial.print(&mut out)?;
    }
    io::stdout().write_all(&out)?;
    Ok(Outcome::Done)
}

/// The refusal, the pattern, and a caret under the character that is meant.
fn pointed(text: &str, error: &PatternError) -> String {
    let line: String = text.chars().map(|next| if next.is_control() { ' ' } else { next }).collect();
    format!("{error}\n  {line}\n  {}^", " ".repeat(error.column - 1))
}

/// What became of the lines.
#[derive(Default)]
struct Trial {
    events: usize,
    /// Lines with bytes that are no text.
    damaged: usize,
    /// As TestMetricFilter gives them: numbered from 0, without lines that are no events.
    matches: Vec<MetricFilterMatch>,
    /// The line of each match, from 1.
    lines: Vec<u64>,
    /// Everything extracted, in the order in which it came first.
    labels: Vec<String>,
}

impl Trial {
    fn read(pattern: &Pattern, input: impl BufRead) -> Result<Self> {
        let mut trial = Self::default();
        for (number, line) in (1..).zip(input.split(b'\n')) {
            let mut line = line.context("standard input cannot be read")?;
            if line.last() == Some(&b'\r') {
                line.pop();
            }
            let message = String::from_utf8_lossy(&line);
            trial.damaged += usize::from(matches!(message, Cow::Owned(_)));
            if !message.is_empty() {
                trial.try_event(pattern, number, &message);
            }
        }
        Ok(trial)
    }

    fn try_event(&mut self, pattern: &Pattern, line: u64, message: &str) {
        let event_number = self.events;
        self.events += 1;
        let Some(extracted) = pattern.extract(message) else { return };
        for (label, _) in &extracted {
            if !self.labels.contains(label) {
                self.labels.push(label.clone());
            }
        }
        let extracted_values = extracted.into_iter().collect();
        self.matches.push(MetricFilterMatch { event_number, event_message: message.to_owned(), extracted_values });
        self.lines.push(line);
    }

    fn print(&self, out: &mut Vec<u8>) -> Result<()> {
        if !self.matches.is_empty() {
            let table = self.table()?;
            let mut printer = Printer::new(Output::Table, table.schema(), &mut *out, query::terminal_width())?;
            printer.write(&table)?;
            printer.finish()?;
            writeln!(out)?;
        }
        writeln!(out, "{} of {} events match", self.matches.len(), self.events)?;
        Ok(())
    }

    /// What was extracted, or the events themselves when that is nothing.
    fn table(&self) -> Result<RecordBatch> {
        let lines: ArrayRef = Arc::new(UInt64Array::from(self.lines.clone()));
        let column = |values: Vec<&str>| Arc::new(StringArray::from(values)) as ArrayRef;
        let mut columns = vec![("line", lines)];
        for label in &self.labels {
            let texts = self.matches.iter().map(|found| found.extracted_values.get(label).map_or("", String::as_str));
            columns.push((label, column(texts.collect())));
        }
        if self.labels.is_empty() {
            columns.push(("event", column(self.matches.iter().map(|found| found.event_message.as_str()).collect())));
        }
        Ok(RecordBatch::try_from_iter(columns)?)
    }
}
