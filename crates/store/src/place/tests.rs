use super::*;
use crate::Buckets;

fn write(path: &Path, bytes: &[u8]) {
    fs::create_dir_all(path.parent().expect("has a parent")).expect("made");
    fs::write(path, bytes).expect("written");
}

fn locations(objects: &[Object]) -> Vec<&str> {
    objects.iter().map(|object| object.meta.location.as_ref()).collect()
}

#[tokio::test]
async fn a_folder_lists_all_below_it_in_order_without_hidden_or_unfinished_names() {
    let dir = tempfile::tempdir().expect("made");
    for name in [
        "b/2.log.gz",
        "b/1.log.gz",
        "a.log",
        "b/_temporary/x",
        "b/.crc",
        "_SUCCESS",
        "b/3.log.gz#1",
        "year=2026/month=01/ä ö%20.log",
    ] {
        write(&dir.path().join(name), b"bytes");
    }
    std::os::unix::fs::symlink(dir.path().join("nothing"), dir.path().join("broken")).expect("linked");
    std::os::unix::fs::symlink(dir.path(), dir.path().join("b/circle")).expect("linked");

    let place = Buckets::new().place(dir.path().to_str().expect("UTF-8")).expect("there");
    let objects = place.list().await.expect("listed");

    assert_eq!(locations(&objects), ["a.log", "b/1.log.gz", "b/2.log.gz", "year=2026/month=01/ä ö%20.log"]);
    for object in &objects {
        assert_eq!(object.size(), 5);
        assert_eq!(place.read(object).await.expect("read"), "bytes");
        assert_eq!(place.read_range(object, 1..3).await.expect("read"), "yt");
        let head = place.store().head(&object.meta.location).await.expect("there");
        assert_eq!(head, object.meta, "listing and reading agree on size, time and ETag");
        assert_eq!(fs::read(object.file.as_ref().expect("local")).expect("read"), b"bytes");
    }
}

#[tokio::test]
async fn a_file_lists_itself_even_when_hidden() {
    let dir = tempfile::tempdir().expect("made");
    let file = dir.path().join("_one.log");
    write(&file, b"x");
    for text in [file.display().to_string(), format!("file://{}", file.display())] {
        let place = Buckets::new().place(&text).expect("there");
        let objects = place.list().await.expect("listed");
        assert_eq!(objects.len(), 1);
        assert_eq!(place.read(&objects[0]).await.expect("read"), "x");
    }
}

#[tokio::test]
async fn a_name_that_cannot_be_a_key_is_named_in_the_error() {
    use std::os::unix::ffi::OsStrExt;
    let dir = tempfile::tempdir().expect("made");
    write(&dir.path().join(std::ffi::OsStr::from_bytes(b"x\xff.log")), b"");
    let place = Buckets::new().place(dir.path().to_str().expect("UTF-8")).expect("there");
    let error = place.list().await.expect_err("refused").to_string();
    assert!(error.contains("rename it"), "{error}");
}

#[test]
fn nothing_there_is_an_error_that_names_the_place() {
    let error = Buckets::new().place("/no/such/folder").expect_err("refused").to_string();
    assert_eq!(error, "nothing at /no/such/folder: check the spelling");
}
