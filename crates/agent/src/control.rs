//! What users of this host ask of the agent that runs: a line over a Unix socket, and a line in answer.
//!
//! The socket is in a folder that only the agent's user and root may enter.

use std::{
    fs::{self, DirBuilder},
    io::{self, BufRead as _, BufReader, Read as _, Write as _},
    os::unix::{
        fs::DirBuilderExt as _,
        net::{UnixListener, UnixStream},
    },
    path::{Path, PathBuf},
    sync::mpsc,
    thread,
    time::Duration,
};

use anyhow::{Context as _, Result, bail};

/// How long either side waits for the other.
const PATIENCE: Duration = Duration::from_secs(10);
/// Longest line.
const LIMIT: u64 = 4096;

/// What can be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Keep the rules that are on trial.
    Confirm,
    /// Take all rules away, and put none in force any more.
    Detach,
}

/// What was done, or why not.
pub type Answer = Result<String, String>;

impl Order {
    const ALL: [Self; 2] = [Order::Confirm, Order::Detach];

    fn word(self) -> &'static str {
        match self {
            Order::Confirm => "confirm",
            Order::Detach => "detach",
        }
    }
}

fn socket(data: &Path) -> PathBuf {
    data.join("control").join("socket")
}

/// Takes orders until the process ends, and hands them on.
///
/// # Errors
/// When the socket cannot be made.
pub fn listen(data: &Path, carry_out: impl Fn(Order, mpsc::Sender<Answer>) + Send + 'static) -> Result<()> {
    let path = socket(data);
    let make = || -> io::Result<UnixListener> {
        let folder = path.parent().unwrap_or(data);
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        // Left by a run that was killed: the lock of the directory says that it is gone.
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => UnixListener::bind(&path),
        }
    };
    let listener = make().with_context(|| format!("cannot take orders at {}", path.display()))?;
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            if let Err(error) = answer(&stream, &carry_out) {
                tracing::debug!("an order was not understood or not answered: {error}");
            }
        }
    });
    Ok(())
}

fn answer(mut stream: &UnixStream, carry_out: &impl Fn(Order, mpsc::Sender<Answer>)) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let line = line(stream)?;
    let order = Order::ALL.into_iter().find(|order| order.word() == line);
    let order = order.ok_or_else(|| io::Error::other(format!("no such order: {line}")))?;
    let (reply, replied) = mpsc::channel();
    carry_out(order, reply);
    let said = replied.recv_timeout(PATIENCE).unwrap_or_else(|_| Err("the agent is ending".into()));
    let (word, text) = match &said {
        Ok(text) => ("done", text),
        Err(text) => ("refused", text),
    };
    writeln!(stream, "{word} {}", text.replace('\n', " "))
}

/// Asks the agent that runs with this data directory; `None` when none does.
///
/// # Errors
/// What it refuses, or when it does not answer.
pub fn ask(data: &Path, order: Order) -> Result<Option<String>> {
    let path = socket(data);
    let mut stream = match UnixStream::connect(&path) {
        Ok(stream) => stream,
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused) => {
            return Ok(None);
        }
        Err(error) => return Err(error).with_context(|| format!("cannot ask at {}", path.display())),
    };
    let mut talk = || -> io::Result<String> {
        stream.set_read_timeout(Some(PATIENCE))?;
        writeln!(stream, "{}", order.word())?;
        line(&stream)
    };
    let said = talk().with_context(|| format!("the agent does not answer at {}", path.display()))?;
    match said.split_once(' ') {
        Some(("done", text)) => Ok(Some(text.to_owned())),
        Some(("refused", text)) => bail!("{text}"),
        _ => bail!("the agent does not answer at {}", path.display()),
    }
}

fn line(stream: &UnixStream) -> io::Result<String> {
    let mut line = String::new();
    BufReader::new(stream.take(LIMIT)).read_line(&mut line)?;
    Ok(line.trim_end().to_owned())
}
