//! Builds `console/` with Node, and writes the list of its files for `include!`.
//!
//! All of it happens in `OUT_DIR`: several target directories do not get in each other's way, and the sources stay as
//! they are. The packages are installed anew only when the lock file changes.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
};

/// What the page is made of, below `console/`.
const SOURCES: [&str; 7] =
    ["build.mjs", "index.html", "package-lock.json", "package.json", "public", "src", "tsconfig.json"];

const HINT: &str = "Node 18 or newer and npm build the console's page: `scripts/setup build` installs them. Without them \
                    build a program without the page: `cargo build --no-default-features --package weir`.";

/// Letters of what a program said that are shown.
const LONGEST_ERROR: usize = 1500;

fn main() -> ExitCode {
    let Err(problem) = build() else { return ExitCode::SUCCESS };
    println!("cargo::error=the console was not built: {problem}");
    println!("cargo::error={HINT}");
    ExitCode::FAILURE
}

fn build() -> Result<(), String> {
    let variable = |name: &str| env::var_os(name).map(PathBuf::from).ok_or_else(|| format!("{name} is not set"));
    let sources = variable("CARGO_MANIFEST_DIR")?.join("../../console");
    let out = variable("OUT_DIR")?;
    for name in SOURCES {
        println!("cargo::rerun-if-changed={}", sources.join(name).display());
    }
    let work = out.join("console");
    bring(&sources, &work).map_err(|error| format!("{}: {error}", work.display()))?;
    install(&work)?;
    run(Command::new("node").arg("build.mjs").arg(&out).current_dir(&work))
}

/// Copies the sources, and what was there before is gone, but for the packages.
fn bring(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for name in SOURCES {
        let target = to.join(name);
        if target.is_dir() {
            fs::remove_dir_all(&target)?;
        }
        copy(&from.join(name), &target)?;
    }
    Ok(())
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    if !from.is_dir() {
        return fs::copy(from, to).map(drop);
    }
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let name = entry?.file_name();
        copy(&from.join(&name), &to.join(&name))?;
    }
    Ok(())
}

/// Installs the packages of the lock file, if those of another one or none are there.
fn install(work: &Path) -> Result<(), String> {
    let lock = fs::read(work.join("package-lock.json")).map_err(|error| error.to_string())?;
    let installed = work.join("installed.json");
    if fs::read(&installed).is_ok_and(|done| done == lock) {
        return Ok(());
    }
    // Not `ci`: that wants the packages of every platform in the lock file, and not every registry has them all.
    let words = ["install", "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"];
    run(Command::new("npm").args(words).current_dir(work))?;
    fs::write(&installed, lock).map_err(|error| error.to_string())
}

fn run(command: &mut Command) -> Result<(), String> {
    let named = format!("{command:?}");
    let output = command.output().map_err(|error| format!("{named}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = [output.stdout, output.stderr].concat();
    // The beginning says what is wrong; the rest is how to call npm.
    let said: String = String::from_utf8_lossy(&said).chars().take(LONGEST_ERROR).collect();
    Err(format!("{named} failed: {}", said.replace('\n', " | ")))
}
