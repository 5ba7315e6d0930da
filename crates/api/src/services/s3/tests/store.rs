//! The client of `object_store`, as DataFusion uses it.

use futures::TryStreamExt;
use object_store::{
    Attribute, Error, GetOptions, GetRange, ObjectStore, ObjectStoreExt, PutMode, PutOptions, PutPayload,
    UpdateVersion, path::Path,
};

use super::client::Server;

fn key(text: &str) -> Path {
    Path::parse(text).expect("a key")
}

#[test]
fn objects_are_put_read_in_ranges_listed_copied_and_deleted() {
    let server = Server::start();
    server.run(async {
        let store = server.store("lake");
        let put = store.put(&key("a/b.txt"), PutPayload::from_static(b"hello world")).await.expect("put");
        assert_eq!(put.e_tag.as_deref(), Some("\"5eb63bbbe01eeed093cb22bb8f5acdc3\""));
        assert_eq!(std::fs::read(server.bucket("lake").join("a/b.txt")).expect("a plain file"), b"hello world");

        let got = store.get(&key("a/b.txt")).await.expect("got");
        assert_eq!((got.meta.size, got.meta.e_tag.as_deref()), (11, put.e_tag.as_deref()));
        assert_eq!(got.bytes().await.expect("read"), "hello world");
        assert_eq!(store.get_range(&key("a/b.txt"), 6..11).await.expect("read"), "world");
        let tail = GetOptions { range: Some(GetRange::Suffix(3)), ..GetOptions::default() };
        assert_eq!(store.get_opts(&key("a/b.txt"), tail).await.expect("read").bytes().await.expect("read"), "rld");

        store.copy(&key("a/b.txt"), &key("c.txt")).await.expect("copied");
        let all: Vec<_> =
            store.list(None).map_ok(|meta| meta.location.to_string()).try_collect().await.expect("listed");
        assert_eq!(all, ["a/b.txt", "c.txt"]);
        let level = store.list_with_delimiter(None).await.expect("listed");
        assert_eq!(level.common_prefixes, [key("a")]);
        assert_eq!(level.objects.len(), 1);

        store.delete(&key("a/b.txt")).await.expect("deleted");
        assert!(matches!(store.head(&key("a/b.txt")).await, Err(Error::NotFound { .. })));
        assert!(!server.bucket("lake").join("a").exists(), "no empty folder is left");
    });
}

#[test]
fn a_put_may_have_conditions() {
    let server = Server::start();
    server.run(async {
        let store = server.store("lake");
        let new = PutOptions::from(PutMode::Create);
        let first = store.put_opts(&key("x"), PutPayload::from_static(b"1"), new.clone()).await.expect("put");
        let again = store.put_opts(&key("x"), PutPayload::from_static(b"2"), new).await;
        assert!(matches!(again, Err(Error::AlreadyExists { .. })), "{again:?}");
        let update = PutOptions::from(PutMode::Update(first.into()));
        store.put_opts(&key("x"), PutPayload::from_static(b"3"), update.clone()).await.expect("put");
        let stale = store.put_opts(&key("x"), PutPayload::from_static(b"4"), update).await;
        assert!(matches!(stale, Err(Error::Precondition { .. })), "{stale:?}");
        assert_eq!(store.get(&key("x")).await.expect("got").bytes().await.expect("read"), "3");
    });
}

#[test]
fn a_tag_may_lack_its_quotes() {
    let server = Server::start();
    server.run(async {
        let store = server.store("lake");
        let put = store.put(&key("x"), PutPayload::from_static(b"1")).await.expect("put");
        let tag = put.e_tag.expect("a tag").trim_matches('"').to_owned();
        let get = async |matches: Option<&str>, matches_none: Option<&str>| {
            let (if_match, if_none_match) = (matches.map(str::to_owned), matches_none.map(str::to_owned));
            let options = GetOptions { if_match, if_none_match, ..GetOptions::default() };
            store.get_opts(&key("x"), options).await
        };
        assert!(get(Some(&tag), None).await.is_ok());
        assert!(get(None, Some("0123")).await.is_ok());
        assert!(matches!(get(Some("0123"), None).await, Err(Error::Precondition { .. })));
        assert!(matches!(get(None, Some(&tag)).await, Err(Error::NotModified { .. })));
        let put = async |tag: &str, text: &'static [u8]| {
            let update = PutMode::Update(UpdateVersion { e_tag: Some(tag.to_owned()), version: None });
            store.put_opts(&key("x"), PutPayload::from_static(text), update.into()).await
        };
        assert!(matches!(put("0123", b"2").await, Err(Error::Precondition { .. })));
        let tag = put(&tag, b"0").await.expect("put").e_tag.expect("a tag");
        assert!(put(tag.trim_start_matches('"'), b"2").await.is_ok());
        assert_eq!(store.get(&key("x")).await.expect("got").bytes().await.expect("read"), "2");
    });
}

#[test]
fn parts_become_one_object() {
    let server = Server::start();
    server.run(async {
        let store = server.store("lake");
        let part = vec![7_u8; 5 << 20];
        let mut upload = store.put_multipart(&key("big")).await.expect("begun");
        upload.put_part(part.clone().into()).await.expect("put");
        upload.put_part(PutPayload::from_static(b"end")).await.expect("put");
        assert!(store.head(&key("big")).await.is_err(), "nothing is seen before it is complete");
        let put = upload.complete().await.expect("complete");
        assert!(put.e_tag.expect("a tag").ends_with("-2\""));
        let read = store.get(&key("big")).await.expect("got").bytes().await.expect("read");
        assert_eq!(read.len(), part.len() + 3);
        assert!(read.ends_with(b"end"));

        let mut upload = store.put_multipart(&key("never")).await.expect("begun");
        upload.put_part(PutPayload::from_static(b"x")).await.expect("put");
        upload.abort().await.expect("aborted");
        let parts = std::fs::read_dir(server.bucket("lake").join(".weir/parts")).expect("there").count();
        assert_eq!(parts, 0);
    });
}

#[test]
fn what_was_said_of_an_object_outlives_the_program() {
    let server = Server::start();
    server.run(async {
        let store = server.store("lake");
        let mut options = PutOptions::default();
        options.attributes.insert(Attribute::ContentType, "text/x-log".into());
        options.attributes.insert(Attribute::Metadata("colour".into()), "blue".into());
        store.put_opts(&key("x"), PutPayload::from_static(b"1"), options).await.expect("put");
    });
    let server = server.again();
    server.run(async {
        let got = server.store("lake").get(&key("x")).await.expect("got");
        assert_eq!(got.attributes.get(&Attribute::ContentType).map(AsRef::as_ref), Some("text/x-log"));
        let colour = Attribute::Metadata("colour".into());
        assert_eq!(got.attributes.get(&colour).map(AsRef::as_ref), Some("blue"));
    });
}
