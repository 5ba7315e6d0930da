use weir_record::{BatchBuilder, Format, Value};

use super::*;

fn batch(records: i64) -> RecordBatch {
    let mut builder = BatchBuilder::new("${bytes} ${srcaddr}".parse::<Format>().expect("valid"));
    (0..records).for_each(|number| builder.push(|_| Value::Number(number)));
    builder.finish()
}

fn target() -> Target {
    Target { bucket: "flow-logs".parse().expect("valid"), folder: true, key: "k".into() }
}

fn names(folder: &Path) -> Vec<String> {
    let name = |path: PathBuf| path.file_name().expect("named").to_str().expect("UTF-8").to_owned();
    entries(folder).expect("listed").into_iter().map(name).collect()
}

fn append(spool: &mut Spool, pendings: &[&Pending]) -> Result<Vec<u64>, StoreError> {
    append_from(spool, pendings, None)
}

fn append_from(spool: &mut Spool, pendings: &[&Pending], origin: Option<&Origin>) -> Result<Vec<u64>, StoreError> {
    let part = |pending: &&'_ Pending| batch(i64::try_from(pending.path.as_os_str().len() % 7).expect("small") + 1);
    let batches: Vec<RecordBatch> = pendings.iter().map(part).collect();
    let parts: Vec<Part<'_>> = pendings
        .iter()
        .zip(batches)
        .map(|(pending, batch)| Part { path: &pending.path, batches: vec![batch] })
        .collect();
    spool.append(&parts, origin)
}

#[test]
fn what_was_appended_is_there_after_opening_again() {
    let dir = tempfile::tempdir().expect("made");
    let folder = dir.path().join("spool/fl-1");
    let (mut spool, left) = Spool::open(folder.clone()).expect("opened");
    assert!(left.is_empty());
    let (first, second) = (spool.create(300, 0xfe12_3456, target()), spool.create(600, 1, target()));
    let (first, second) = (first.expect("made"), second.expect("made"));
    append(&mut spool, &[&first]).expect("written");
    append(&mut spool, &[&first, &second]).expect("written");
    let empty = spool.create(900, 2, target()).expect("made");
    drop(spool);

    let (mut spool, left) = Spool::open(folder.clone()).expect("opened");
    assert_eq!(names(&folder), ["300-fe123456", "600-00000001"], "an empty one is not kept");
    assert!(!empty.path.exists());
    assert_eq!(left.len(), 2);
    assert_eq!((&left[0].target, left[0].segments().expect("listed").len()), (&target(), 2));
    assert_eq!(left[1].segments().expect("listed").len(), 1);
    assert!(left.iter().all(|pending| pending.records > 0 && pending.bytes > 0));
    append(&mut spool, &[&left[1]]).expect("written");
    assert!(names(&left[1].path).last().expect("a file").starts_with("object"));
    assert!(names(&left[1].path).iter().any(|name| name.starts_with("000000000002-")), "numbers go on");
    for pending in &left {
        spool.delivered(pending).expect("renamed");
        spool.delivered(pending).expect("again");
    }
    assert!(names(&folder).is_empty());
}

#[test]
fn a_window_is_there_whole_or_not_at_all() {
    let dir = tempfile::tempdir().expect("made");
    let (mut spool, _) = Spool::open(dir.path().into()).expect("opened");
    let (a, b) = (spool.create(300, 1, target()).expect("made"), spool.create(600, 2, target()).expect("made"));
    append(&mut spool, &[&a, &b]).expect("written");
    append(&mut spool, &[&a, &b]).expect("written");
    // Killed between the two names of window 0, and before the first of window 1.
    let unname = |pending: &Pending, window: &str| {
        let found = names(&pending.path).into_iter().find(|name| name.starts_with(window)).expect("there");
        fs::rename(pending.path.join(&found), pending.path.join(format!("{found}.tmp"))).expect("renamed");
    };
    unname(&b, "000000000000");
    unname(&a, "000000000001");
    unname(&b, "000000000001");
    fs::write(a.path.join("000000000001-3.arrow.tmp"), "torn").expect("written");

    let (_, left) = Spool::open(dir.path().into()).expect("opened");
    assert_eq!(left.len(), 2);
    for pending in &left {
        let segments = pending.segments().expect("listed");
        assert_eq!(segments.len(), 1, "window 0 is whole, window 1 is gone");
        let file = File::open(&segments[0]).expect("opened");
        let reader = arrow::ipc::reader::FileReader::try_new(file, None).expect("whole");
        assert_eq!(reader.map(|batch| batch.expect("whole").num_rows() as u64).sum::<u64>(), pending.records);
    }
}

#[test]
fn a_part_that_cannot_be_written_takes_the_others_with_it() {
    let dir = tempfile::tempdir().expect("made");
    let (mut spool, _) = Spool::open(dir.path().into()).expect("opened");
    let (a, b) = (spool.create(300, 1, target()).expect("made"), spool.create(600, 2, target()).expect("made"));
    fs::remove_dir_all(&b.path).expect("removed");
    append(&mut spool, &[&a, &b]).expect_err("no folder");
    assert_eq!(names(&a.path), ["object"]);
}

#[test]
fn delivered_folders_are_removed_and_strange_files_let_be() {
    let dir = tempfile::tempdir().expect("made");
    let (mut spool, _) = Spool::open(dir.path().into()).expect("opened");
    let a = spool.create(300, 1, target()).expect("made");
    append(&mut spool, &[&a]).expect("written");
    // Killed between the rename and the end of the removal.
    fs::rename(&a.path, dir.path().join("300-00000001.delivered")).expect("renamed");
    fs::write(dir.path().join("README"), "").expect("written");
    let (_, left) = Spool::open(dir.path().into()).expect("opened");
    assert!(left.is_empty());
    assert_eq!(names(dir.path()), ["README"]);
}

#[test]
fn windows_from_elsewhere_are_known_for_ever() {
    let dir = tempfile::tempdir().expect("made");
    let origin = |sequence| Origin::new("i-0ee3b9429859eafa7f-0101010101010101", sequence).expect("good");
    let other = Origin::new("i-1-0202020202020202", 3).expect("good");
    let (mut spool, _) = Spool::open(dir.path().into()).expect("opened");
    let a = spool.create(300, 1, target()).expect("made");
    append_from(&mut spool, &[&a], Some(&origin(7))).expect("written");
    assert!(spool.has(&origin(7)) && spool.has(&origin(6)) && !spool.has(&origin(8)) && !spool.has(&other));
    // After a crash the names of the segments say it.
    let (mut spool, left) = Spool::open(dir.path().into()).expect("opened");
    assert!(spool.has(&origin(7)) && !spool.has(&origin(8)));
    assert_eq!(left[0].segments().expect("listed").len(), 1);
    let b = spool.create(600, 2, target()).expect("made");
    append_from(&mut spool, &[&left[0], &b], Some(&other)).expect("written");
    // Delivered: the segments go, and the file says it.
    spool.delivered(&left[0]).expect("renamed");
    let kept = fs::read_to_string(dir.path().join("taken.json")).expect("a file");
    assert_eq!(kept, r#"{"i-0ee3b9429859eafa7f-0101010101010101":7,"i-1-0202020202020202":3}"#);
    spool.delivered(&b).expect("renamed");
    let (spool, left) = Spool::open(dir.path().into()).expect("opened");
    assert!(left.is_empty() && spool.has(&origin(7)) && spool.has(&other) && !spool.has(&origin(8)));
}
