//! `weir query`: Athena SQL over flow logs, from the terminal.

mod estimate;
mod insights;
mod places;
mod progress;

use std::{
    cell::Cell,
    fs,
    io::{self, IsTerminal as _, Read as _, Write},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context as _, Result};
use arrow::record_batch::RecordBatch;
use clap::{
    Arg, ArgGroup, ArgMatches, Command,
    builder::{PossibleValue, PossibleValuesParser},
    value_parser,
};
use tokio::runtime::Runtime;
use weir_query::{Answer, Copies, Engine, EngineOptions, Progress, QUESTIONS, RunOptions};

use crate::{
    Outcome, Usage, clock,
    destination::Destination,
    interrupt,
    output::Printer,
    settings::{Bytes, Output, Settings},
};
use progress::Bar;

pub fn command() -> Command {
    Command::new("query")
        .about("Answer a question in Athena SQL, over flow logs in files, folders and buckets, or in Logs Insights, over log groups")
        .after_help(
            "\
Examples:
  weir query 'SELECT srcaddr, sum(bytes) FROM vpc_flow_logs GROUP BY 1 ORDER BY 2 DESC LIMIT 10'
  weir query --from ./logs 'SELECT count(*) FROM vpc_flow_logs WHERE action = '\\''REJECT'\\'
  weir query --from old=logs/2025 --from new=logs/2026 'SELECT * FROM old EXCEPT SELECT * FROM new'
  weir query --from s3://my-bucket/AWSLogs --output-file top.parquet -f top.sql
  weir query --since 3h --insights 'filter action=\"REJECT\" | stats count(*) as n by srcAddr | sort n desc | limit 20'
  weir query --log-group /app --sample newest
  weir query --saved top-hosts
  weir query --estimate 'SELECT * FROM vpc_flow_logs'

Without --from the table vpc_flow_logs is what `weir up` delivered, and `CREATE EXTERNAL TABLE … LOCATION
's3://…'` defines further ones, which are kept: a bucket is a folder below DATA/buckets if it is there, otherwise
S3, reached with the usual AWS_* variables. With --from the columns come from header lines and Parquet schemas.

CSV is as Athena writes it: every value in double quotes, nothing for NULL. What could not be read is counted
and reported with its place; the exit code is then 3.",
        )
        .arg(Arg::new("sql").value_name("SQL").help("The statement; `-` reads it from standard input"))
        .arg(
            Arg::new("file")
                .short('f')
                .long("file")
                .value_name("FILE")
                .value_parser(value_parser!(PathBuf))
                .help("Read the statements from this file; several are separated by `;`"),
        )
        .arg(
            Arg::new("saved")
                .long("saved")
                .value_name("NAME")
                .value_parser(PossibleValuesParser::new(
                    QUESTIONS.iter().map(|question| PossibleValue::new(question.name).help(question.title)),
                ))
                .help("A question in SQL that is often asked of flow logs"),
        )
        .group(ArgGroup::new("statement").args(["sql", "file", "saved", "insights", "sample"]).required(true))
        .args(insights::arguments())
        .group(insights::question())
        .arg(
            Arg::new("from")
                .long("from")
                .value_name("PLACE")
                .action(clap::ArgAction::Append)
                .help("What the table vpc_flow_logs is: a file, a folder, or s3://bucket/prefix; NAME=PLACE names another table. May be given several times"),
        )
        .arg(
            Arg::new("output-file")
                .long("output-file")
                .value_name("FILE")
                .value_parser(value_parser!(PathBuf))
                .help("Write the answer to this file; the end of its name says how, if --output does not"),
        )
        .arg(
            Arg::new("estimate")
                .long("estimate")
                .action(clap::ArgAction::SetTrue)
                .help("Say what would be read, and read nothing of it"),
        )
}

pub fn run(matches: &ArgMatches, settings: &Settings) -> Result<Outcome> {
    if let Some(question) = insights::Question::of(matches, clock::milliseconds())? {
        let sink = Sink::new(matches.get_one::<PathBuf>("output-file").map(PathBuf::as_path), settings)?;
        interrupt::remove_unfinished()?;
        let ask = if matches.get_flag("estimate") { insights::estimate } else { insights::run };
        return ask(question, &sink, settings);
    }
    let statements = places::statements(&text(matches)?)?;
    let sink = Sink::new(matches.get_one::<PathBuf>("output-file").map(PathBuf::as_path), settings)?;
    interrupt::remove_unfinished()?;
    let from: Vec<&str> = matches.get_many::<String>("from").into_iter().flatten().map(String::as_str).collect();
    let (runtime, mut engine) = start(settings)?;
    let copies = copies(settings)?;
    if let Some(copies) = &copies {
        engine = engine.with_copies(Arc::clone(copies));
    }
    runtime.block_on(async {
        places::add(&engine, &from, settings).await?;
        if matches.get_flag("estimate") {
            return estimate::run(&engine, &statements, &sink, settings).await;
        }
        let mut outcome = Outcome::Done;
        for statement in &statements {
            if answer(&engine, statement, &sink, settings).await? == Outcome::Refused {
                outcome = Outcome::Refused;
            }
        }
        if let Some(copies) = copies {
            copies.catch_up().await;
        }
        Ok(outcome)
    })
}

/// The rows of a statement over the table vpc_flow_logs, for commands that reason about records. `from` is what `--from`
/// is; `statement` makes the statement for a table with these columns. What cannot be read is said on standard error.
///
/// # Errors
/// As for the command, and those of `statement`.
pub fn batches_of(
    from: &[&str],
    settings: &Settings,
    statement: impl FnOnce(&[String]) -> Result<String>,
) -> Result<(Vec<RecordBatch>, Outcome)> {
    let (runtime, engine) = start(settings)?;
    runtime.block_on(async {
        places::add(&engine, from, settings).await?;
        let look = engine.run("SELECT * FROM vpc_flow_logs LIMIT 0", &run_options(settings)).await?;
        let columns: Vec<String> = look.schema().fields().iter().map(|field| field.name().clone()).collect();
        let answer = engine.run(&statement(&columns)?, &run_options(settings)).await?;
        let progress = answer.progress();
        let batches = answer.collect().await?;
        Ok((batches, refused(&progress)))
    })
}

/// The engine, and what it runs on.
fn start(settings: &Settings) -> Result<(Runtime, Engine)> {
    let threads = settings.threads.and_then(|threads| usize::try_from(threads).ok());
    let threads = threads.or_else(|| std::thread::available_parallelism().ok().map(Into::into)).unwrap_or(1);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(threads).enable_all().build()?;
    let options = EngineOptions {
        threads,
        memory_limit: settings.memory_limit.and_then(|Bytes(bytes)| usize::try_from(bytes).ok()),
        catalogue: Some(settings.data.join("catalogue.json")),
    };
    Ok((runtime, Engine::new(options, places::buckets(settings)?)?))
}

/// Columnar copies, if they are wanted.
fn copies(settings: &Settings) -> Result<Option<Arc<Copies>>> {
    let Some(Bytes(room)) = settings.columnar_copies.filter(|&Bytes(room)| room > 0) else { return Ok(None) };
    let folder = settings.data.join("copies");
    let copies = Copies::open(&folder, room);
    copies
        .map(|copies| Some(Arc::new(copies)))
        .with_context(|| format!("{}: cannot keep copies there", folder.display()))
}

fn run_options(settings: &Settings) -> RunOptions {
    RunOptions { skip_bad_objects: settings.skip_bad_objects, ..RunOptions::new(clock::milliseconds()) }
}

/// Runs one statement and writes its answer.
async fn answer(engine: &Engine, statement: &str, sink: &Sink, settings: &Settings) -> Result<Outcome> {
    let started = clock::steady();
    let mut answer = engine.run(statement, &run_options(settings)).await?;
    let progress = answer.progress();
    if !answer.schema().fields().is_empty() {
        let bar = Bar::start(progress.clone());
        let rows = sink.write(&mut answer, &bar).await?;
        bar.stop();
        if io::stderr().is_terminal() {
            let read = Bytes(progress.bytes_scanned());
            eprintln!("{rows} rows, {read} read in {:.1} s", started.elapsed().as_secs_f64());
        }
    }
    Ok(refused(&progress))
}

/// Says on standard error what could not be read.
fn refused(progress: &Progress) -> Outcome {
    let refusals = progress.refusals();
    let bad_objects = progress.bad_objects();
    for bad in &bad_objects {
        let what =
            if bad.partly { "cannot be read whole, what stands before the damage counts" } else { "is left out" };
        eprintln!("weir: {} {what}: {}", bad.object, bad.reason);
    }
    if refusals.refused > 0 || refusals.nulled > 0 {
        eprintln!("weir: {refusals}");
    }
    if refusals.refused > 0 || !bad_objects.is_empty() { Outcome::Refused } else { Outcome::Done }
}

/// The text of the statements.
fn text(matches: &ArgMatches) -> Result<String> {
    if let Some(question) = matches.get_one::<String>("saved").and_then(|name| weir_query::question(name)) {
        return Ok(question.query.to_owned());
    }
    if let Some(file) = matches.get_one::<PathBuf>("file") {
        return fs::read_to_string(file).with_context(|| format!("{}: cannot read the statements", file.display()));
    }
    match matches.get_one::<String>("sql").map(String::as_str) {
        Some("-") | None => {
            let mut text = String::new();
            io::stdin().lock().read_to_string(&mut text).context("standard input: cannot read the statements")?;
            Ok(text)
        }
        Some(text) => Ok(text.to_owned()),
    }
}

/// How and where answers are written.
struct Sink {
    path: PathBuf,
    output: Output,
    width: Option<usize>,
    written: Cell<bool>,
}

impl Sink {
    fn new(file: Option<&Path>, settings: &Settings) -> Result<Self> {
        let path = file.unwrap_or(Path::new("-")).to_owned();
        let terminal = path.as_os_str() == "-" && io::stdout().is_terminal();
        let by_name = match path.extension().and_then(|end| end.to_str()) {
            Some("jsonl" | "json" | "ndjson") => Output::JsonLines,
            Some("parquet") => Output::Parquet,
            Some("csv") => Output::Csv,
            _ if terminal => Output::Table,
            _ => Output::Csv,
        };
        let output = settings.output.unwrap_or(by_name);
        if output == Output::Parquet && terminal {
            return Err(Usage("Parquet is not for terminals; give --output-file FILE".into()).into());
        }
        let width = terminal.then(terminal_width).flatten();
        Ok(Self { path, output, width, written: Cell::new(false) })
    }

    /// Writes rows that are there as a whole.
    fn write_all(&self, batch: &RecordBatch) -> Result<()> {
        let mut printer = Printer::new(self.output, batch.schema(), Destination::new(&self.path)?, self.width)?;
        printer.write(batch)?;
        let (mut out, _) = printer.finish()?;
        out.flush()?;
        out.commit()
    }

    async fn write(&self, answer: &mut Answer, bar: &Bar) -> Result<u64> {
        if self.written.replace(true) && self.path.as_os_str() != "-" {
            return Err(
                Usage("--output-file takes one answer; give one query, or write to standard output".into()).into()
            );
        }
        // The first rows first: a query that fails before them writes nothing.
        let mut next = answer.next().await.transpose()?;
        let out = Destination::new(&self.path)?;
        let mut printer = Printer::new(self.output, answer.schema(), out, self.width)?;
        while let Some(batch) = next {
            bar.hide_for(|| printer.write(&batch))?;
            next = answer.next().await.transpose()?;
        }
        bar.hide_for(|| {
            let (mut out, rows) = printer.finish()?;
            out.flush()?;
            out.commit()?;
            Ok(rows)
        })
    }
}

/// Characters of a line of the terminal that standard output is, if it is one.
pub fn terminal_width() -> Option<usize> {
    rustix::termios::tcgetwinsize(io::stdout()).ok().map(|size| usize::from(size.ws_col)).filter(|width| *width > 0)
}

/// How long a query runs before the bar appears.
const PATIENCE: Duration = Duration::from_millis(700);
