//! What is said on the wire.

use std::{
    io::{Read, Write},
    net::TcpStream,
};

use object_store::{ObjectStoreExt, PutPayload, path::Path, signer::Signer};

use super::client::Server;
use crate::services::s3::disk::Versioning;

/// A response: its head and its body.
pub(super) struct Answer {
    pub(super) head: String,
    pub(super) body: String,
}

pub(super) fn ask(server: &Server, request: &str, headers: &str, body: &str) -> Answer {
    let mut stream = TcpStream::connect(server.address.trim_start_matches("http://")).expect("connected");
    let length = body.len();
    let host = if headers.contains("host:") { "" } else { "host: localhost\r\n" };
    let text =
        format!("{request} HTTP/1.1\r\n{host}connection: close\r\ncontent-length: {length}\r\n{headers}\r\n{body}");
    stream.write_all(text.as_bytes()).expect("sent");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("read");
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let (head, body) = answer.split_once("\r\n\r\n").expect("an answer");
    Answer { head: head.to_lowercase(), body: body.to_owned() }
}

pub(super) fn open() -> Server {
    let server = Server::open();
    server.store("lake");
    server
}

#[test]
fn errors_say_what_aws_says() {
    let server = open();
    for (request, status, expected) in [
        (
            "GET /nothing/x",
            "404",
            "<Code>NoSuchBucket</Code><Message>The specified bucket does not exist</Message><BucketName>nothing</BucketName>",
        ),
        (
            "GET /lake/x",
            "404",
            "<Code>NoSuchKey</Code><Message>The specified key does not exist.</Message><Key>x</Key>",
        ),
        (
            "GET /lake?policy",
            "404",
            "<Code>NoSuchBucketPolicy</Code><Message>The bucket policy does not exist</Message><BucketName>lake</BucketName>",
        ),
        (
            "GET /lake/x?versionId=none",
            "400",
            "<Code>InvalidArgument</Code><Message>Invalid version id specified</Message>",
        ),
        ("GET /A_B/x", "400", "<Code>InvalidBucketName</Code><Message>The specified bucket is not valid.</Message>"),
        ("GET /lake/x?torrent", "501", "<Message>GetObjectTorrent is not implemented yet</Message>"),
        ("PUT /lake/x?renameObject", "501", "<Message>RenameObject is not implemented</Message>"),
        (
            "GET /lake?list-type=2&max-keys=2147483689",
            "400",
            "<Code>InvalidArgument</Code><Message>Provided max-keys not an integer or within integer range</Message>\
             <ArgumentName>max-keys</ArgumentName><ArgumentValue>2147483689</ArgumentValue>",
        ),
        (
            "GET /lake?list-type=2&encoding-type=base64",
            "400",
            "<Code>InvalidArgument</Code><Message>Invalid Encoding Method specified in Request</Message>\
             <ArgumentName>encoding-type</ArgumentName><ArgumentValue>base64</ArgumentValue>",
        ),
        ("GET /lake?versions&encoding-type=x", "400", "<ArgumentValue>x</ArgumentValue>"),
        ("GET /lake?uploads&encoding-type=x", "400", "<ArgumentValue>x</ArgumentValue>"),
        (
            "GET /lake?list-type=2&max-keys=-1",
            "400",
            "<ArgumentName>max-keys</ArgumentName><ArgumentValue>-1</ArgumentValue>",
        ),
    ] {
        let answer = ask(&server, request, "", "");
        assert!(answer.head.starts_with(&format!("http/1.1 {status}")), "{request}: {}", answer.head);
        assert!(answer.body.contains(expected), "{request}: {}", answer.body);
        assert!(answer.head.contains("x-amz-request-id: ") && answer.body.contains("<RequestId>"), "{request}");
    }
    let answer = ask(&server, "HEAD /lake/x", "", "");
    assert!(answer.head.starts_with("http/1.1 404") && answer.body.is_empty());
}

#[test]
fn how_many_tags_an_object_has_is_told_with_it() {
    let server = open();
    ask(&server, "PUT /lake/tagged", "x-amz-tagging: a=b&c=d\r\n", "");
    ask(&server, "PUT /lake/plain", "", "");
    for method in ["GET", "HEAD"] {
        let head = ask(&server, &format!("{method} /lake/tagged"), "", "").head;
        assert!(head.contains("x-amz-tagging-count: 2\r\n"), "{head}");
        assert!(!ask(&server, &format!("{method} /lake/plain"), "", "").head.contains("tagging-count"), "{method}");
    }
}

#[test]
fn a_body_in_chunks_is_checked_against_its_trailer() {
    let server = open();
    let headers = "x-amz-content-sha256: STREAMING-UNSIGNED-PAYLOAD-TRAILER\r\nx-amz-decoded-content-length: 5\r\n\
                   x-amz-trailer: x-amz-checksum-crc32\r\ncontent-encoding: aws-chunked\r\n";
    let body = |sum: &str| format!("5\r\nhello\r\n0\r\nx-amz-checksum-crc32:{sum}\r\n\r\n");
    let answer = ask(&server, "PUT /lake/x", headers, &body("AAAAAA=="));
    assert!(answer.body.contains("<Code>BadDigest</Code>"), "{}", answer.body);
    assert!(!server.bucket("lake").join("x").exists(), "nothing is seen of it");
    let answer = ask(&server, "PUT /lake/x", headers, &body("NhCmhg=="));
    assert!(answer.head.contains("x-amz-checksum-crc32: nhcmhg=="), "{}", answer.head);
    assert!(!ask(&server, "HEAD /lake/x", "", "").head.contains("content-encoding"));
    let short = headers.replace("length: 5", "length: 6");
    let answer = ask(&server, "PUT /lake/y", &short, &body("NhCmhg=="));
    assert!(answer.body.contains("<Code>IncompleteBody</Code>"), "{}", answer.body);
}

#[test]
fn a_bucket_may_be_in_the_host_and_a_range_may_be_odd() {
    let server = open();
    ask(&server, "PUT /lake/a/b", "", "hello world");
    let answer = ask(&server, "GET /a/b", "host: lake.s3.localhost:4780\r\n", "");
    assert_eq!(answer.body, "hello world");
    let answer = ask(&server, "GET /lake/a/b", "range: bytes=-5\r\n", "");
    assert!(answer.head.contains("content-range: bytes 6-10/11") && answer.body == "world", "{}", answer.head);
    for odd in ["lines=1-2", "bytes=5-1", "bytes=0-1,4-5", "bytes=", "bytes=x-", "bytes=-", "bytes=-1-"] {
        assert_eq!(ask(&server, "GET /lake/a/b", &format!("range: {odd}\r\n"), "").body, "hello world", "{odd}");
    }
    let answer = ask(&server, "HEAD /lake/a/b?partNumber=1", "", "");
    assert!(answer.head.starts_with("http/1.1 206") && answer.head.contains("bytes 0-10/11"), "{}", answer.head);
    let answer = ask(&server, "GET /lake/a/b?attributes", "x-amz-object-attributes: ETag,ObjectSize\r\n", "");
    assert!(answer.body.contains("<ETag>5eb63bbbe01eeed093cb22bb8f5acdc3</ETag>"), "{}", answer.body);
    let answer = ask(&server, "GET /lake/a/b", "range: bytes=11-\r\n", "");
    assert!(
        answer.head.starts_with("http/1.1 416") && answer.body.contains("<ActualObjectSize>11<"),
        "{}",
        answer.body
    );
}

#[test]
fn pages_of_other_hosts_may_ask_what_the_bucket_says() {
    let server = open();
    let rules = "<CORSConfiguration><CORSRule><AllowedOrigin>http://a</AllowedOrigin><AllowedMethod>GET</AllowedMethod>\
                 </CORSRule></CORSConfiguration>";
    assert!(ask(&server, "PUT /lake?cors", "", rules).head.starts_with("http/1.1 200"));
    let wanted = "access-control-request-method: GET\r\n";
    let answer = ask(&server, "OPTIONS /lake/x", &format!("origin: http://a\r\n{wanted}"), "");
    assert!(answer.head.contains("access-control-allow-origin: http://a"), "{}", answer.head);
    let answer = ask(&server, "OPTIONS /lake/x", &format!("origin: http://b\r\n{wanted}"), "");
    assert!(answer.head.starts_with("http/1.1 403"), "{}", answer.head);
}

#[test]
fn who_has_no_key_may_do_what_a_policy_lets_everyone_do() {
    let server = Server::start();
    let store = server.store("lake");
    let key = Path::parse("x").expect("a key");
    server.run(store.put(&key, PutPayload::from_static(b"hello"))).expect("put");
    for request in ["GET /lake/x", "GET /lake", "PUT /lake/x", "DELETE /lake/x", "GET /", "PUT /other"] {
        let answer = ask(&server, request, "", "");
        assert!(answer.head.starts_with("http/1.1 403"), "{request}: {}", answer.head);
        assert!(answer.body.contains("<Code>AccessDenied</Code>"), "{request}: {}", answer.body);
    }
    let policy = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::lake/*"}]}"#;
    let disk = &server.s3.service.disk;
    disk.set(&disk.bucket("lake").expect("there"), "policy", Some(&policy)).expect("set");
    assert_eq!(ask(&server, "GET /lake/x", "", "").body, "hello");
    assert!(ask(&server, "DELETE /lake/x", "", "").head.starts_with("http/1.1 403"));

    let link = server.run(store.signed_url(
        "GET".parse().expect("a method"),
        &Path::parse("x").expect("a key"),
        std::time::Duration::from_secs(60),
    ));
    let link = link.expect("signed");
    let host = format!("host: {}\r\n", server.address.trim_start_matches("http://"));
    let request = format!("GET {}?{}", link.path(), link.query().expect("a signature"));
    assert_eq!(ask(&server, &request, &host, "").body, "hello");
    let odd = format!("{host}range: bytes=2-1\r\n");
    assert_eq!(ask(&server, &request, &odd, "").body, "hello");
    let (start, _) = request.split_once("X-Amz-Signature=").expect("signed");
    let answer = ask(&server, &format!("{start}X-Amz-Signature={}", "0".repeat(64)), &odd, "");
    assert!(answer.body.contains("<Code>SignatureDoesNotMatch</Code>"), "{}", answer.body);
}

#[test]
fn a_deleted_object_says_so_where_there_are_versions() {
    let server = open();
    let disk = &server.s3.service.disk;
    disk.set(&disk.bucket("lake").expect("there"), "versioning", Some(&Versioning::Enabled)).expect("set");
    ask(&server, "PUT /lake/x", "", "1");
    assert!(ask(&server, "DELETE /lake/x", "", "").head.contains("x-amz-delete-marker: true"));
    let answer = ask(&server, "GET /lake/x", "", "");
    assert!(
        answer.head.starts_with("http/1.1 404") && answer.head.contains("x-amz-delete-marker: true"),
        "{}",
        answer.head
    );
    let answer = ask(&server, "PUT /lake/x?tagging&versionId=null", "", "<Tagging><TagSet></TagSet></Tagging>");
    assert!(answer.body.contains("<Code>NoSuchVersion</Code>"), "{}", answer.body);
    let marker = disk.versions(&disk.bucket("lake").expect("there"), "x").expect("found").remove(0).version;
    let answer = ask(&server, &format!("GET /lake/x?versionId={marker}"), "", "");
    assert!(answer.head.starts_with("http/1.1 405"), "{}", answer.head);
    let list = ask(&server, "GET /lake?versions", "", "");
    assert!(list.body.contains("<DeleteMarker>") && list.body.contains("<IsLatest>true</IsLatest>"), "{}", list.body);
}

#[test]
fn a_form_of_xml_that_is_none_is_refused() {
    let server = open();
    for (request, body) in [
        ("PUT /lake?tagging", "<Tagging>"),
        ("POST /lake?delete", "<Delete></Delete>"),
        ("PUT /lake?versioning", "<VersioningConfiguration><Status>Perhaps</Status></VersioningConfiguration>"),
        ("PUT /lake?lifecycle", "nothing"),
    ] {
        let answer = ask(&server, request, "", body);
        assert!(answer.head.starts_with("http/1.1 400"), "{request}: {} {}", answer.head, answer.body);
        assert!(answer.body.contains("<Code>MalformedXML</Code>"), "{request}: {}", answer.body);
    }
}

fn signed_for(region: &str) -> String {
    let credential = format!("AKIA/20231114/{region}/s3/aws4_request");
    format!("authorization: AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host, Signature=0\r\n")
}

#[test]
fn a_bucket_is_made_where_its_endpoint_is() {
    let server = open();
    let within = |region: &str| {
        format!(
            "<CreateBucketConfiguration><LocationConstraint>{region}</LocationConstraint></CreateBucketConfiguration>"
        )
    };
    for (endpoint, body, code) in [
        ("us-east-1", within("us-east-1"), "InvalidLocationConstraint"),
        ("eu-west-1", String::new(), "IllegalLocationConstraintException"),
        ("eu-west-1", within("us-east-1"), "IllegalLocationConstraintException"),
        ("eu-west-1", within("eu-west-2"), "IllegalLocationConstraintException"),
    ] {
        let answer = ask(&server, "PUT /other", &signed_for(endpoint), &body);
        assert!(answer.body.contains(&format!("<Code>{code}</Code>")), "{endpoint} {body}: {}", answer.body);
    }
    let answer = ask(&server, "PUT /other", &signed_for("eu-west-1"), &within("eu-west-1"));
    assert!(answer.head.starts_with("http/1.1 200"), "{}", answer.body);
    let answer = ask(&server, "HEAD /other", "", "");
    assert!(answer.head.contains("x-amz-bucket-region: eu-west-1"), "{}", answer.head);
    assert!(answer.head.contains("content-type: application/xml"), "{}", answer.head);
}

#[test]
fn a_link_may_have_headers_in_its_query() {
    let server = open();
    let link = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=0&x-amz-meta-venue=12%2B3";
    ask(&server, &format!("PUT /lake/x?{link}"), "", "1");
    assert!(ask(&server, "HEAD /lake/x", "", "").head.contains("x-amz-meta-venue: 12+3"));
    ask(&server, "PUT /lake/y?x-amz-meta-venue=123", "", "1");
    assert!(!ask(&server, "HEAD /lake/y", "", "").head.contains("x-amz-meta-venue"), "that is no link");
}

#[test]
fn an_upload_may_be_completed_again_while_its_object_is_there() {
    let server = open();
    let answer = ask(&server, "POST /lake/x?uploads", "", "");
    let (_, rest) = answer.body.split_once("<UploadId>").expect("an id");
    let (id, _) = rest.split_once('<').expect("an id");
    let part = ask(&server, &format!("PUT /lake/x?partNumber=1&uploadId={id}"), "", "hello");
    assert!(part.head.starts_with("http/1.1 200"), "{}", part.body);
    let list = "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>5d41402abc4b2a76b9719d911017c592</ETag>\
                </Part></CompleteMultipartUpload>";
    let complete = || ask(&server, &format!("POST /lake/x?uploadId={id}"), "if-none-match: *\r\n", list);
    let first = complete();
    assert!(first.body.contains("-1&quot;</ETag>") || first.body.contains("-1\"</ETag>"), "{}", first.body);
    assert_eq!(complete().body, first.body);
    ask(&server, "PUT /lake/x", "", "another");
    assert!(complete().body.contains("<Code>NoSuchUpload</Code>"));
}

#[test]
fn a_form_that_is_signed_is_taken_where_nobody_looks_at_signatures() {
    let server = open();
    let field =
        |name: &str, value: &str| format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
    let policy = r#"{"expiration": "2999-01-01T00:00:00Z", "conditions": [{"bucket": "lake"}, {"key": "form"},
        {"x-amz-algorithm": "AWS4-HMAC-SHA256"}, {"x-amz-credential": "k/20231114/us-east-1/s3/aws4_request"},
        {"x-amz-date": "20231114T221320Z"}]}"#;
    let policy = {
        use base64::{Engine, engine::general_purpose::STANDARD};
        STANDARD.encode(policy)
    };
    let fields = [
        field("key", "form"),
        field("x-amz-algorithm", "AWS4-HMAC-SHA256"),
        field("x-amz-credential", "k/20231114/us-east-1/s3/aws4_request"),
        field("x-amz-date", "20231114T221320Z"),
        field("policy", &policy),
        field("x-amz-signature", "0000"),
    ];
    let file = "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"x\"\r\n\r\nhello\r\n--b--\r\n";
    let form = format!("{}{file}", fields.concat());
    let answer = ask(&server, "POST /lake", "content-type: multipart/form-data; boundary=b\r\n", &form);
    assert!(answer.head.starts_with("http/1.1 204"), "{} {}", answer.head, answer.body);
    assert_eq!(ask(&server, "GET /lake/form", "", "").body, "hello");
}

#[test]
fn a_condition_on_the_source_of_a_copy_may_lack_its_quotes() {
    let server = open();
    ask(&server, "PUT /lake/x", "", "hello");
    let copy = |condition: &str, tag: &str| {
        ask(
            &server,
            "PUT /lake/y",
            &format!("x-amz-copy-source: /lake/x\r\nx-amz-copy-source-{condition}: {tag}\r\n"),
            "",
        )
    };
    const TAG: &str = "5d41402abc4b2a76b9719d911017c592";
    assert!(copy("if-match", TAG).head.starts_with("http/1.1 200"));
    assert!(copy("if-none-match", "0123").head.starts_with("http/1.1 200"));
    assert!(copy("if-none-match", TAG).head.starts_with("http/1.1 412"));
    assert!(ask(&server, "PUT /lake/x", "if-match: 0123\r\n", "again").head.starts_with("http/1.1 412"));
    assert!(ask(&server, "PUT /lake/x", &format!("if-match: {TAG}\r\n"), "again").head.starts_with("http/1.1 200"));
}

#[test]
fn a_name_of_the_accounts_own_says_so() {
    let server = open();
    let make = |name: &str, namespace: &str| {
        ask(&server, &format!("PUT /{name}"), &format!("x-amz-bucket-namespace: {namespace}\r\n"), "")
    };
    assert!(make("logs-123456789012-us-east-1-an", "account-regional").head.starts_with("http/1.1 200"));
    assert!(make("logs", "global").head.starts_with("http/1.1 200"));
    assert!(make("others", "account-regional").body.contains("<Code>InvalidNamespaceHeader</Code>"));
    assert!(make("others", "x").head.starts_with("http/1.1 400"));
}
