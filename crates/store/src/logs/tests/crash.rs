//! Killed at any moment: every acknowledged event is there once, no batch is half there, and what came of the events is
//! counted once.
//!
//! The test runs itself as a child process that appends with eight threads, makes and merges segments, and keeps a sum of
//! what its tap was told; and kills it.

use std::{collections::BTreeMap, thread};

use super::*;
use crate::{
    CatalogueError, Tables,
    child::{nth, run_and_kill, say, told},
};

const WRITERS: i64 = 8;

/// Events are numbered; those of a run from `run * RUN`, those of a writer from `writer * WRITER` on.
const RUN: i64 = 100_000_000;
const WRITER: i64 = 10_000_000;

#[test]
fn killed_at_any_moment() {
    #[allow(clippy::disallowed_methods, reason = "no setting of the program: how long `make test-crash` goes on")]
    let kills = std::env::var("WEIR_CRASH_KILLS").ok().map_or(5, |kills| kills.parse().expect("a number of kills"));
    let dir = tempfile::tempdir().expect("made");
    let mut acknowledged = Vec::new();
    for run in 0..kills {
        acknowledged.extend(killed(dir.path(), run));
        check(dir.path(), &acknowledged, kills);
    }
    assert!(acknowledged.len() as i64 > 8 * kills, "hardly anything was written: {}", acknowledged.len());
}

/// How many events the batch has whose first number this is.
fn events_of(first: i64) -> i64 {
    1 + first % 7
}

fn message(number: i64) -> String {
    if number % 3 == 0 {
        format!("2 1 eni-a 10.0.0.1 10.0.0.2 {} 22 6 1 40 1 {number} REJECT OK", number % 50_000)
    } else {
        format!("number {number}")
    }
}

fn number(message: &str) -> i64 {
    let word = message.split(' ').nth(if message.starts_with('n') { 1 } else { 11 });
    word.and_then(|word| word.parse().ok()).expect("numbered")
}

/// What is on disk holds every acknowledged event once, whole batches only, and its sum is that of the tap.
fn check(dir: &Path, acknowledged: &[i64], kills: i64) {
    let (store, tap) = open_summing(dir, kills);
    assert_eq!(store.damage(), []);
    let mut seen: BTreeMap<i64, u64> = BTreeMap::new();
    let mut sum = 0;
    for events in store.scan("/g", 0, i64::MAX, NOW).expect("scanned") {
        let events = events.expect("read");
        for (row, message) in events.messages().expect("written out").iter().flatten().enumerate() {
            sum += number(message);
            let before = seen.insert(number(message), events.key(row).position);
            assert_eq!(before, None, "{message} is there twice");
        }
    }
    for first in acknowledged {
        for number in *first..first + events_of(*first) {
            assert!(seen.contains_key(&number), "{number} was acknowledged and is lost");
        }
    }
    let mut positions: BTreeMap<u64, Vec<i64>> = BTreeMap::new();
    seen.into_iter().for_each(|(number, position)| positions.entry(position).or_default().push(number));
    for (position, numbers) in &positions {
        let whole = (numbers[0]..).take(numbers.len()).eq(numbers.iter().copied());
        assert!(whole && numbers.len() as i64 == events_of(numbers[0]), "half a batch at {position}: {numbers:?}");
    }
    assert_eq!(tap.sum.lock().expect("sound").1, sum, "what was told is what is there");
}

/// Runs a child and kills it; one in four while it opens what the others left, the others after some batches.
/// Returns the batches that it acknowledged.
fn killed(dir: &Path, run: i64) -> Vec<i64> {
    let wrote = nth(1 + 15 * (run % 4), "written ");
    let enough: Option<&dyn Fn(&str) -> bool> = if run % 4 == 3 { None } else { Some(&wrote) };
    let said = run_and_kill("logs::tests::crash::child", (run, dir), enough);
    let first = |line: &String| line.strip_prefix("written ").map(|first| first.parse().expect("a number"));
    said.iter().filter_map(first).collect()
}

const SUM: Tables = Tables {
    owner: "test",
    steps: &["CREATE TABLE test_sum (settled INTEGER, sum INTEGER); INSERT INTO test_sum VALUES (0, 0)"],
};

/// Sums up the numbers that it is told, and keeps the sum with the position that it goes up to: as metrics do.
struct Summing {
    catalogue: Catalogue,
    /// The last position told, and the sum.
    sum: Mutex<(u64, i64)>,
    settled: AtomicU64,
}

impl Summing {
    fn open(catalogue: &Catalogue) -> Self {
        catalogue.provide(&SUM).expect("made");
        let read =
            |transaction: &rusqlite::Transaction<'_>| {
                Ok::<_, CatalogueError>(transaction.query_row("SELECT settled, sum FROM test_sum", [], |row| {
                    Ok((row.get::<_, i64>(0)?, row.get(1)?))
                })?)
            };
        let (settled, sum) = catalogue.change(read).expect("read");
        let settled = u64::try_from(settled).expect("positive");
        Self { catalogue: catalogue.clone(), sum: Mutex::new((settled, sum)), settled: settled.into() }
    }

    fn flush(&self) {
        let (position, sum) = *self.sum.lock().expect("sound");
        let write = |transaction: &rusqlite::Transaction<'_>| {
            transaction.execute("UPDATE test_sum SET settled = ?1, sum = ?2", (position.cast_signed(), sum))?;
            Ok::<_, CatalogueError>(())
        };
        self.catalogue.change(write).expect("written");
        self.settled.store(position, Ordering::Release);
    }
}

impl Tap for Summing {
    fn appended(&self, batch: &Committed) {
        let mut sum = self.sum.lock().expect("sound");
        assert!(batch.position > sum.0, "{} comes after {}", batch.position, sum.0);
        *sum = (batch.position, sum.1 + batch.messages.iter().flatten().map(number).sum::<i64>());
    }

    fn settled(&self) -> u64 {
        self.settled.load(Ordering::Acquire)
    }
}

fn open_summing(dir: &Path, run: i64) -> (LogStore, Arc<Summing>) {
    let catalogue = Catalogue::open(&dir.join("catalogue.sqlite")).expect("opened");
    let tap = Arc::new(Summing::open(&catalogue));
    let options = LogOptions {
        append_file_bytes: 20_000,
        segment_memory: 10_000 + usize::try_from(run % 5).expect("small") * 10_000,
        memory_limit: 200_000,
        merge_segments: 3,
        merge_rows: 20_000,
        ..options()
    };
    let store = LogStore::open(&dir.join("logs"), catalogue, options, Arc::clone(&tap) as _).expect("opened");
    (store, tap)
}

/// Appends until it is killed. Does nothing when it is not told where.
#[test]
#[ignore = "the child of the test above"]
fn child() {
    let Some((run, dir)) = told() else { return };
    let (store, tap) = open_summing(&dir, run);
    let request = CreateLogGroupRequest { log_group_name: "/g".into(), ..Default::default() };
    let _ = store.create_log_group(&request, NOW);
    thread::scope(|scope| {
        for writer in 0..WRITERS {
            let store = &store;
            scope.spawn(move || write(store, run, writer));
        }
        loop {
            store.poll(NOW);
            tap.flush();
        }
    });
}

fn write(store: &LogStore, run: i64, writer: i64) {
    let stream = format!("writer-{writer}");
    // There since the first run, unless that was killed before.
    let _ = create_stream(store, "/g", &stream);
    let mut first = run * RUN + writer * WRITER;
    loop {
        let events: Vec<_> =
            (first..first + events_of(first)).map(|number| event(NOW - 50 + first % 50, message(number))).collect();
        put(store, &stream, &events);
        say(&format!("written {first}"));
        first += events.len() as i64;
    }
}
