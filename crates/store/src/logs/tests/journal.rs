//! Tests of the append log's files.

use super::*;

const FILE: u64 = 200;

/// What a log holds: positions and bodies.
type Held = Vec<(u64, Vec<u8>)>;

fn open(folder: &Path, floor: u64) -> (Journal, Held, Vec<Damage>) {
    let mut held = Vec::new();
    let (journal, damage) = Journal::open(folder.to_owned(), FILE, floor, |position, body| {
        held.push((position, body.to_vec()));
        Ok(())
    })
    .expect("opened");
    (journal, held, damage)
}

fn body(number: u64) -> Vec<u8> {
    format!("body {number} {}", "x".repeat(usize::try_from(number % 7).expect("small"))).into_bytes()
}

fn write(journal: &mut Journal, bodies: &[Vec<u8>]) -> Range<u64> {
    let entries: Vec<_> = bodies.iter().map(|body| Entry { body, crc: crc32fast::hash(body) }).collect();
    journal.write(&entries).expect("written")
}

/// A log of so many writes, of one, two, three, one, … batches; what it holds after each write.
fn filled(folder: &Path, writes: u64) -> Vec<Held> {
    let (mut journal, ..) = open(folder, 0);
    let (mut held, mut states) = (Held::new(), Vec::new());
    for write_number in 0..writes {
        let bodies: Vec<_> = (0..=write_number % 3).map(|_| body(write_number)).collect();
        let positions = write(&mut journal, &bodies);
        held.extend(positions.zip(bodies));
        states.push(held.clone());
    }
    states
}

fn files(folder: &Path) -> Vec<PathBuf> {
    list(folder).expect("listed").into_iter().map(|file| file.path).collect()
}

#[test]
fn what_was_written_is_read_again_and_positions_go_on() {
    let dir = tempfile::tempdir().expect("made");
    let states = filled(dir.path(), 20);
    assert!(files(dir.path()).len() > 3, "rolled by size");
    let (mut journal, held, damage) = open(dir.path(), 0);
    assert_eq!((&held, damage), (states.last().expect("some"), vec![]));
    let next = held.last().expect("some").0 + 1;
    assert_eq!(write(&mut journal, &[body(1)]), next..next + 1);
    let (journal, held, _) = open(dir.path(), 1_000);
    assert_eq!((held.last().expect("some").0, journal.next()), (next, 1_001));
}

#[test]
fn a_write_that_was_cut_short_is_cut_off() {
    let whole = tempfile::tempdir().expect("made");
    let states = filled(whole.path(), 3);
    let path = &files(whole.path())[0];
    let bytes = fs::read(path).expect("read");
    let lengths: Vec<usize> =
        states.iter().map(|held| held.iter().map(|(_, body)| HEADER + body.len()).sum()).collect();
    for cut in 0..bytes.len() {
        let dir = tempfile::tempdir().expect("made");
        fs::write(dir.path().join(path.file_name().expect("named")), &bytes[..cut]).expect("written");
        let (mut journal, held, damage) = open(dir.path(), 0);
        assert_eq!(damage, []);
        // The writes that are whole, and of one that is not the batches that are.
        let whole_writes = lengths.iter().filter(|length| **length <= cut).count();
        let least = whole_writes.checked_sub(1).map_or(0, |last| states[last].len());
        assert!(held.len() >= least && states[2].starts_with(&held), "cut at {cut}");
        let position = held.len() as u64 + 1;
        assert_eq!(write(&mut journal, &[body(9)]), position..position + 1);
        assert_eq!(open(dir.path(), 0).1.last(), Some(&(position, body(9))));
    }
}

#[test]
fn the_batches_behind_damage_are_kept_and_the_loss_is_told() {
    let whole = tempfile::tempdir().expect("made");
    let states = filled(whole.path(), 20);
    let all = states.last().expect("some");
    for path in files(whole.path()) {
        let bytes = fs::read(&path).expect("read");
        for at in (0..bytes.len()).step_by(5) {
            let mut damaged = bytes.clone();
            damaged[at] ^= 0x40;
            fs::write(&path, &damaged).expect("written");
            let copy = tempfile::tempdir().expect("made");
            for file in files(whole.path()) {
                fs::copy(&file, copy.path().join(file.file_name().expect("named"))).expect("copied");
            }
            let (_, held, damage) = open(copy.path(), 0);
            let missing: Vec<u64> =
                all.iter().filter(|batch| !held.contains(batch)).map(|(position, _)| *position).collect();
            let told: Vec<u64> = damage.iter().flat_map(|damage| damage.lost.clone()).collect();
            if damage.is_empty() {
                // In the last write, of which nothing says that it was synced.
                assert!(
                    missing.iter().all(|position| *position > states[states.len() - 2].len() as u64),
                    "{missing:?}"
                );
            } else {
                assert_eq!((missing.len(), &told), (1, &missing), "{} at {at}", path.display());
            }
        }
        fs::write(&path, &bytes).expect("restored");
    }
}

#[test]
fn a_write_that_power_loss_tore_in_the_middle_was_never_acknowledged() {
    let dir = tempfile::tempdir().expect("made");
    filled(dir.path(), 3);
    let path = files(dir.path()).pop().expect("one");
    let mut bytes = fs::read(&path).expect("read");
    // The last write has three batches; its first never reached the disk, the others did.
    let last: usize = 3 * (HEADER + body(2).len());
    let begin = bytes.len() - last;
    bytes[begin..begin + HEADER].fill(0);
    fs::write(&path, &bytes).expect("written");
    let (journal, held, damage) = open(dir.path(), 0);
    assert_eq!((held.len(), journal.next(), damage), (3, 4, vec![]));
    assert_eq!(fs::metadata(&path).expect("there").len(), begin as u64);
}

#[test]
fn files_go_when_all_in_them_may() {
    let dir = tempfile::tempdir().expect("made");
    let all = filled(dir.path(), 20).pop().expect("some");
    let (mut journal, ..) = open(dir.path(), 0);
    let firsts: Vec<u64> = journal.files.iter().map(|file| file.first).collect();
    journal.release(firsts[2] - 2).expect("released");
    assert_eq!(files(dir.path()).len(), firsts.len() - 1);
    journal.release(firsts[2] - 1).expect("released");
    assert_eq!(files(dir.path()).len(), firsts.len() - 2);
    journal.release(u64::MAX).expect("released");
    assert_eq!(files(dir.path()).len(), 1, "the last stays and says where positions go on");
    let (journal, held, damage) = open(dir.path(), 0);
    assert_eq!((journal.next(), damage), (all.len() as u64 + 1, vec![]));
    assert!(all.ends_with(&held));
}

#[test]
fn a_file_that_was_begun_and_never_written_is_taken_on() {
    let dir = tempfile::tempdir().expect("made");
    let (mut journal, ..) = open(dir.path(), 41);
    journal.begin_file().expect("begun");
    let (mut journal, held, damage) = open(dir.path(), 0);
    assert_eq!((held.len(), damage, journal.next()), (0, vec![], 42));
    assert_eq!(write(&mut journal, &[body(1)]), 42..43);
    assert_eq!(files(dir.path()).len(), 1);
}
