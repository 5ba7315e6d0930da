//! A network namespace for a test.
//!
//! It has no name: it belongs to a thread, and the kernel takes it away with everything in it when that thread ends,
//! however the test ends.

#![allow(unsafe_code, reason = "no safe interface moves a thread to a namespace of its own")]

use std::{
    io::Write as _,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    process::{Command, Stdio},
    sync::mpsc,
    thread::{self, JoinHandle},
};

use rustix::thread::{UnshareFlags, gettid, unshare_unsafe};

type Task = Box<dyn FnOnce() + Send>;

/// A thread in a network namespace of its own.
pub(crate) struct Side {
    tasks: Option<mpsc::Sender<Task>>,
    thread: Option<JoinHandle<()>>,
    /// Where other processes find the namespace.
    pub(crate) path: String,
}

#[allow(dead_code, reason = "not every test uses all of it")]
impl Side {
    /// Fails when this process may not make namespaces: a test that cannot look has not passed.
    pub(crate) fn new() -> Self {
        let (tasks, todo) = mpsc::channel::<Task>();
        let (ready, started) = mpsc::channel();
        let thread = thread::spawn(move || {
            // SAFETY: only the network namespace is left; file descriptors stay shared.
            let made = unsafe { unshare_unsafe(UnshareFlags::NEWNET) };
            let path = format!("/proc/{}/task/{}/ns/net", std::process::id(), gettid().as_raw_nonzero());
            if ready.send(made.map(|()| path)).is_ok() {
                todo.into_iter().for_each(|task| task());
            }
        });
        match started.recv().expect("the thread answers") {
            Ok(path) => Side { tasks: Some(tasks), thread: Some(thread), path },
            Err(errno) => panic!("live tests make network namespaces: run them as root, as `make test` does ({errno})"),
        }
    }

    /// Runs a closure in the namespace and waits for it. Threads and processes that it starts are in it too.
    pub(crate) fn run<T: Send + 'static>(&self, task: impl FnOnce() -> T + Send + 'static) -> T {
        let (done, result) = mpsc::channel();
        let task: Task = Box::new(move || {
            let _ = done.send(catch_unwind(AssertUnwindSafe(task)));
        });
        self.tasks.as_ref().expect("not dropped").send(task).expect("the thread runs");
        result.recv().expect("the task ends").unwrap_or_else(|panic| resume_unwind(panic))
    }

    /// Runs `ip` with these words as arguments.
    pub(crate) fn ip(&self, words: &str) {
        self.command("ip", words, "");
    }

    /// Runs a program with these words as arguments and this text as its input; gives what it writes.
    pub(crate) fn command(&self, program: &'static str, words: &str, input: &str) -> String {
        let (words, input) = (words.to_owned(), input.to_owned());
        self.run(move || {
            let mut command = Command::new(program);
            command.args(words.split_whitespace()).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
            let mut child = command.spawn().unwrap_or_else(|error| {
                panic!("the command `{program}`: {error}; install what tests need with scripts/setup test")
            });
            // A program that does not read its input may have ended already.
            let _ = child.stdin.take().expect("piped").write_all(input.as_bytes());
            let output = child.wait_with_output().expect("it ends");
            assert!(output.status.success(), "{program} {words}: {}", String::from_utf8_lossy(&output.stderr));
            String::from_utf8(output.stdout).expect("text")
        })
    }

    /// Sets a value below `/proc/sys/net`.
    pub(crate) fn sysctl(&self, name: &str, value: &'static str) {
        let path = format!("/proc/sys/net/{name}");
        self.run(move || std::fs::write(&path, value).unwrap_or_else(|error| panic!("{path}: {error}")));
    }
}

impl Drop for Side {
    fn drop(&mut self) {
        self.tasks = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
