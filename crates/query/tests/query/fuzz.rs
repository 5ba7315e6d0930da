//! Any statement: an answer or an error at a place of it, and no panic.
//!
//! Statements are those of the test files, cut, mixed and changed, and others made of whatever functions and types there
//! are. They go through the whole of the engine: parsers, planner and reading. The parsers alone are fuzzed with
//! coverage (`fuzz/`); the engine is too large to be built for that. `WEIR_FUZZ_SECONDS` makes a long run; what fails is
//! printed with its seed.

use std::env;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::FutureExt as _;
use weir_query::{Engine, EngineOptions, Error, RunOptions};
use weir_store::Buckets;

use super::insights::{DAY, Logs};
use super::{NOW, World};

/// Statements without [`SECONDS`].
const FEW: u64 = 300;
const SECONDS: &str = "WEIR_FUZZ_SECONDS";
/// A statement that runs longer is left, and is no finding: some ask for much work.
const PATIENCE: Duration = Duration::from_secs(5);

/// A sequence of numbers that a seed decides (SplitMix64).
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, count: usize) -> usize {
        usize::try_from(self.next() % count.max(1) as u64).unwrap()
    }

    fn of<'t, T: ?Sized>(&mut self, all: &[&'t T]) -> &'t T {
        all[self.below(all.len())]
    }
}

/// The statements of the test files that begin with one of these words.
fn statements(folder: &str, marks: &[&str]) -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(folder);
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.is_file());
    files.sort();
    let text: String = files.iter().map(|file| fs::read_to_string(file).unwrap() + "\n\n").collect();
    let blocks = text.split("\n\n").filter_map(|block| {
        let block = block.split_once("----").map_or(block, |(statement, _)| statement);
        let lines = block.lines().skip_while(|line| line.starts_with('#'));
        let mut lines = lines.skip_while(|line| !marks.iter().any(|mark| line.starts_with(mark)));
        lines.next()?;
        Some(lines.collect::<Vec<_>>().join("\n"))
    });
    let found: Vec<String> = blocks.filter(|statement| !statement.is_empty()).collect();
    assert!(found.len() > 50);
    found
}

/// Words, numbers, texts and marks of a statement, blanks among them.
fn parts(statement: &str) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    for c in statement.chars() {
        let joins = |last: &String| {
            let word = |c: char| c.is_alphanumeric() || c == '_';
            last.chars().next_back().is_some_and(|before| word(before) && word(c))
        };
        match parts.last_mut().filter(|last| joins(last)) {
            Some(last) => last.push(c),
            None => parts.push(c.to_string()),
        }
    }
    parts
}

/// A statement with parts left out, doubled, changed, and put in from another one.
fn changed(dice: &mut Dice, seeds: &[String]) -> String {
    let mut all = parts(&seeds[dice.below(seeds.len())]);
    for _ in 0..=dice.below(4) {
        let at = dice.below(all.len());
        match dice.below(7) {
            0 => drop((!all.is_empty()).then(|| all.remove(at))),
            1 => {
                let doubled = all.get(at).cloned().unwrap_or_default();
                all.insert(at, doubled);
            }
            2 => {
                let (one, other) = (dice.below(all.len()), at);
                if one < all.len() && other < all.len() {
                    all.swap(one, other);
                }
            }
            3 => {
                let other = parts(&seeds[dice.below(seeds.len())]);
                let from = dice.below(other.len());
                let until = (from + 1 + dice.below(12)).min(other.len());
                all.splice(at.min(all.len())..at.min(all.len()), other[from.min(until)..until].iter().cloned());
            }
            4 => all.truncate(at),
            5 => all.insert(at.min(all.len()), odd(dice).to_owned()),
            _ => {
                if let Some(part) = all.get_mut(at) {
                    odd(dice).clone_into(part);
                }
            }
        }
    }
    all.concat()
}

fn odd(dice: &mut Dice) -> &'static str {
    const ODD: [&str; 34] = [
        "NULL",
        "0",
        "-1",
        "9223372036854775807",
        "1e308",
        "''",
        "'\u{1f600}'",
        "\"",
        "'",
        "(",
        ")",
        "[",
        "]",
        "->",
        ",",
        "*",
        "?",
        ";",
        "\u{0}",
        "–",
        "ROW(1)",
        "ARRAY[]",
        "MAP()",
        "x -> x",
        "CAST(NULL AS json)",
        "decimal(38,38)",
        "timestamp",
        "DATE '9999-12-31'",
        "interval '1' month",
        "SELECT",
        "UNNEST(ARRAY[1])",
        "OVER ()",
        "|",
        "/(/",
    ];
    dice.of(&ODD)
}

/// A query of random expressions over the table `every`, which has a column of each type.
fn made(dice: &mut Dice, functions: &[String]) -> String {
    let columns: Vec<String> = (0..=dice.below(3)).map(|_| expression(dice, functions, 3)).collect();
    let mut query = format!("SELECT {} FROM every", columns.join(", "));
    if dice.below(2) == 0 {
        query += &format!(" WHERE {}", expression(dice, functions, 2));
    }
    match dice.below(4) {
        0 => query += " GROUP BY 1",
        1 => query += &format!(" ORDER BY {} DESC", expression(dice, functions, 1)),
        _ => {}
    }
    query
}

fn expression(dice: &mut Dice, functions: &[String], depth: usize) -> String {
    const VALUES: [&str; 24] = [
        "i",
        "b",
        "d",
        "t",
        "day",
        "at",
        "flag",
        "list",
        "pairs",
        "r",
        "r.a",
        "NULL",
        "1",
        "-9223372036854775808",
        "1.5",
        "'a'",
        "''",
        "DATE '2026-02-28'",
        "TIMESTAMP '2026-01-01 00:00:00 Europe/Berlin'",
        "IPADDRESS '10.0.0.1'",
        "JSON '{\"a\":[1]}'",
        "x -> x",
        "(s, x) -> s",
        "interval '3' day",
    ];
    const TYPES: [&str; 12] = [
        "varchar",
        "bigint",
        "tinyint",
        "double",
        "date",
        "timestamp",
        "json",
        "ipaddress",
        "array(varchar)",
        "boolean",
        "row(a bigint, b array(double))",
        "decimal(5,2)",
    ];
    if depth == 0 || dice.below(4) == 0 {
        return dice.of(&VALUES).to_owned();
    }
    let inner = |dice: &mut Dice| expression(dice, functions, depth - 1);
    match dice.below(8) {
        0 => {
            format!("({} {} {})", inner(dice), dice.of(&["+", "-", "*", "/", "%", "=", "<", "||", "AND"]), inner(dice))
        }
        1 => format!("CAST({} AS {})", inner(dice), dice.of(&TYPES)),
        2 => format!("TRY({})", inner(dice)),
        3 => format!("{}[{}]", inner(dice), inner(dice)),
        _ => {
            let function = &functions[dice.below(functions.len())];
            let arguments: Vec<String> = (0..dice.below(4)).map(|_| inner(dice)).collect();
            format!("{function}({})", arguments.join(", "))
        }
    }
}

/// Whether there is time, or there are statements, left.
struct Budget(Option<Instant>);

#[allow(clippy::disallowed_methods, reason = "a long run lasts as long as somebody says")]
impl Budget {
    fn new() -> Self {
        let seconds = env::var(SECONDS).ok().and_then(|seconds| seconds.parse().ok());
        Budget(seconds.map(|seconds| Instant::now() + Duration::from_secs(seconds)))
    }

    fn lasts(&self, done: u64) -> bool {
        self.0.map_or(done < FEW, |end| Instant::now() < end)
    }
}

/// Fails when work of the engine has panicked, in this thread or in one of DataFusion's.
async fn without_panic<T>(seed: u64, text: &str, work: impl Future<Output = Result<T, String>>) {
    match std::panic::AssertUnwindSafe(tokio::time::timeout(PATIENCE, work)).catch_unwind().await {
        Ok(Ok(Err(error))) => assert!(!error.contains("panicked"), "seed {seed}: {error}\n{text}"),
        Ok(_) => {}
        Err(_) => panic!("seed {seed} panics:\n{text}"),
    }
}

/// Runs a statement to its end.
async fn answered(engine: &Engine, text: &str) -> Result<(), String> {
    let within = |error: Error| {
        let lines = text.split('\n').count() as u64;
        let place = error.position.is_none_or(|place| (1..=lines).contains(&place.line) && place.column >= 1);
        if place { error.to_string() } else { format!("panicked: {error} is at no place of the statement") }
    };
    let options = RunOptions { data_folder: Some("s3://out/data/".to_owned()), ..RunOptions::new(NOW) };
    let mut answer = engine.run(text, &options).await.map_err(within)?;
    while let Some(batch) = answer.next().await {
        batch.map_err(|error| error.to_string())?;
    }
    Ok(())
}

async fn world() -> (World, Engine, Vec<String>) {
    let world = World::new();
    let row = r#"{"i":1,"b":-7,"d":0.5,"t":"text","day":"2026-02-28","at":"2026-01-01 00:00:00","flag":true,"list":[1,2],"pairs":{"k":1},"r":{"a":1,"b":"x"}}"#;
    world.put("every/x.json", format!("{row}\n{{}}\n{row}\n").as_bytes());
    let options = EngineOptions { threads: 2, memory_limit: Some(256 << 20), catalogue: Some(world.catalogue()) };
    let engine = Engine::new(options, Buckets::new().with_root(world.folder.path().join("buckets"))).unwrap();
    let table = "CREATE EXTERNAL TABLE every (i int, b bigint, d double, t string, day date, at timestamp, flag boolean, \
                 list array<int>, pairs map<string,bigint>, r struct<a:int,b:string>) \
                 ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe' LOCATION 's3://every/'";
    answered(&engine, table).await.unwrap();
    let functions = super::lines(&engine, "SHOW FUNCTIONS").await;
    (world, engine, functions)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_statement_makes_the_engine_panic() {
    let (_world, engine, functions) = world().await;
    let seeds = statements("slt", &["query", "statement"]);
    let (budget, mut seed) = (Budget::new(), 0);
    while budget.lasts(seed) {
        let mut dice = Dice(seed);
        let text = if seed % 3 == 0 { made(&mut dice, &functions) } else { changed(&mut dice, &seeds) };
        without_panic(seed, &text, answered(&engine, &text)).await;
        seed += 1;
    }
    println!("{seed} statements");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_query_makes_logs_insights_panic() {
    let logs = Arc::new(Logs::new());
    for (number, message) in
        ["2 123456789012 eni-1 10.0.0.1 10.0.0.9 1 22 6 3 180 1 2 REJECT OK", r#"{"a":{"b":[1,"x"]}}"#, "text 12 ms"]
            .into_iter()
            .enumerate()
    {
        logs.put("/g", "s", DAY + number as i64 * 1000, message);
    }
    let seeds = statements("insights", &["query", "error"]);
    let (budget, mut seed) = (Budget::new(), 0);
    while budget.lasts(seed) {
        let text = changed(&mut Dice(seed), &seeds);
        let work = async { logs.try_run(&text).await.map_err(|error| error.to_string()) };
        without_panic(seed, &text, work).await;
        seed += 1;
    }
    println!("{seed} queries");
}
