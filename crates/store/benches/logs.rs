//! Log groups: what eight clients append beside what the disk takes, and memory with many events in one group.
//!
//! `cargo bench -p weir-store --bench logs -- append 400` has each client append so many batches in each round;
//! `… -- memory 10000000` appends so many events. The events are default-format records, 500 a batch, as PutLogEvents
//! gets them: as text. The directory is below `target`; `… -- append 400 DIRECTORY` takes another.

#![allow(clippy::expect_used, reason = "a benchmark that cannot run may say so loudly")]

use std::{
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use weir_store::{
    Catalogue,
    logs::{
        Committed, CreateLogGroupRequest, CreateLogStreamRequest, GetLogEventsRequest, InputEvent, LogOptions,
        LogStore, Owner, Tap,
    },
};

const CLIENTS: u64 = 8;
const BATCH: u64 = 500;
const ROUNDS: usize = 5;
const NOW: i64 = 1_780_000_000_000;
const GROUP: &str = "/weir/flow-logs";

fn main() {
    let mut arguments = std::env::args().skip(1).filter(|argument| !argument.starts_with("--"));
    let part = arguments.next().unwrap_or_else(|| "append".into());
    let count = arguments.next().map(|count| count.parse().expect("a number"));
    let folder = arguments.next().map_or_else(|| PathBuf::from(env!("CARGO_TARGET_TMPDIR")), PathBuf::from);
    let folder = tempfile::tempdir_in(folder).expect("a folder that can be written");
    match part.as_str() {
        "append" => append(folder.path(), count.unwrap_or(400)),
        "memory" => memory(folder.path(), count.unwrap_or(10_000_000)),
        other => panic!("unknown part `{other}`: append or memory"),
    }
}

/// Everything it was told is settled, as soon as it was told.
#[derive(Default)]
struct Settled(AtomicU64);

impl Tap for Settled {
    fn appended(&self, batch: &Committed) {
        self.0.store(batch.position, Ordering::Relaxed);
    }

    fn settled(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

fn open(folder: &Path) -> LogStore {
    let catalogue = Catalogue::open(&folder.join("catalogue.sqlite")).expect("opened");
    let options = LogOptions::new(Owner { account: "123456789012".into(), region: "us-east-1".into() });
    let store = LogStore::open(&folder.join("logs"), catalogue, options, Arc::<Settled>::default()).expect("opened");
    let group = CreateLogGroupRequest { log_group_name: GROUP.into(), ..Default::default() };
    store.create_log_group(&group, NOW).expect("made");
    for client in 0..CLIENTS {
        let stream = CreateLogStreamRequest { log_group_name: GROUP.into(), log_stream_name: stream(client) };
        store.create_log_stream(&stream, NOW).expect("made");
    }
    store
}

fn stream(client: u64) -> String {
    format!("eni-0123456789abcdef{client}-all")
}

/// A batch of records that differ as those of a network do.
fn batch(client: u64, number: u64) -> Vec<InputEvent> {
    let mut seed = client.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ number;
    let mut random = move |below: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % below
    };
    let seconds = NOW / 1000 + i64::try_from(number % 3600).expect("small");
    let record = |_| {
        let (action, packets) = (if random(10) == 0 { "REJECT" } else { "ACCEPT" }, 1 + random(200));
        let message = format!(
            "2 123456789012 eni-0123456789abcdef{client} 10.{}.{}.{} 172.31.{}.{} {} {} 6 {packets} {} {seconds} {} {action} OK",
            random(4),
            random(256),
            random(256),
            random(16),
            random(256),
            32_768 + random(28_000),
            [22, 53, 80, 443, 8080][usize::try_from(random(5)).expect("small")],
            packets * (40 + random(1400)),
            seconds + 60,
        );
        InputEvent { timestamp: seconds * 1000, message }
    };
    (0..BATCH).map(record).collect()
}

/// Appends all batches with one thread for each client while another polls; seconds until the last was acknowledged.
fn append_all(store: &LogStore, batches: impl Fn(u64) -> Vec<Vec<InputEvent>> + Sync) -> f64 {
    let ended = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !ended.load(Ordering::Relaxed) {
                store.poll(NOW);
                thread::sleep(Duration::from_millis(200));
            }
        });
        let prepared: Vec<_> = (0..CLIENTS).map(&batches).collect();
        let began = now();
        thread::scope(|clients| {
            for (client, batches) in (0..CLIENTS).zip(prepared) {
                clients.spawn(move || {
                    for events in batches {
                        store.append(GROUP, &stream(client), &events, NOW).expect("appended");
                    }
                });
            }
        });
        ended.store(true, Ordering::Relaxed);
        began.elapsed().as_secs_f64()
    })
}

#[allow(clippy::disallowed_methods, reason = "a benchmark measures time")]
fn now() -> Instant {
    Instant::now()
}

fn append(folder: &Path, batches: u64) {
    let (mut rates, mut ratios, mut events_of_a_sync) = (Vec::new(), Vec::new(), Vec::new());
    let text = |events: &[InputEvent]| events.iter().map(|event| event.message.len() as u64).sum::<u64>();
    println!(
        "| round | raw write+fsync MB/s | append MB/s | events/s | ratio | events a sync |\n|---|---|---|---|---|---|"
    );
    for round in 0..ROUNDS as u64 {
        let of_client = |client| (0..batches).map(|number| batch(client, round * batches + number)).collect::<Vec<_>>();
        let bytes: u64 = (0..CLIENTS).flat_map(of_client).map(|events| text(&events)).sum();
        let raw = raw(folder, (0..CLIENTS).flat_map(of_client));
        let place = folder.join(round.to_string());
        fs::create_dir(&place).expect("made");
        let store = open(&place);
        let seconds = append_all(&store, of_client);
        let counters = store.counters();
        assert_eq!((counters.events, counters.last_failure), (CLIENTS * batches * BATCH, None));
        let rate = counters.events as f64 / seconds;
        let a_sync = counters.events as f64 / counters.writes as f64;
        let (raw, appended) = (bytes as f64 / raw / 1e6, bytes as f64 / seconds / 1e6);
        println!("| {} | {raw:.1} | {appended:.1} | {rate:.0} | {:.2} | {a_sync:.0} |", round + 1, appended / raw);
        rates.push(rate);
        ratios.push(appended / raw);
        events_of_a_sync.push(a_sync);
    }
    let medians = [median(rates), median(ratios), median(events_of_a_sync)];
    println!("\nMedian: {:.0} events/s, ratio {:.2}, {:.0} events a sync.", medians[0], medians[1], medians[2]);
}

/// Writes the texts of the batches to a file, one after the other, and syncs each; seconds.
fn raw(folder: &Path, batches: impl Iterator<Item = Vec<InputEvent>>) -> f64 {
    let texts: Vec<Vec<u8>> =
        batches.map(|events| events.iter().flat_map(|event| event.message.bytes()).collect()).collect();
    let path = folder.join("raw");
    let mut file = File::create(&path).expect("made");
    let began = now();
    for text in &texts {
        file.write_all(text).expect("written");
        file.sync_data().expect("synced");
    }
    let seconds = began.elapsed().as_secs_f64();
    fs::remove_file(path).expect("removed");
    seconds
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn memory(folder: &Path, events: u64) {
    let store = open(folder);
    let empty = resident("VmRSS");
    let began = now();
    let (each, mut seconds) = (20, 0.0);
    let steps = events.div_ceil(CLIENTS * each * BATCH);
    for step in 0..steps {
        seconds += append_all(&store, |client| (0..each).map(|number| batch(client, step * each + number)).collect());
    }
    let (appended, peak) = (store.counters().events, resident("VmHWM"));
    store.poll(NOW);
    println!("| measure | value |\n|---|---|");
    println!("| events in one group | {appended} |");
    println!("| appended in | {seconds:.0} s ({:.0} with making them) |", began.elapsed().as_secs_f64());
    println!("| resident before | {empty} MiB |");
    println!("| resident at most while appending | {peak} MiB |");
    println!("| resident afterwards | {} MiB |", resident("VmRSS"));
    println!("| on disk | {} MiB in {} files |", size(folder).1 >> 20, size(folder).0);
    read(&store, appended);
    println!("| resident at most with reading | {} MiB |", resident("VmHWM"));
}

fn read(store: &LogStore, events: u64) {
    let began = now();
    let scan = store.scan(GROUP, 0, i64::MAX, NOW).expect("scanned");
    let seen: usize = scan.map(|events| events.expect("read").len()).sum();
    assert_eq!(seen as u64, events, "each event once");
    println!("| scan of all, in columns | {:.1} s |", began.elapsed().as_secs_f64());
    let request = GetLogEventsRequest {
        log_group_name: Some(GROUP.into()),
        log_stream_name: stream(0),
        limit: Some(100),
        ..Default::default()
    };
    let began = now();
    let page = store.get_log_events(&request, NOW).expect("read");
    assert_eq!(page.events.len(), 100);
    println!("| the latest 100 events of a stream | {:.0} ms |", began.elapsed().as_secs_f64() * 1e3);
}

/// A line of `/proc/self/status`, in MiB.
fn resident(name: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find_map(|line| line.strip_prefix(name)).expect("there");
    line.split_whitespace().nth(1).and_then(|kibibytes| kibibytes.parse::<u64>().ok()).expect("a number") >> 10
}

/// How many files are below, and their bytes.
fn size(folder: &Path) -> (u64, u64) {
    fs::read_dir(folder).expect("listed").fold((0, 0), |(files, bytes), entry| {
        let entry = entry.expect("entry");
        let (more, length) = match entry.path().is_dir() {
            true => size(&entry.path()),
            false => (1, entry.metadata().expect("there").len()),
        };
        (files + more, bytes + length)
    })
}
