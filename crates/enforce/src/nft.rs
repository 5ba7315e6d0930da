//! Runs the program `nft`, which puts rules into the kernel and reads them back.

use std::{
    ffi::OsString,
    io::{self, Write as _},
    path::PathBuf,
    process::{Command, Output, Stdio},
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

/// The program `nft` in a network namespace.
#[derive(Debug, Clone)]
pub(crate) struct Nft {
    namespace: Namespace,
    programs: &'static [&'static str],
}

impl Nft {
    pub(crate) const fn new(namespace: Namespace) -> Self {
        Self { namespace, programs: PROGRAMS }
    }

    /// Carries out commands, all of them or none.
    pub(crate) fn apply(&self, what: &'static str, commands: &[Value]) -> Result<(), EnforceError> {
        let input = serde_json::to_vec(&json!({ "nftables": commands })).unwrap_or_default();
        let output = self.run(&["-j", "-f", "-"], &input)?;
        if output.status.success() { Ok(()) } else { Err(refusal(what, &output)) }
    }

    /// What is there, as a list of objects; `None` when it is not there.
    pub(crate) fn list(&self, what: &'static str, words: &[&str]) -> Result<Option<Vec<Value>>, EnforceError> {
        let output = self.run(words, &[])?;
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

    fn run(&self, words: &[&str], input: &[u8]) -> Result<Output, EnforceError> {
        for program in self.programs {
            match self.run_program(program, words, input) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(source) => return Err(EnforceError::NftFailed { source }),
                Ok(output) => return Ok(output),
            }
        }
        Err(EnforceError::NftMissing)
    }

    fn run_program(&self, program: &str, words: &[&str], input: &[u8]) -> io::Result<Output> {
        let mut line: Vec<OsString> = match &self.namespace {
            Namespace::Own => Vec::new(),
            Namespace::Named(name) => ["ip", "netns", "exec", name].map(OsString::from).into(),
        };
        line.push(program.into());
        line.extend(words.iter().map(OsString::from));
        let mut child = Command::new(&line[0])
            .args(&line[1..])
            .env("LC_ALL", "C")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        if let Some(mut pipe) = child.stdin.take() {
            match pipe.write_all(input) {
                // It says on its own what it did not like.
                Err(error) if error.kind() != io::ErrorKind::BrokenPipe => return Err(error),
                _ => {}
            }
        }
        child.wait_with_output()
    }
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
        let nft = Nft { namespace: Namespace::Own, programs: &["/nonexistent/nft", "weir-has-no-such-program"] };
        let error = nft.apply("try", &[]).unwrap_err();
        assert_eq!(error.to_string(), "the program `nft` is missing: install the package nftables");
    }
}
