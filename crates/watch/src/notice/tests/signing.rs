//! Signatures, checked by OpenSSL.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path, process::Command};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::Value;

use super::*;
use crate::topic::{SetTopicAttributesInput, tests::subscribe};

fn openssl(folder: &Path, arguments: &[&str]) -> (bool, String) {
    let output =
        Command::new("openssl").args(arguments).current_dir(folder).output().expect("scripts/setup installs openssl");
    (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned())
}

fn body(courier: &Courier) -> Value {
    let Parcel::Post(post) = only(courier, NOW).parcel else { panic!("a post") };
    serde_json::from_str(&post.body).expect("JSON")
}

/// The text that SNS signs, made of the fields that its documentation names.
fn signed_text(body: &Value, fields: &[&str]) -> String {
    let present = fields.iter().filter_map(|field| Some(format!("{field}\n{}\n", body.get(field)?.as_str()?)));
    present.collect()
}

/// Whether the signature is one of the text, with the key of the certificate that the body names.
fn is_signed(courier: &Courier, folder: &Path, body: &Value, digest: &str, fields: &[&str]) -> bool {
    let url = body["SigningCertURL"].as_str().expect("a URL");
    let path = url.strip_prefix("https://weir.example.com").expect("ours");
    let certificate = courier.answer(path).expect("served");
    assert_eq!((certificate.status, certificate.content_type), (200, "application/x-pem-file"));
    assert!(!certificate.body.contains("PRIVATE"), "{}", certificate.body);
    fs::write(folder.join("certificate.pem"), certificate.body).expect("written");
    let (is_certificate, key) = openssl(folder, &["x509", "-in", "certificate.pem", "-noout", "-pubkey"]);
    assert!(is_certificate);
    fs::write(folder.join("key.pem"), key).expect("written");
    fs::write(folder.join("text"), signed_text(body, fields)).expect("written");
    let signature = STANDARD.decode(body["Signature"].as_str().expect("a text")).expect("base64");
    fs::write(folder.join("signature"), signature).expect("written");
    openssl(folder, &["dgst", digest, "-verify", "key.pem", "-signature", "signature", "text"]).0
}

#[test]
fn notices_are_signed_as_those_of_sns() {
    const NOTIFICATION: &[&str] = &["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"];
    const CONFIRMATION: &[&str] = &["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"];
    let folder = tempfile::tempdir().expect("made");
    let topics = with_alarms();
    confirmed(&topics, "http", "http://127.0.0.1:1/", &[]);
    let courier = Courier::new(topics.clone(), folder.path());
    cleared(&topics);
    publish(&topics, "line 1\nline 2 – ü", NOW);
    let first = body(&courier);
    assert_eq!(first["SignatureVersion"], "1");
    assert!(is_signed(&courier, folder.path(), &first, "-sha1", NOTIFICATION));
    let mut forged = first.clone();
    forged["Message"] = "line 1".into();
    assert!(!is_signed(&courier, folder.path(), &forged, "-sha1", NOTIFICATION));

    let version = SetTopicAttributesInput {
        topic_arn: ALARMS.into(),
        attribute_name: "SignatureVersion".into(),
        attribute_value: Some("2".into()),
    };
    topics.set_topic_attributes(&version).expect("set");
    let restarted = Courier::new(topics.clone(), folder.path());
    cleared(&topics);
    subscribe(&topics, "http", "http://127.0.0.1:2/", &[]);
    let second = body(&restarted);
    assert_eq!((&second["Type"], &second["SignatureVersion"]), (&"SubscriptionConfirmation".into(), &"2".into()));
    assert_eq!(second["SigningCertURL"], first["SigningCertURL"], "the key is kept");
    assert!(is_signed(&restarted, folder.path(), &second, "-sha256", CONFIRMATION));

    let kept = fs::metadata(folder.path().join("notice-signing.pem")).expect("kept").permissions().mode();
    assert_eq!(kept & 0o777, 0o600);
    assert_eq!(courier.answer("/SimpleNotificationService-0.pem"), None);
    assert_eq!(courier.answer("/elsewhere"), None);
}

#[test]
fn a_damaged_key_is_told_and_nothing_is_lost() {
    let folder = tempfile::tempdir().expect("made");
    fs::write(folder.path().join("notice-signing.pem"), "junk").expect("written");
    let (topics, courier, _) = subscribed(folder.path(), "http", "http://127.0.0.1:1/", &[]);
    publish(&topics, "hello", NOW);
    assert_eq!(courier.due(NOW, 10).expect("read"), []);
    let counters = courier.counters().expect("read");
    assert_eq!((counters.waiting, counters.failed_attempts, counters.dead), (1, 1, 0));
    let problem = topics.catalogue().change(|transaction| {
        let select = "SELECT problem FROM topic_delivery";
        Ok::<String, TopicError>(transaction.query_row(select, [], |row| row.get(0))?)
    });
    assert!(problem.expect("read").contains("notice-signing.pem: it holds no certificate"));
}
