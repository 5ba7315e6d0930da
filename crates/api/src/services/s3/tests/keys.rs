//! Keys of every kind, and files that did not come through S3.

use std::fs;

use s3s::dto::LifecycleRule;

use super::client::Server;
use crate::services::{
    fixture::NOW,
    s3::{
        S3,
        checksum::Algorithm,
        disk::{Version, Versioning},
        facts::Facts,
        lifecycle,
    },
};

fn put_now(s3: &S3, key: &str, bytes: &[u8], now: i64) -> Option<String> {
    let disk = &s3.service.disk;
    let bucket = disk.bucket("lake").expect("there");
    let mut staged = disk.stage(&bucket).expect("staged");
    staged.write(bytes).expect("written");
    let facts = Facts { etag: format!("{}", bytes.len()), ..Facts::default() };
    disk.commit("lake", key, staged, facts, &|_| Ok(()), now).expect("put").version
}

fn put(s3: &S3, key: &str, bytes: &[u8]) -> Option<String> {
    put_now(s3, key, bytes, NOW)
}

fn read(s3: &S3, key: &str) -> Option<Vec<u8>> {
    let bucket = s3.service.disk.bucket("lake").expect("there");
    let mut file = s3.service.disk.newest(&bucket, key).expect("found")?.file?;
    let mut bytes = Vec::new();
    std::io::Read::read_to_end(&mut file, &mut bytes).expect("read");
    Some(bytes)
}

fn keys(s3: &S3, prefix: &str) -> Vec<String> {
    let bucket = s3.service.disk.bucket("lake").expect("there");
    let mut keys = s3.service.disk.keys(&bucket, prefix).expect("listed");
    std::iter::from_fn(|| keys.next().expect("listed")).map(|(key, _)| key).collect()
}

fn versions(s3: &S3, key: &str) -> Vec<Version> {
    let bucket = s3.service.disk.bucket("lake").expect("there");
    s3.service.disk.versions(&bucket, key).expect("found")
}

fn delete(s3: &S3, key: &str) {
    s3.service.disk.delete("lake", key, &|_| Ok(()), NOW).expect("deleted");
}

fn server() -> Server {
    let server = Server::open();
    server.store("lake");
    server
}

#[test]
fn keys_that_no_file_can_have_are_objects_as_well() {
    let server = server();
    let s3 = &server.s3;
    let long = "x/".repeat(500);
    let part = "y".repeat(300);
    let mut all =
        vec!["a", "a/", "a/b", "a//b", "/a", "../../escape", ".", "a/../b", ".weir/x", "a#1", "a/b/c", &long, &part];
    for key in &all {
        put(s3, key, key.as_bytes());
    }
    all.sort_unstable();
    assert_eq!(keys(s3, ""), all);
    for key in &all {
        assert_eq!(read(s3, key).as_deref(), Some(key.as_bytes()), "{key}");
    }
    assert_eq!(keys(s3, "a/"), ["a/", "a/../b", "a//b", "a/b", "a/b/c"]);
    assert!(server.bucket("lake").join("a").is_file(), "an ordinary key is a plain file");
    for key in &all {
        put(s3, key, b"other");
        assert_eq!(read(s3, key).as_deref(), Some(&b"other"[..]), "{key}");
        delete(s3, key);
        assert_eq!(read(s3, key), None, "{key}");
    }
    assert_eq!(keys(s3, ""), [""; 0]);
    let left = fs::read_dir(server.bucket("lake").join(".weir/objects")).expect("there").count();
    assert_eq!(left, 0);
    let bucket = s3.service.disk.bucket("lake").expect("there");
    assert!(s3.service.disk.delete_bucket(&bucket).expect("deleted"));
    assert!(!server.bucket("lake").exists());
}

#[test]
fn a_key_that_was_in_the_way_makes_room_again() {
    let server = server();
    let s3 = &server.s3;
    put(s3, "a", b"file");
    put(s3, "a/b", b"below");
    delete(s3, "a");
    put(s3, "a/b", b"plain now");
    assert_eq!(read(s3, "a/b").as_deref(), Some(&b"plain now"[..]));
    assert!(server.bucket("lake").join("a/b").is_file());
    assert_eq!(keys(s3, ""), ["a/b"]);
    put(s3, "a", b"beside");
    assert_eq!(keys(s3, ""), ["a", "a/b"]);
    assert_eq!(read(s3, "a").as_deref(), Some(&b"beside"[..]));
}

#[test]
fn a_file_that_was_put_into_the_folder_is_an_object() {
    let server = server();
    let s3 = &server.s3;
    let path = server.bucket("lake").join("AWSLogs/x.log");
    fs::create_dir_all(path.parent().expect("has one")).expect("made");
    fs::write(&path, "delivered").expect("written");
    fs::write(path.with_file_name("x.log#1"), "half").expect("written");
    assert_eq!(keys(s3, ""), ["AWSLogs/x.log"]);
    let found = versions(s3, "AWSLogs/x.log");
    assert_eq!((found[0].size, found[0].version.as_str()), (9, "null"));
    assert_eq!(versions(s3, "AWSLogs/x.log")[0].facts.etag, found[0].facts.etag, "its tag stays");
    put(s3, "AWSLogs/x.log", b"described");
    fs::write(&path, "overwrittn").expect("written");
    assert!(versions(s3, "AWSLogs/x.log")[0].facts.etag.ends_with("-1"), "what is known is of another file");
}

#[test]
fn versions_stay_and_come_back() {
    let server = server();
    let s3 = &server.s3;
    let disk = &s3.service.disk;
    put(s3, "x", b"before");
    let bucket = disk.bucket("lake").expect("there");
    disk.set(&bucket, "versioning", Some(&Versioning::Enabled)).expect("set");
    for key in ["x", "x/y"] {
        let first = put(s3, key, b"one").expect("an id");
        let second = put(s3, key, b"two!").expect("an id");
        assert_eq!(read(s3, key).as_deref(), Some(&b"two!"[..]));
        delete(s3, key);
        assert_eq!(read(s3, key), None);
        let all = versions(s3, key);
        assert!(all[0].marker);
        assert_eq!(all[1..3].iter().map(|version| &version.version).collect::<Vec<_>>(), [&second, &first]);
        disk.delete_version("lake", key, &all[0].version, &|_| Ok(())).expect("deleted");
        assert_eq!(read(s3, key).as_deref(), Some(&b"two!"[..]));
        disk.delete_version("lake", key, &second, &|_| Ok(())).expect("deleted");
        assert_eq!(read(s3, key).as_deref(), Some(&b"one"[..]));
    }
    assert_eq!(fs::read(server.bucket("lake").join("x")).expect("read"), b"one", "the newest is the plain file");
    assert_eq!(versions(s3, "x").last().map(|version| version.version.as_str()), Some("null"));
    disk.set(&bucket, "versioning", Some(&Versioning::Suspended)).expect("set");
    put(s3, "x", b"suspended");
    put(s3, "x", b"suspended again");
    let ids: Vec<_> = versions(s3, "x").into_iter().map(|version| version.version).collect();
    assert_eq!((ids.len(), ids[0].as_str()), (2, "null"));
    assert!(!disk.delete_bucket(&bucket).expect("looked"), "versions are objects");
}

#[test]
fn a_crash_leaves_the_old_object_or_the_new_one() {
    let server = server();
    let s3 = &server.s3;
    let disk = &s3.service.disk;
    put(s3, "x", b"old");
    let bucket = disk.bucket("lake").expect("there");
    // As far as a put gets before its rename: the row of the new version is there, the file is not.
    let old = versions(s3, "x").remove(0);
    let mut new = old.clone();
    (new.modified, new.size, new.facts.etag) = (old.modified + 1, 9, "new".to_owned());
    disk.put_row(&bucket, &new).expect("written");
    disk.stage(&bucket).map(std::mem::forget).expect("left behind");
    assert_eq!(versions(s3, "x").len(), 1);
    assert_eq!(versions(s3, "x")[0].facts.etag, old.facts.etag);
    let deleted = server.bucket(".gone-6f1c1a0e-3b5e-4f43-9d4c-1c4b0a7f3e55");
    fs::create_dir(&deleted).expect("made");
    disk.sweep().expect("swept");
    assert!(!deleted.exists(), "what is left of a bucket that was deleted");
    assert_eq!(fs::read_dir(server.bucket("lake").join(".weir/temporary")).expect("there").count(), 0);
    put(s3, "x", b"newer");
    assert_eq!(versions(s3, "x")[0].facts.etag, "5");
}

#[test]
fn what_is_said_of_a_version_is_said_wherever_it_is_by_then() {
    let server = server();
    let s3 = &server.s3;
    let disk = &s3.service.disk;
    let bucket = disk.bucket("lake").expect("there");
    disk.set(&bucket, "versioning", Some(&Versioning::Enabled)).expect("set");
    put(s3, "x", b"one");
    let first = versions(s3, "x").remove(0);
    // Meanwhile somebody writes another version, and tags this one.
    put(s3, "x", b"two!");
    disk.describe(&bucket, &first, |facts| facts.tags = vec![("colour".to_owned(), "blue".to_owned())]).expect("said");
    disk.describe(&bucket, &first, |facts| facts.storage_class = Some("GLACIER".to_owned())).expect("said");
    let all = versions(s3, "x");
    assert_eq!((all.len(), all[1].facts.tags.len(), all[1].facts.storage_class()), (2, 1, "GLACIER"));
    let found = disk.version(&bucket, "x", &first.version).expect("found").expect("there");
    assert_eq!(found.file.expect("a file").metadata().expect("known").len(), 3);
    disk.delete_version("lake", "x", &first.version, &|_| Ok(())).expect("deleted");
    disk.describe(&bucket, &first, |_| {}).expect_err("it is gone");
}

#[test]
fn readers_see_one_whole_object_whoever_writes_beside_them() {
    let server = server();
    let s3 = &server.s3;
    // At its own place, and aside.
    for key in ["x", "x/"] {
        put(s3, key, b"first");
        std::thread::scope(|threads| {
            let writers: Vec<_> = (1..4_usize)
                .map(|writer| {
                    threads.spawn(move || (1..20).for_each(|at| drop(put(s3, key, &vec![b'y'; writer * at]))))
                })
                .collect();
            let bucket = s3.service.disk.bucket("lake").expect("there");
            while !writers.iter().all(std::thread::ScopedJoinHandle::is_finished) {
                let found = s3.service.disk.newest(&bucket, key).expect("found").expect("an object is always there");
                let length = found.file.expect("a file").metadata().expect("known").len();
                assert_eq!((found.version.size, found.version.facts.etag), (length, length.to_string()), "{key}");
                assert_eq!(versions(s3, key).len(), 1, "{key}");
            }
        });
    }
}

fn rule(text: &str) -> Vec<LifecycleRule> {
    serde_json::from_str(text).expect("a rule")
}

#[test]
fn lifecycle_rules_end_what_they_are_about() {
    const DAY: i64 = 86_400_000;
    let server = server();
    let s3 = &server.s3;
    let disk = &s3.service.disk;
    let bucket = disk.bucket("lake").expect("there");
    for (key, age) in [("logs/old", 3), ("logs/new", 0), ("other/old", 3)] {
        put_now(s3, key, b"x", NOW - age * DAY);
    }
    let upload = crate::services::s3::disk::UploadFacts {
        object: Facts::default(),
        algorithm: Some(Algorithm::Crc32),
        is_full_object: true,
    };
    disk.begin_upload(&bucket, "logs/part", &upload, NOW - 3 * DAY).expect("begun");
    let days = |prefix: &str| {
        format!(
            r#"[{{"status":"Enabled","id":"a","prefix":"{prefix}","expiration":{{"days":1}},"abort_incomplete_multipart_upload":{{"days_after_initiation":1}}}}]"#
        )
    };
    disk.set(&bucket, "lifecycle", Some(&rule(&days("logs/")))).expect("set");
    let expired = s3.poll(NOW).expect("expired");
    assert_eq!((expired.objects, expired.uploads), (1, 1));
    assert_eq!(keys(s3, ""), ["logs/new", "other/old"]);
    assert_eq!(s3.poll(NOW).expect("expired"), lifecycle::Expired::default(), "not before a minute has passed");

    disk.set(&bucket, "versioning", Some(&Versioning::Enabled)).expect("set");
    put_now(s3, "logs/new", b"xx", NOW + 1);
    assert_eq!(s3.poll(NOW + 3 * DAY).expect("expired").objects, 1);
    assert!(versions(s3, "logs/new")[0].marker);
    let noncurrent = r#"[{"status":"Enabled","id":"a","prefix":"","expiration":{"expired_object_delete_marker":true},"noncurrent_version_expiration":{"noncurrent_days":1}}]"#;
    disk.set(&bucket, "lifecycle", Some(&rule(noncurrent))).expect("set");
    assert_eq!(s3.poll(NOW + 6 * DAY).expect("expired").versions, 2);
    assert_eq!(s3.poll(NOW + 7 * DAY).expect("expired").versions, 1, "a marker that hides nothing goes");
    assert_eq!(versions(s3, "logs/new").len(), 0);
}
