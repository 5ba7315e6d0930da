//! Runs the program `nft`, which puts rules into the kernel and reads them back.

use std::{
    cell::RefCell,
    ffi::OsString,
    io::{self, Write as _},
    os::unix::process::CommandExt as _,
    path::PathBuf,
    process::{Child, Command, Output, Stdio},
};

use serde_json::{Value, json};

use crate::EnforceError;

/// Where `nft` is looked for: by its name, then where Debian and others install it, which is often not in the path.
const PROGRAMS: &[&str] = &["nft", "/usr/sbin/nft", "/sbin/nft"];

/// The network namespace whose rules are meant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Namespace {
    /// That of this process.
    #[default]
    Own,
    /// One with a name, as `ip netns` gives them.
    Named(String),
}

impl Namespace {
    /// The file that stands for it.
    pub(crate) fn file(&self) -> PathBuf {
        match self {
            Namespace::Own => "/proc/self/ns/net".into(),
            Namespace::Named(name) => PathBuf::from("/run/netns").join(name),
        }
    }
}

/// Has it take commands from its standard input, all of them or none.
const APPLY: &[&str] = &["-j", "-f", "-"];
/// Rules come into force in so many steps.
const STEPS: usize = 2;

/// The program `nft` in a network namespace.
#[derive(Debug)]
pub(crate) struct Nft {
    namespace: Namespace,
    programs: &'static [&'static str],
    /// Started, and waiting for commands: to start one takes most of the time that a change takes.
    waiting: RefCell<Vec<Child>>,
}

impl Nft {
    pub(crate) const fn new(namespace: Namespace) -> Self {
        Self { namespace, programs: PROGRAMS, waiting: RefCell::new(Vec::new()) }
    }

    /// Starts programs for the next change. One that cannot be started now is when it is needed, and then it is told.
    pub(crate) fn prepare(&self) {
        let mut waiting = self.waiting.borrow_mut();
        while waiting.len() < STEPS {
            let Ok(program) = self.start(APPLY) else { return };
            waiting.push(program);
        }
    }

    /// Carries out commands, all of them or none.
    pub(crate) fn apply(&self, what: &'static str, commands: &[Value]) -> Result<(), EnforceError> {
        let input = serde_json::to_vec(&json!({ "nftables": commands })).unwrap_or_default();
        let program = match self.ready(&input)? {
            Some(program) => program,
            None => {
                let mut program = self.start(APPLY)?;
                give(&mut program, &input)?;
                program
            }
        };
        let output = finish(program)?;
        if output.status.success() { Ok(()) } else { Err(refusal(what, &output)) }
    }

    /// What is there, as a list of objects; `None` when it is not there.
    pub(crate) fn list(&self, what: &'static str, words: &[&str]) -> Result<Option<Vec<Value>>, EnforceError> {
        let output = finish(self.start(words)?)?;
        if !output.status.success() {
            let missing = String::from_utf8_lossy(&output.stderr).contains("No such file or directory");
            return if missing { Ok(None) } else { Err(refusal(what, &output)) };
        }
        let answer: Value = serde_json::from_slice(&output.stdout)
            .map_err(|error| EnforceError::Refused { what, said: format!("what is not JSON: {error}") })?;
        match answer {
            Value::Object(mut answer) => match answer.remove("nftables") {
                Some(Value::Array(objects)) => Ok(Some(objects)),
                _ => Ok(Some(Vec::new())),
            },
            _ => Ok(Some(Vec::new())),
        }
    }

    /// One of those that wait, with its input, unless somebody has ended it.
    fn ready(&self, input: &[u8]) -> Result<Option<Child>, EnforceError> {
        let Some(mut program) = self.waiting.borrow_mut().pop() else { return Ok(None) };
        if give(&mut program, input)? {
            return Ok(Some(program));
        }
        let _ = program.wait();
        Ok(None)
    }

    fn start(&self, words: &[&str]) -> Result<Child, EnforceError> {
        for program in self.programs {
            match self.start_program(program, words) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(source) => return Err(EnforceError::NftFailed { source }),
                Ok(child) => return Ok(child),
            }
        }
        Err(EnforceError::NftMissing)
    }

    fn start_program(&self, program: &str, words: &[&str]) -> io::Result<Child> {
        let mut line: Vec<OsString> = match &self.namespace {
            Namespace::Own => Vec::new(),
            Namespace::Named(name) => ["ip", "netns", "exec", name].map(OsString::from).into(),
        };
        line.push(program.into());
        line.extend(words.iter().map(OsString::from));
        Command::new(&line[0])
            .args(&line[1..])
            .env("LC_ALL", "C")
            // Ctrl-C is for us: we may have rules to take away then.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
    }
}

impl Drop for Nft {
    /// Without commands they would end by themselves, but nobody would take notice.
    fn drop(&mut self) {
        for mut program in self.waiting.take() {
            let _ = program.kill();
            let _ = program.wait();
        }
    }
}

/// Gives a program its input. False: it had ended before it took any of it.
fn give(program: &mut Child, input: &[u8]) -> Result<bool, EnforceError> {
    let Some(mut pipe) = program.stdin.take() else { return Ok(true) };
    let taken = match pipe.write(input) {
        Ok(taken) => taken,
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(false),
        Err(source) => return Err(EnforceError::NftFailed { source }),
    };
    match pipe.write_all(&input[taken..]) {
        // It says on its own what it did not like.
        Err(source) if source.kind() != io::ErrorKind::BrokenPipe => Err(EnforceError::NftFailed { source }),
        _ => Ok(true),
    }
}

/// Waits for the end of a program that gets no more input.
fn finish(program: Child) -> Result<Output, EnforceError> {
    program.wait_with_output().map_err(|source| EnforceError::NftFailed { source })
}

/// What `nft` said, in one line.
fn refusal(what: &'static str, output: &Output) -> EnforceError {
    let said = String::from_utf8_lossy(&output.stderr);
    if said.contains("Operation not permitted") {
        return EnforceError::Forbidden;
    }
    let said = said.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or("nothing");
    EnforceError::Refused { what, said: said.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_nft_it_says_what_to_install() {
        let programs = &["/nonexistent/nft", "weir-has-no-such-program"];
        let nft = Nft { namespace: Namespace::Own, programs, waiting: RefCell::default() };
        nft.prepare();
        let error = nft.apply("try", &[]).unwrap_err();
        assert_eq!(error.to_string(), "the program `nft` is missing: install the package nftables");
    }
}
