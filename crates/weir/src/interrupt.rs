//! Ctrl-C while files are being written: what is unfinished is removed, and the program ends.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    thread,
};

use tokio::signal::unix::{SignalKind, signal};

/// Files that have no meaning when the program does not finish them.
static UNFINISHED: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// From now on an interrupt or a request to terminate removes what is unfinished and ends the program, with the exit
/// code that shells give for the signal: 130 or 143.
///
/// # Errors
/// When the signals cannot be watched.
pub fn remove_unfinished() -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    let watched = {
        let _inside = runtime.enter();
        (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?)
    };
    thread::Builder::new().name("signals".into()).spawn(move || {
        let (mut interrupt, mut terminate) = watched;
        let code = runtime.block_on(async {
            tokio::select! {
                _ = interrupt.recv() => 130,
                _ = terminate.recv() => 143,
            }
        });
        let unfinished = UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner);
        for path in unfinished.iter() {
            let _ = fs::remove_file(path);
        }
        // The lock is held: no other file is begun.
        end(code)
    })?;
    Ok(())
}

#[allow(clippy::disallowed_methods, reason = "main waits for work that a signal is to break off")]
fn end(code: i32) -> ! {
    std::process::exit(code)
}

/// Makes a file, which an interrupt removes until [`finished`] is said of it.
///
/// # Errors
/// Those of `make`.
pub fn begin<T>(path: &Path, make: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    let mut unfinished = UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner);
    let made = make()?;
    unfinished.push(path.to_owned());
    Ok(made)
}

/// The file has its name, or is gone.
pub fn finished(path: &Path) {
    UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner).retain(|other| other != path);
}
