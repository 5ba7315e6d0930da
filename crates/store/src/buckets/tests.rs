use super::*;

fn keys() -> S3Settings {
    S3Settings::new([("AWS_ACCESS_KEY_ID", "AKID"), ("AWS_SECRET_ACCESS_KEY", "secret")])
}

fn name(text: &str) -> BucketName {
    text.parse().expect("valid")
}

#[tokio::test]
async fn a_bucket_is_its_folder_if_there_is_one_and_s3_otherwise() {
    let dir = tempfile::tempdir().expect("made");
    let mapped = dir.path().join("elsewhere");
    fs::create_dir(&mapped).expect("made");
    let buckets = Buckets::new()
        .with_root(dir.path().join("buckets"))
        .with_folder(name("mapped"), &mapped)
        .with_folder(name("gone"), dir.path().join("gone"))
        .with_s3(keys());
    let folder = buckets.create(&name("flow-logs")).expect("made");
    assert_eq!(folder, dir.path().join("buckets/flow-logs"));
    buckets.create(&name("flow-logs")).expect("made again");
    fs::create_dir(folder.join("x")).expect("made");
    fs::write(folder.join("x/1"), "1").expect("written");
    fs::write(mapped.join("2"), "2").expect("written");

    let list = async |text: &str| buckets.place(text).expect("a place").list().await.expect("listed");
    for text in ["s3://flow-logs", "s3://flow-logs/", "s3://flow-logs/x", "s3a://flow-logs/x/", "s3://flow-logs/x/1"] {
        let objects = list(text).await;
        assert_eq!(objects.len(), 1, "{text}");
        assert_eq!(objects[0].meta.location.as_ref(), "x/1", "{text}");
    }
    assert!(list("s3://flow-logs/y").await.is_empty());
    assert_eq!(list("s3://mapped/").await.len(), 1);
    assert!(matches!(buckets.place("s3://gone/"), Err(StoreError::NoBucket { .. })));
    assert_eq!(buckets.place("s3://other/AWSLogs/").expect("S3").name(), "s3://other/AWSLogs");
    assert_eq!(buckets.names().expect("listed"), [name("flow-logs"), name("gone"), name("mapped")]);
}

#[test]
fn no_way_out_of_a_bucket() {
    let dir = tempfile::tempdir().expect("made");
    let buckets = Buckets::new().with_root(dir.path()).with_s3(keys());
    buckets.create(&name("flow-logs")).expect("made");
    for text in [
        "s3://../x",
        "s3://flow-logs/../x",
        "s3://flow-logs/a/../../x",
        "s3://flow-logs/./x",
        "s3://flow-logs/a//b",
        "s3:///x",
        "s3://..",
    ] {
        assert!(buckets.place(text).is_err(), "{text}");
    }
}

#[test]
fn other_schemes_are_refused() {
    for text in ["", "http://example.com/x", "hdfs://x/y", "file://tmp/x", "file:x://"] {
        assert!(Buckets::new().place(text).is_err(), "{text}");
    }
    assert_eq!(percent_decoded("/a%20b%2fc%zz%4"), Some("/a b/c%zz%4".into()));
    assert_eq!(percent_decoded("/%ff"), None);
}

#[tokio::test]
async fn one_is_told_of_what_any_copy_puts_into_a_folder() {
    let dir = tempfile::tempdir().expect("made");
    let buckets = Buckets::new().with_root(dir.path()).keeping_news();
    let copy = buckets.clone();
    let (folder, heard) = (buckets.create(&name("lake")).expect("made"), Arc::new(std::sync::Mutex::new(Vec::new())));
    copy.put(&name("lake"), "early", "x".into()).await.expect("put");
    let hearing = Arc::clone(&heard);
    buckets.listen(move |bucket, key, is_of_parts| {
        let is_there = folder.join(key.as_ref()).is_file();
        hearing.lock().expect("not poisoned").push((bucket.to_string(), key.to_string(), is_of_parts, is_there));
    });
    copy.put(&name("lake"), "a/b", "x".into()).await.expect("put");
    let mut upload = copy.writer(&name("lake")).expect("a store").put_multipart(&"c".into()).await.expect("begun");
    upload.put_part("x".into()).await.expect("sent");
    assert_eq!(heard.lock().expect("not poisoned").len(), 2);
    upload.complete().await.expect("done");
    let expected = [("early", false), ("a/b", false), ("c", true)]
        .map(|(key, parts)| ("lake".to_owned(), key.to_owned(), parts, true));
    assert_eq!(*heard.lock().expect("not poisoned"), expected);
}
