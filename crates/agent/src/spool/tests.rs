use std::{os::unix::fs::MetadataExt as _, path::Path};

use weir_network::{AggregationInterval, TrafficType};
use weir_record::Format;
use weir_uplink::batch;

use super::*;

const EPOCH: Epoch = Epoch::new([1; 8]);
const LIMIT: u64 = 1 << 20;

fn recording(flow_log: &str) -> Recording {
    Recording {
        flow_log_id: flow_log.into(),
        account_id: "123456789012".into(),
        region: "us-east-1".into(),
        traffic_type: TrafficType::All,
        log_format: "${interface-id} ${start} ${end} ${log-status}".parse().unwrap(),
        max_aggregation_interval: AggregationInterval::TenSeconds,
        max_flows: 1000,
    }
}

/// A batch of the window that begins at `start`, with a body of so many bytes.
fn batch(start: i64, bytes: usize) -> NewBatch {
    NewBatch {
        recording: recording("fl-0123456789abcdef0"),
        start,
        end: start + 10,
        records: 5,
        interfaces: ["eni-a".to_owned()].into(),
        body: vec![7; bytes],
    }
}

fn open(folder: &Path, limit: u64) -> (Spool, Vec<Repair>) {
    Spool::open(folder.into(), limit, EPOCH).unwrap()
}

/// Takes everything out, as a server would.
fn drain(spool: &mut Spool) -> Vec<(u64, i64, Vec<u8>)> {
    let mut taken = Vec::new();
    while let Some(first) = spool.first().cloned() {
        taken.push((first.sequence, first.window().0, spool.body(&first).unwrap()));
        spool.taken(first.sequence).unwrap();
    }
    taken
}

fn windows(taken: &[(u64, i64, Vec<u8>)]) -> Vec<i64> {
    taken.iter().map(|(_, start, _)| *start).collect()
}

#[test]
fn what_was_spooled_is_there_after_a_restart_in_its_order() {
    let dir = tempfile::tempdir().unwrap();
    let (mut spool, _) = open(dir.path(), LIMIT);
    for start in [100, 110, 120] {
        assert_eq!(spool.append(batch(start, 10)).unwrap(), Appended::Spooled { dropped: 0 });
    }
    drop(spool);
    let (mut spool, repairs) = open(dir.path(), LIMIT);
    assert_eq!(repairs, []);
    assert_eq!((spool.spooled().batches, spool.spooled().records), (3, 15));
    assert!(spool.first().unwrap().inherited);
    spool.append(batch(130, 10)).unwrap();
    let taken = drain(&mut spool);
    assert_eq!(windows(&taken), [100, 110, 120, 130]);
    assert!(taken.is_sorted_by(|a, b| a.0 < b.0));
    assert_eq!(taken[0].2, vec![7; 10]);
    assert_eq!(spool.spooled(), Spooled { limit: LIMIT, ..Spooled::default() });
}

#[test]
fn no_number_is_given_twice_even_by_an_empty_spool() {
    let dir = tempfile::tempdir().unwrap();
    let mut last = 0;
    for start in 0..5 {
        let (mut spool, _) = open(dir.path(), LIMIT);
        spool.append(batch(start, 10)).unwrap();
        let first = spool.first().cloned().unwrap();
        assert!(first.sequence > last);
        assert_eq!(spool.id_of(&first).unwrap().epoch, EPOCH);
        last = first.sequence;
        drain(&mut spool);
    }
    // A second run does not take the epoch that it is offered.
    let (spool, _) = Spool::open(dir.path().into(), LIMIT, Epoch::new([9; 8])).unwrap();
    assert_eq!(spool.ledger.epoch().unwrap(), EPOCH);
}

#[test]
fn the_oldest_go_but_the_first_stays() {
    let dir = tempfile::tempdir().unwrap();
    let size = {
        let (mut spool, _) = open(&dir.path().join("probe"), LIMIT);
        spool.append(batch(100, 1000)).unwrap();
        spool.spooled().bytes
    };
    let (mut spool, _) = open(&dir.path().join("spool"), 4 * size);
    for start in 0..4 {
        assert_eq!(spool.append(batch(100 + start * 10, 1000)).unwrap(), Appended::Spooled { dropped: 0 });
    }
    assert_eq!(spool.append(batch(140, 1000)).unwrap(), Appended::Spooled { dropped: 1 });
    assert_eq!(spool.append(batch(150, 1000)).unwrap(), Appended::Spooled { dropped: 1 });
    assert_eq!(spool.lost(), Lost { batches: 2, records: 10 });
    assert!(spool.spooled().bytes <= 4 * size);
    assert_eq!(spool.settle().unwrap(), 1);
    assert_eq!(spool.settle().unwrap(), 0, "paid once");
    let taken = drain(&mut spool);
    assert_eq!(windows(&taken), [100, 130, 140, 150, 110]);
    let format: Format = recording("fl-0123456789abcdef0").log_format;
    let skipdata = batch::decode(&taken[4].2, &format).unwrap();
    assert_eq!(skipdata[0].num_rows(), 1);
    let text = format!("{:?}", skipdata[0].columns());
    assert!(
        text.contains("eni-a") && text.contains("110") && text.contains("130") && text.contains("SKIPDATA"),
        "{text}"
    );
}

#[test]
fn a_batch_that_never_fits_is_lost_alone() {
    let dir = tempfile::tempdir().unwrap();
    let (mut spool, _) = open(dir.path(), 3000);
    spool.append(batch(100, 100)).unwrap();
    spool.append(batch(110, 100)).unwrap();
    assert_eq!(spool.append(batch(120, 5000)).unwrap(), Appended::Lost);
    assert_eq!(spool.lost(), Lost { batches: 1, records: 5 });
    assert_eq!(spool.settle().unwrap(), 1);
    assert_eq!(windows(&drain(&mut spool)), [100, 110, 120]);
}

#[test]
fn losses_of_several_flow_logs_are_told_apart() {
    let dir = tempfile::tempdir().unwrap();
    let (mut spool, _) = open(dir.path(), 1000);
    for flow_log in ["fl-00000001", "fl-00000002", "fl-00000001"] {
        let lost = NewBatch { recording: recording(flow_log), ..batch(100, 5000) };
        assert_eq!(spool.append(lost).unwrap(), Appended::Lost);
    }
    assert_eq!(spool.settle().unwrap(), 2);
    let flow_logs: Vec<String> = spool.segments.iter().map(|segment| segment.flow_log_id().to_owned()).collect();
    assert_eq!(flow_logs, ["fl-00000001", "fl-00000002"]);
}

#[test]
fn half_written_files_are_dropped_and_told() {
    let dir = tempfile::tempdir().unwrap();
    let (mut spool, _) = open(dir.path(), LIMIT);
    spool.append(batch(100, 10)).unwrap();
    drop(spool);
    let half = dir.path().join("000000000002.batch.tmp");
    fs::write(&half, b"{\"recording\":").unwrap();
    let strange = dir.path().join("000000000003.batch");
    fs::write(&strange, b"nothing of ours").unwrap();
    let (mut spool, repairs) = open(dir.path(), LIMIT);
    assert_eq!(repairs.len(), 2);
    assert!(repairs.contains(&Repair::HalfWritten(half.clone())) && !half.exists());
    assert!(
        repairs
            .iter()
            .any(|repair| matches!(repair, Repair::SetAside(path, _) if path.ends_with("000000000003.batch.damaged")))
    );
    spool.append(batch(110, 10)).unwrap();
    assert_eq!(windows(&drain(&mut spool)), [100, 110]);
}

#[test]
fn what_a_server_refuses_for_ever_becomes_skipdata_once() {
    let dir = tempfile::tempdir().unwrap();
    let (mut spool, _) = open(dir.path(), LIMIT);
    spool.append(batch(100, 10)).unwrap();
    let first = spool.first().unwrap().sequence;
    spool.refused(first).unwrap();
    assert_eq!(spool.lost(), Lost { batches: 1, records: 5 });
    assert_eq!(spool.settle().unwrap(), 1);
    let second = spool.first().unwrap().sequence;
    spool.refused(second).unwrap();
    assert_eq!((spool.settle().unwrap(), spool.first()), (0, None));
}

#[test]
fn a_spool_with_another_life_begins_to_count_anew() {
    let dir = tempfile::tempdir().unwrap();
    let (mut spool, _) = open(dir.path(), LIMIT);
    spool.append(batch(100, 10)).unwrap();
    spool.renew(Epoch::new([9; 8])).unwrap();
    drop(spool);
    let (spool, _) = open(dir.path(), LIMIT);
    let id = spool.id_of(spool.first().unwrap()).unwrap();
    assert_eq!(id.epoch, Epoch::new([9; 8]));
}

/// Stops at every step between two states of the folder that a run leaves, and goes on from there.
#[test]
fn a_crash_between_ledger_and_files_counts_each_loss_once() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("spool");
    let (mut spool, _) = open(&folder, 4000);
    for start in 0..3 {
        spool.append(batch(100 + start * 10, 800)).unwrap();
    }
    let before = snapshot(&folder);
    spool.append(batch(130, 800)).unwrap();
    assert_eq!(spool.lost().batches, 1);
    drop(spool);
    // The ledger says that a batch was dropped, but its file is still there.
    let ledger = fs::read(folder.join("ledger.json")).unwrap();
    restore(&folder, &before);
    fs::write(folder.join("ledger.json"), ledger).unwrap();
    let (mut spool, _) = open(&folder, 4000);
    assert_eq!(spool.lost().batches, 1);
    assert_eq!(spool.settle().unwrap(), 1);
    let paid = snapshot(&folder);
    // SKIPDATA is there, but the ledger still owes it.
    drop(spool);
    let mut ledger: serde_json::Value = serde_json::from_slice(&paid["ledger.json"]).unwrap();
    assert_eq!(ledger["debt"], 2);
    ledger["debt"] = 1.into();
    ledger["owed"] =
        serde_json::json!([{ "recording": recording("fl-0123456789abcdef0"), "interfaces": { "eni-a": [110, 120] } }]);
    fs::write(folder.join("ledger.json"), ledger.to_string()).unwrap();
    let (mut spool, _) = open(&folder, 4000);
    assert_eq!(spool.settle().unwrap(), 0, "it is there already");
    assert_eq!(windows(&drain(&mut spool)), [100, 120, 110]);
}

type Files = std::collections::BTreeMap<String, Vec<u8>>;

fn snapshot(folder: &Path) -> Files {
    let file = |entry: fs::DirEntry| (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap());
    fs::read_dir(folder).unwrap().map(|entry| file(entry.unwrap())).collect()
}

fn restore(folder: &Path, files: &Files) {
    fs::remove_dir_all(folder).unwrap();
    fs::create_dir(folder).unwrap();
    for (name, content) in files {
        fs::write(folder.join(name), content).unwrap();
    }
}

#[test]
fn bytes_are_those_on_disk() {
    let dir = tempfile::tempdir().unwrap();
    let (mut spool, _) = open(dir.path(), LIMIT);
    spool.append(batch(100, 1234)).unwrap();
    let path = Segment::path(dir.path(), spool.first().unwrap().sequence);
    assert_eq!(spool.spooled().bytes, fs::metadata(path).unwrap().size());
}
