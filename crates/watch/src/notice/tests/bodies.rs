//! What goes over the wire, against files.

use super::*;
use crate::topic::{
    MessageAttributeValue, MessageAttributes, Method, publish_in,
    tests::{subscribe, token},
};

/// Names that differ with each run, by what stands for them.
fn told(text: &str, names: &[(&str, &str)]) -> String {
    let text = names.iter().fold(text.to_owned(), |text, (name, stands)| text.replace(name, stands));
    let hidden = |line: &str| match line.split_once("\"Signature\": ") {
        Some((before, _)) => format!("{before}\"Signature\": \"SIGNATURE\","),
        None => match line.split_once("/SimpleNotificationService-") {
            Some((before, rest)) => {
                let rest = rest.split_once(".pem").map_or("", |(_, rest)| rest);
                format!("{before}/SimpleNotificationService-NAME.pem{rest}")
            }
            None => line.to_owned(),
        },
    };
    text.lines().map(|line| hidden(line) + "\n").collect()
}

fn check(file: &str, expected: &str, text: &str) {
    assert!(expected == text, "{file} is not what is sent:\n{text}");
}

macro_rules! golden {
    ($file:literal, $text:expr) => {
        check($file, include_str!(concat!("../../../tests/notice/", $file)), $text)
    };
}

/// A message as alarms send them, with another text for people.
fn alarm() -> Message {
    let attributes = MessageAttributes::from([
        ("team".to_owned(), MessageAttributeValue::string("blue")),
        ("level".to_owned(), MessageAttributeValue::number("3")),
    ]);
    let message = Message::for_machines_and_people(
        "ALARM: \"SSH-rejects\" in US East (N. Virginia)".into(),
        r#"{"AlarmName":"SSH-rejects","NewStateValue":"ALARM","Trigger":{"Threshold":1.0}}"#,
        "It is in alarm: 3 > 1 <now> & here.",
    );
    Message { attributes, ..message }
}

fn send(topics: &Topics, message: &Message) -> String {
    let id = topics.catalogue().change(|transaction| publish_in(transaction, ALARMS, message, NOW));
    id.expect("published").message_id.to_string()
}

/// A parcel as text: a mail as it goes to the relay, a POST as headers and body.
fn text(parcel: &Parcel) -> String {
    match parcel {
        Parcel::Mail(mail) => {
            let smtp = Smtp::new("smtp://127.0.0.1?tls=none", "Weir <weir@example.com>").expect("good");
            String::from_utf8(smtp.message(mail).expect("good").formatted()).expect("ASCII").replace("\r\n", "\n")
        }
        Parcel::Post(post) => {
            let headers: String = post.headers.iter().map(|(name, value)| format!("{name}: {value}\n")).collect();
            format!("POST {}\n{headers}\n{}\n", post.url, post.body)
        }
    }
}

/// What an alarm sends to such a subscription.
fn notice(protocol: &str, endpoint: &str, attributes: &[(&str, &str)]) -> String {
    let data = tempfile::tempdir().expect("made");
    let (topics, courier, arn) = subscribed(data.path(), protocol, endpoint, attributes);
    let id = send(&topics, &alarm());
    let outgoing = only(&courier, NOW);
    let delivery = format!("ID.{}@", outgoing.id);
    let subscription = arn.rsplit(':').next().expect("a UUID");
    told(&text(&outgoing.parcel), &[(&id, "ID"), (&delivery, "ID.DELIVERY@"), (subscription, "SUBSCRIPTION")])
}

#[test]
fn a_post_is_that_of_sns() {
    golden!("notification.http", &notice("http", "http://127.0.0.1:1/hook", &[]));
}

#[test]
fn a_raw_post_is_the_message_alone() {
    let raw = [("RawMessageDelivery", "true")];
    golden!("raw.http", &notice("http", "http://127.0.0.1:1/hook", &raw));
}

#[test]
fn a_mail_is_the_text_for_people() {
    golden!("notification.mail", &notice("email", "ann@example.com", &[]));
}

#[test]
fn a_webhook_gets_what_its_template_says() {
    golden!("slack.http", &notice("https", "https://hooks.example.com/T/B/x", &[("WeirTemplate", "slack")]));
    let template = r#"{"title": "{{subject}}", "level": "{{message.Trigger.Threshold}}", "who": "{{attribute.team}}",
        "body": "{{text}}\n{{unsubscribe_url}}", "topic": "{{topic}}"}"#;
    let policy = r#"{"requestPolicy": {"headerContentType": "application/vnd.example+json"}}"#;
    let attributes = [("WeirTemplate", template), ("DeliveryPolicy", policy)];
    golden!("template.http", &notice("https", "https://hooks.example.com/x", &attributes));
}

#[test]
fn a_mail_for_programs_holds_the_json() {
    let data = tempfile::tempdir().expect("made");
    let (topics, courier, _) = subscribed(data.path(), "email-json", "bot@example.com", &[]);
    let id = send(&topics, &alarm());
    let Parcel::Mail(mail) = only(&courier, NOW).parcel else { panic!("a mail") };
    let body: serde_json::Value = serde_json::from_str(&mail.text).expect("JSON");
    assert_eq!((&body["Type"], &body["MessageId"]), (&"Notification".into(), &id.into()));
    let unsubscribe = body["UnsubscribeURL"].as_str().expect("a URL");
    assert!(unsubscribe.starts_with("https://weir.example.com/unsubscribe.html?"), "{unsubscribe}");
    assert!(body["Message"].as_str().expect("a text").starts_with("{\"AlarmName\""));
}

/// What is sent to an endpoint that shall confirm.
fn confirmation(protocol: &str, endpoint: &str, attributes: &[(&str, &str)], undo: bool) -> String {
    let data = tempfile::tempdir().expect("made");
    let topics = with_alarms();
    let arn = subscribe(&topics, protocol, endpoint, attributes);
    let courier = courier(&topics, data.path());
    if undo {
        topics.answer(Method::Post, "/unsubscribe.html", &format!("SubscriptionArn={arn}"), NOW).expect("ours");
    }
    let token = token(&topics, &arn);
    let outgoing = only(&courier, NOW);
    let subscription = arn.rsplit(':').next().expect("a UUID");
    let text = text(&outgoing.parcel);
    let id = match &outgoing.parcel {
        Parcel::Mail(mail) => mail.id.split('.').next().unwrap_or_default().to_owned(),
        Parcel::Post(post) => post.headers[1].1.clone(),
    };
    let delivery = format!("ID.{}@", outgoing.id);
    // A mail breaks its lines where it likes.
    let text = text.replace("=\n", "");
    told(&text, &[(&id, "ID"), (&delivery, "ID.DELIVERY@"), (&token, "TOKEN"), (subscription, "SUBSCRIPTION")])
}

#[test]
fn endpoints_are_asked_to_confirm() {
    golden!("confirm.http", &confirmation("http", "http://127.0.0.1:1/", &[], false));
    golden!("confirm.mail", &confirmation("email", "ann@example.com", &[], false));
    let slack = [("WeirTemplate", "slack")];
    golden!("confirm-slack.http", &confirmation("https", "https://hooks.example.com/T/B/x", &slack, false));
}

#[test]
fn endpoints_are_told_how_to_take_unsubscribing_back() {
    golden!("unsubscribed.http", &confirmation("http", "http://127.0.0.1:1/", &[], true));
    golden!("unsubscribed.mail", &confirmation("email", "ann@example.com", &[], true));
}
