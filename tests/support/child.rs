//! Tests that run an ignored test of the same program as a child process, to kill it. For use with `#[path]` in the tests
//! of several crates.

use std::{
    cell::Cell,
    hash::{BuildHasher, RandomState},
    io::{BufRead, BufReader, Read, Write},
    iter,
    os::unix::process::ExitStatusExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::Duration,
};

/// The number of the signal.
const KILLED: i32 = 9;

/// Runs the test of this name as a child that is told a number and a folder, and kills it within a fifth of a second
/// after it said a line that is `enough`; without that, after its start. What it said.
pub(crate) fn run_and_kill(
    test: &str,
    (number, folder): (i64, &Path),
    enough: Option<&dyn Fn(&str) -> bool>,
) -> Vec<String> {
    let mut child = Command::new(std::env::current_exe().expect("known"))
        .args(["--exact", test, "--ignored", "--nocapture"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("started");
    writeln!(child.stdin.take().expect("piped"), "{number}\n{}", folder.display()).expect("told");
    let mut lines = whole_lines(child.stdout.take().expect("piped"));
    let mut said = Vec::new();
    if let Some(enough) = enough {
        for line in lines.by_ref() {
            said.push(line);
            if said.last().is_some_and(|line| enough(line)) {
                break;
            }
        }
    }
    thread::sleep(Duration::from_micros(RandomState::new().hash_one(number) % 200_000));
    child.kill().expect("killed");
    said.extend(lines);
    // A child that broke off by itself has told what it found on its standard error.
    let ended = child.wait().expect("gone");
    assert_eq!(ended.signal(), Some(KILLED), "the child was not killed: {ended}");
    said
}

/// Whether this is the line that makes so many of those that begin so: a child is killed after so much work, however slow
/// the machine is.
pub(crate) fn nth(count: i64, beginning: &str) -> impl Fn(&str) -> bool {
    let left = Cell::new(count);
    move |line| {
        left.set(left.get() - i64::from(line.starts_with(beginning)));
        left.get() <= 0
    }
}

/// What the child was told; `None` when somebody runs it by itself.
pub(crate) fn told() -> Option<(i64, PathBuf)> {
    let mut lines = whole_lines(std::io::stdin());
    Some((lines.next()?.parse().ok()?, lines.next()?.into()))
}

/// Says a line.
pub(crate) fn say(line: &str) {
    std::io::stdout().write_all(format!("{line}\n").as_bytes()).expect("told");
    std::io::stdout().flush().expect("told");
}

/// Lines with their ends: one that a kill cut short is none.
fn whole_lines(input: impl Read) -> impl Iterator<Item = String> {
    let mut input = BufReader::new(input);
    iter::from_fn(move || {
        let mut line = String::new();
        input.read_line(&mut line).ok()?;
        line.strip_suffix('\n').map(str::to_owned)
    })
}
