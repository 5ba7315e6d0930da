use object_store::ObjectStoreExt;

use super::*;
use crate::Buckets;

async fn listed(store: &DurableFolder) -> Vec<String> {
    use futures::TryStreamExt;
    let found: Vec<ObjectMeta> = store.list(None).try_collect().await.expect("listed");
    found.into_iter().map(|meta| meta.location.to_string()).collect()
}

fn files(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .expect("listed")
        .map(|entry| entry.expect("entry").file_name().into_string().expect("UTF-8"))
        .collect();
    names.sort();
    names
}

#[tokio::test]
async fn an_object_shows_when_it_is_whole() {
    let dir = tempfile::tempdir().expect("made");
    let store = DurableFolder::new(dir.path()).expect("opened");
    let key = Key::from("a/b/object");

    let mut upload = store.put_multipart(&key).await.expect("begun");
    upload.put_part("one ".into()).await.expect("sent");
    let (two, three) = (upload.put_part("two ".into()), upload.put_part("three".into()));
    three.await.expect("sent");
    assert!(listed(&store).await.is_empty());
    let place = Buckets::new().place(dir.path().to_str().expect("UTF-8")).expect("there");
    assert!(place.list().await.expect("listed").is_empty());
    two.await.expect("sent");
    let put = upload.complete().await.expect("done");

    assert_eq!(listed(&store).await, ["a/b/object"]);
    let got = store.get(&key).await.expect("there");
    assert_eq!(got.meta.e_tag, put.e_tag);
    assert_eq!(got.bytes().await.expect("read"), "one two three");
    store.put(&key, "shorter".into()).await.expect("put again");
    assert_eq!(fs::read(dir.path().join("a/b/object")).expect("read"), b"shorter");
    assert_eq!(files(&dir.path().join("a/b")), ["object"]);
}

#[tokio::test]
async fn what_was_given_up_leaves_nothing() {
    let dir = tempfile::tempdir().expect("made");
    let store = DurableFolder::new(dir.path()).expect("opened");
    let mut upload = store.put_multipart(&Key::from("x")).await.expect("begun");
    upload.put_part("bytes".into()).await.expect("sent");
    assert_eq!(files(dir.path()), ["x#1"]);
    upload.abort().await.expect("aborted");
    assert!(files(dir.path()).is_empty());
    let mut upload = store.put_multipart(&Key::from("x")).await.expect("begun");
    upload.put_part("bytes".into()).await.expect("sent");
    drop(upload);
    assert!(files(dir.path()).is_empty());
}

#[tokio::test]
async fn what_a_dead_writer_left_is_taken_over_and_a_living_one_is_let_be() {
    let dir = tempfile::tempdir().expect("made");
    let store = DurableFolder::new(dir.path()).expect("opened");
    fs::write(dir.path().join("x#1"), "left by a writer that died, and long").expect("written");
    let mut living = store.put_multipart(&Key::from("x")).await.expect("begun");
    living.put_part("first".into()).await.expect("sent");
    store.put(&Key::from("x"), "second".into()).await.expect("put");
    assert_eq!(fs::read(dir.path().join("x")).expect("read"), b"second");
    living.complete().await.expect("done");
    assert_eq!(fs::read(dir.path().join("x")).expect("read"), b"first");
    assert_eq!(files(dir.path()), ["x"]);
}

#[tokio::test]
async fn a_bucket_that_is_gone_is_not_made_again() {
    let dir = tempfile::tempdir().expect("made");
    let root = dir.path().join("bucket");
    fs::create_dir(&root).expect("made");
    let store = DurableFolder::new(&root).expect("opened");
    fs::remove_dir(&root).expect("removed");
    let refused = store.put(&Key::from("a/b"), "x".into()).await.expect_err("gone");
    assert!(matches!(refused, Error::NotFound { .. }), "{refused}");
    assert!(!root.exists());
}

#[test]
fn staged_names() {
    for name in ["x#1", "x.log.gz#12"] {
        assert!(is_staged(name), "{name}");
    }
    for name in ["x", "x#", "x#a", "x#1#2", "#"] {
        assert!(!is_staged(name), "{name}");
    }
}
