//! Tests of a disk that is really full: a small tmpfs in a mount namespace of its own, which ends with the process.
//!
//! Needs root, or a kernel that lets everyone make user namespaces.

use std::{fs, io::Write, path::Path, process::Command};

/// Runs the ignored test of this name as a child that is told a folder, in which these folders are disks of these sizes.
pub(crate) fn with_small_disks(test: &str, disks: &[(&str, &str)]) {
    let dir = tempfile::tempdir().expect("made");
    let disk = |(folder, size): &(&str, &str)| {
        format!("mkdir \"$1/{folder}\"; mount -t tmpfs -o size={size} tmpfs \"$1/{folder}\"; ")
    };
    let disks: String = disks.iter().map(disk).collect();
    let script = format!(r#"set -e; {disks} printf '0\n%s\n' "$1" | "$2" --exact "$3" --ignored --nocapture"#);
    let output = Command::new("unshare")
        .args(["--map-root-user", "--mount", "sh", "-c", &script, "sh"])
        .args([dir.path(), &std::env::current_exe().expect("known")])
        .arg(test)
        .output()
        .expect("unshare is there");
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.contains("1 passed"), "needs the right to mount a tmpfs: {said}");
}

/// Takes all the room there is.
pub(crate) fn fill(path: &Path) {
    let mut file = fs::File::create(path).expect("made");
    for size in [4_096, 1] {
        while file.write_all(&vec![0; size]).is_ok() {}
    }
}
