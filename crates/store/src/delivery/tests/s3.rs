//! Against a real server that speaks S3.

use crate::S3Settings;

use super::*;

#[path = "../../../../../tests/support/moto.rs"]
mod moto;

use moto::Server;

fn buckets(server: &Server) -> Buckets {
    let variables = server.variables();
    let variables = variables.iter().map(|(name, value)| (*name, value.as_str()));
    Buckets::new().with_s3(S3Settings::new(variables.chain([("AWS_PAGER", "")])))
}

#[tokio::test]
async fn delivery_to_s3_and_reading_back() {
    let server = Server::start();
    let mut setup = Setup::new();
    setup.buckets = buckets(&server);
    for file_format in [FileFormat::PlainText, FileFormat::Parquet] {
        setup.flow_log = flow_log(DestinationOptions { file_format, ..DestinationOptions::default() });
        let data = setup.data();
        let delivery = setup.open(&data);
        delivery.append(window(T, T + 600, 0..100), T + 601);
        let counters = delivery.close(T + 602).await;
        assert_eq!((counters.failures, counters.objects), (0, 2), "{counters:?}");
    }
    let objects = setup.objects().await;
    assert_eq!(objects.len(), 4);
    assert_eq!(numbers(&objects), (0..200).map(|number| number / 2).collect::<Vec<_>>());

    let place = setup.buckets.place("s3://flow-logs/site/a/AWSLogs").expect("S3");
    let listed = place.list().await.expect("listed");
    assert_eq!(listed.len(), 4);
    assert!(listed.is_sorted_by_key(|object| &object.name));
    for object in &listed {
        assert!(object.name.starts_with("s3://flow-logs/site/a/AWSLogs/123456789012/"), "{}", object.name);
        assert!(object.file.is_none() && object.meta.e_tag.is_some());
        let whole = place.read(object).await.expect("read");
        assert_eq!(whole.len() as u64, object.size());
        assert_eq!(place.read_range(object, 2..6).await.expect("read"), whole.slice(2..6));
    }
    let one = setup.buckets.place(&listed[0].name).expect("S3");
    assert_eq!(one.list().await.expect("listed")[0].meta, listed[0].meta);
    assert!(setup.buckets.place("s3://flow-logs/sit").expect("S3").list().await.expect("listed").is_empty());
    let missing = setup.buckets.place("s3://not-there/").expect("S3").list().await.expect_err("no bucket").to_string();
    assert!(missing.contains("s3://not-there"), "{missing}");
}

#[tokio::test]
async fn a_bucket_that_comes_back_gets_what_waited() {
    let server = Server::start();
    let mut setup = Setup::new();
    setup.buckets = buckets(&server);
    let data = setup.data();
    let delivery = setup.open(&data);
    delivery.append(window(T, T + 60, 0..10), T + 61);
    assert!(server.request("DELETE", "/flow-logs", b"").starts_with("HTTP/1.1 204"));
    delivery.poll(T + 310).await;
    let failure = delivery.counters().last_failure.expect("failed").message;
    assert!(failure.contains("NoSuchBucket"), "{failure}");
    assert!(server.request("PUT", "/flow-logs", b"").starts_with("HTTP/1.1 200"));
    delivery.poll(T + 311).await;
    assert_eq!(numbers(&setup.objects().await), (0..10).collect::<Vec<_>>());
}
