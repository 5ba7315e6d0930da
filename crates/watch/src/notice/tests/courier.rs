//! The queue: what is given, when again, and what is left in the end.

use std::{fs, sync::Mutex};

use weir_store::Catalogue;

use super::*;
use crate::{
    queue::{CreateQueueInput, Queues, ReceiveMessageInput},
    topic::{
        CreateTopicInput, Elsewhere, SubscriptionRef, TopicOptions,
        tests::{ACCOUNT, DAY, subscribe},
    },
};

const MINUTE: i64 = 60_000;

fn data() -> tempfile::TempDir {
    tempfile::tempdir().expect("made")
}

/// Lets time pass in steps of a minute, and everything fail until `back`. When the notice arrived.
fn until_sent(courier: &Courier, back: i64, end: i64) -> Option<i64> {
    for now in (NOW..end).step_by(MINUTE as usize) {
        for outgoing in courier.due(now, 10).expect("read") {
            if now >= back {
                courier.finished(outgoing.id, Ok(()), now).expect("written");
                return Some(now);
            }
            courier.finished(outgoing.id, transient(), now).expect("written");
        }
    }
    None
}

#[test]
fn an_hour_without_a_relay_loses_nothing() {
    let data = data();
    let (topics, courier, _) = subscribed(data.path(), "email", "a@example.com", &[]);
    publish(&topics, "hello", NOW);
    let sent = until_sent(&courier, NOW + 60 * MINUTE, NOW + 120 * MINUTE).expect("sent");
    assert!(sent < NOW + 75 * MINUTE, "within ten minutes and a tenth of the relay's coming back");
    let counters = courier.counters().expect("read");
    assert_eq!((counters.sent, counters.waiting, counters.dead), (1, 0, 0));
    assert!(counters.failed_attempts >= 10, "{counters:?}");
}

#[test]
fn what_never_arrives_becomes_a_dead_letter() {
    let data = data();
    let redrive = r#"{"deadLetterTargetArn": "arn:aws:sqs:us-east-1:123456789012:lost"}"#;
    let (topics, courier, arn) = subscribed(data.path(), "email", "a@example.com", &[("RedrivePolicy", redrive)]);
    let id = publish(&topics, "hello", NOW);
    assert_eq!(until_sent(&courier, i64::MAX, NOW + DAY), None);
    let counters = Counters { sent: 0, failed_attempts: 51, waiting: 0, dead: 1, cancelled: 0 };
    assert_eq!(courier.counters().expect("read"), counters);
    let letters: Vec<_> = fs::read_dir(data.path().join("dead-letters/lost")).expect("there").collect();
    assert_eq!(letters.len(), 1);
    let path = letters.into_iter().flatten().next().expect("a letter").path();
    let name = path.file_name().and_then(|name| name.to_str()).expect("a name");
    assert!(name.starts_with(&format!("2026-03-26-{id}-")) && name.ends_with(".json"), "{name}");
    let letter: serde_json::Value = serde_json::from_slice(&fs::read(&path).expect("read")).expect("JSON");
    for (key, value) in [
        ("Type", "Notification"),
        ("MessageId", id.as_str()),
        ("TopicArn", ALARMS),
        ("SubscriptionArn", arn.as_str()),
        ("Endpoint", "a@example.com"),
        ("Published", "2026-03-26T09:42:53.123Z"),
        ("Problem", "the relay is away"),
    ] {
        assert_eq!(letter[key], value, "{letter}");
    }
    assert_eq!((&letter["Attempts"], &letter["Message"]["body"]), (&51.into(), &"hello".into()));
}

#[test]
fn a_permanent_failure_is_not_tried_again() {
    let data = data();
    let (topics, courier, _) = subscribed(data.path(), "http", "http://ann:secret@127.0.0.1:1/", &[]);
    publish(&topics, "hello", NOW);
    let outgoing = only(&courier, NOW);
    courier.finished(outgoing.id, Err(Failure::Permanent("the endpoint answered 410".into())), NOW).expect("written");
    assert_eq!(courier.counters().expect("read").dead, 1);
    let letter = fs::read_dir(data.path().join("dead-letters")).expect("there").flatten().next().expect("a letter");
    let text = fs::read_to_string(letter.path()).expect("read");
    assert!(text.contains("ann:****@127.0.0.1") && !text.contains("secret"), "{text}");
    assert_eq!(next_due(&topics), None);
}

#[test]
fn a_letter_that_cannot_be_written_keeps_the_notice_in_the_queue() {
    let data = data();
    fs::write(data.path().join("dead-letters"), "in the way").expect("written");
    let (topics, courier, _) = subscribed(data.path(), "http", "http://127.0.0.1:1/", &[]);
    publish(&topics, "hello", NOW);
    let gone = || Err(Failure::Permanent("gone".into()));
    courier.finished(only(&courier, NOW).id, gone(), NOW).expect("written");
    assert_eq!(courier.counters().expect("read").waiting, 1);
    assert_eq!(next_due(&topics), Some(NOW + MINUTE));
    fs::remove_file(data.path().join("dead-letters")).expect("out of the way");
    courier.finished(only(&courier, NOW + MINUTE).id, gone(), NOW + MINUTE).expect("written");
    let counters = courier.counters().expect("read");
    assert_eq!((counters.waiting, counters.dead), (0, 1));
}

#[test]
fn a_post_is_tried_again_as_its_policy_says() {
    let data = data();
    let policy = r#"{"healthyRetryPolicy": {"minDelayTarget": 5, "maxDelayTarget": 5, "numRetries": 2, "numNoDelayRetries": 1}}"#;
    let (topics, courier, _) = subscribed(data.path(), "http", "http://127.0.0.1:1/", &[("DeliveryPolicy", policy)]);
    publish(&topics, "hello", NOW);
    courier.finished(only(&courier, NOW).id, transient(), NOW).expect("written");
    courier.finished(only(&courier, NOW).id, transient(), NOW).expect("written");
    assert_eq!(courier.due(NOW + 4_000, 10).expect("read"), []);
    let due = next_due(&topics).expect("one waits");
    assert!((NOW + 4_500..=NOW + 5_500).contains(&due), "{}", due - NOW);
    courier.finished(only(&courier, due).id, transient(), due).expect("written");
    assert_eq!(courier.counters().expect("read").dead, 1);
}

#[test]
fn what_is_on_its_way_is_not_given_again_but_after_a_restart() {
    let data = data();
    let (topics, courier, _) = subscribed(data.path(), "http", "http://127.0.0.1:1/", &[]);
    let id = publish(&topics, "hello", NOW);
    let first = only(&courier, NOW);
    assert_eq!(courier.due(NOW + DAY, 10).expect("read"), []);
    let restarted = Courier::new(topics.clone(), data.path());
    let again = only(&restarted, NOW);
    assert_eq!(again.id, first.id);
    let Parcel::Post(post) = &again.parcel else { panic!("a post") };
    assert!(post.headers.contains(&("x-amz-sns-message-id", id)));
    restarted.finished(again.id, Ok(()), NOW).expect("written");
    assert_eq!(Courier::new(topics, data.path()).due(NOW + DAY, 10).expect("read"), []);
}

#[test]
fn a_success_that_cannot_be_written_down_is_not_sent_again() {
    let data = data();
    let (topics, courier, _) = subscribed(data.path(), "email", "a@example.com", &[]);
    publish(&topics, "hello", NOW);
    let change = |sql: &str| {
        topics.catalogue().change(|transaction| Ok::<_, TopicError>(transaction.execute_batch(sql)?)).expect("changed");
    };
    change("CREATE TRIGGER topic_full BEFORE DELETE ON topic_delivery BEGIN SELECT RAISE(ABORT, 'disk full'); END");
    let outgoing = only(&courier, NOW);
    let refused = courier.finished(outgoing.id, Ok(()), NOW).expect_err("full").to_string();
    assert!(refused.contains("disk full"), "{refused}");
    assert!(courier.due(NOW + 1000, 10).is_err(), "nothing is sent that could not be written down");
    change("DROP TRIGGER topic_full");
    assert_eq!(courier.due(NOW + 2000, 10).expect("read"), []);
    let counters = courier.counters().expect("read");
    assert_eq!((counters.sent, counters.waiting), (1, 0));
}

#[test]
fn a_clock_that_was_put_back_holds_nothing_up() {
    let data = data();
    let (topics, courier, _) = subscribed(data.path(), "email", "a@example.com", &[]);
    let wrong = NOW + 365 * DAY;
    publish(&topics, "hello", wrong);
    courier.finished(only(&courier, wrong).id, transient(), wrong).expect("written");
    courier.finished(only(&courier, NOW).id, Ok(()), NOW).expect("written");
    for number in 0..11 {
        publish(&topics, &number.to_string(), NOW);
    }
    assert_eq!(courier.due(NOW, 100).expect("read").len(), 9, "ten with the one before");
}

#[test]
fn a_backlog_of_mails_leaves_at_its_pace_and_holds_up_no_post() {
    let data = data();
    let (topics, courier, _) = subscribed(data.path(), "email", "a@example.com", &[]);
    for number in 0..100 {
        publish(&topics, &number.to_string(), NOW);
    }
    confirmed(&topics, "https", "https://example.com/", &[]);
    publish(&topics, "last", NOW + 1);
    // As the senders ask: one at a time, until there is none, twenty times a second.
    let start = NOW / 1000 * 1000 + 1000;
    let mut sent = [(0, 0); 5];
    for now in (start..start + 5_000).step_by(50) {
        while let Some(outgoing) = courier.due(now, 1).expect("read").pop() {
            let (mails, posts) = &mut sent[usize::try_from((now - start) / 1000).expect("small")];
            match outgoing.parcel {
                Parcel::Mail(_) => *mails += 1,
                Parcel::Post(_) => *posts += 1,
            }
            courier.finished(outgoing.id, Ok(()), now).expect("written");
        }
    }
    // The other posts are those that ask to confirm.
    assert!(sent[0].1 > 0 && sent[1..].iter().all(|(_, posts)| *posts == 0), "{sent:?}");
    assert_eq!(sent.map(|(mails, _)| mails), [10; 5]);
}

#[test]
fn mails_leave_at_ten_a_second() {
    let data = data();
    let (topics, courier, _) = subscribed(data.path(), "email", "a@example.com", &[]);
    for number in 0..25 {
        publish(&topics, &number.to_string(), NOW);
    }
    let second = NOW / 1000 * 1000 + 1000;
    let sent = |now: i64| {
        let due = courier.due(now, 100).expect("read");
        for outgoing in &due {
            courier.finished(outgoing.id, Ok(()), now).expect("written");
        }
        due.len()
    };
    assert_eq!((sent(NOW), sent(NOW), sent(second - 1)), (10, 0, 0));
    assert_eq!(next_due(&topics), Some(second));
    assert_eq!((sent(second), sent(second + 1000)), (10, 5));
}

#[test]
fn an_endpoint_gets_no_more_than_its_policy_allows() {
    let data = data();
    let policy = r#"{"throttlePolicy": {"maxReceivesPerSecond": 1}}"#;
    let (topics, courier, _) = subscribed(data.path(), "http", "http://127.0.0.1:1/", &[("DeliveryPolicy", policy)]);
    publish(&topics, "1", NOW);
    publish(&topics, "2", NOW);
    assert_eq!(courier.due(NOW, 10).expect("read").len(), 1);
    assert_eq!(courier.due(NOW + 1000, 10).expect("read").len(), 1);
}

/// A second has room for one, and no turn is later than two hours: the rest must not leave at once.
#[test]
fn a_backlog_of_more_than_two_hours_keeps_its_pace() {
    let data = data();
    let policy = r#"{"throttlePolicy": {"maxReceivesPerSecond": 1}}"#;
    let (topics, courier, _) = subscribed(data.path(), "http", "http://127.0.0.1:1/", &[("DeliveryPolicy", policy)]);
    let (room, more) = (7_201, 20);
    for _ in 0..room + more {
        publish(&topics, "hello", NOW);
    }
    let mut sent = 0;
    for now in (NOW..NOW + 10_000).step_by(1000) {
        for outgoing in courier.due(now, 100).expect("read") {
            courier.finished(outgoing.id, Ok(()), now).expect("written");
            sent += 1;
        }
    }
    assert_eq!(sent, 10);
    assert_eq!(courier.counters().expect("read").waiting, room + more - 10);
}

#[test]
fn what_nobody_wants_any_more_is_counted() {
    let data = data();
    let (topics, courier, subscription_arn) = subscribed(data.path(), "email", "a@example.com", &[]);
    publish(&topics, "hello", NOW);
    let outgoing = only(&courier, NOW);
    topics.unsubscribe(&SubscriptionRef { subscription_arn }, NOW).expect("ended");
    courier.finished(outgoing.id, transient(), NOW).expect("written");
    assert_eq!(courier.due(NOW + DAY, 10).expect("read"), []);
    let counters = Counters { sent: 0, failed_attempts: 1, waiting: 0, dead: 0, cancelled: 1 };
    assert_eq!(courier.counters().expect("read"), counters);
}

#[test]
fn what_has_run_out_is_swept_away() {
    let data = data();
    let topics = with_alarms();
    crate::topic::tests::subscribe(&topics, "email", "a@example.com", &[]);
    let courier = Courier::new(topics.clone(), data.path());
    assert_eq!(courier.due(NOW + 2 * DAY, 10).expect("read"), []);
    assert_eq!(courier.counters().expect("read").cancelled, 1);
    let rows = topics.catalogue().change(|transaction| {
        let select = "SELECT (SELECT count(*) FROM topic_subscription) + (SELECT count(*) FROM topic_token)
                      + (SELECT count(*) FROM topic_message) + (SELECT count(*) FROM topic_delivery)";
        Ok::<i64, TopicError>(transaction.query_row(select, [], |row| row.get(0))?)
    });
    assert_eq!(rows.expect("read"), 0);
}

#[test]
fn without_a_relay_mails_wait() {
    let data = data();
    let (topics, courier, _) = subscribed(data.path(), "email", "a@example.com", &[]);
    publish(&topics, "hello", NOW);
    let http = Http::with_roots(&[], std::time::Duration::from_secs(1));
    let carriers = Carriers { smtp: None, http };
    assert_eq!(courier.deliver(&carriers, 10, || NOW).expect("read"), 1);
    let counters = courier.counters().expect("read");
    assert_eq!((counters.waiting, counters.failed_attempts), (1, 1));
    let troubles = courier.troubles(10).expect("read");
    assert!(troubles[0].problem.contains("there is no mail relay"), "{troubles:?}");
    assert_eq!((troubles.len(), troubles[0].failures), (1, 1));
}

#[test]
fn what_waits_is_there_after_the_catalogue_is_opened_again() {
    let data = data();
    let path = data.path().join("catalogue.sqlite");
    let open = || crate::topic::tests::open(weir_store::Catalogue::open(&path).expect("opened"));
    let topics = open();
    topics.create_topic(&CreateTopicInput { name: "alarms".into(), ..Default::default() }, NOW).expect("made");
    confirmed(&topics, "email", "a@example.com", &[]);
    cleared(&topics);
    publish(&topics, "hello", NOW);
    let courier = Courier::new(topics, data.path());
    let outgoing = only(&courier, NOW);
    courier.finished(outgoing.id, transient(), NOW).expect("written");
    drop(courier);
    let topics = open();
    let courier = Courier::new(topics.clone(), data.path());
    let due = next_due(&topics).expect("it waits");
    assert!(due > NOW && courier.due(NOW, 10).expect("read").is_empty());
    let again = only(&courier, due);
    assert_eq!(again.parcel, outgoing.parcel);
    assert_eq!(courier.counters().expect("read").failed_attempts, 1);
}

/// Remembers what it was given, and is slow about it.
#[derive(Default)]
struct Slow(Mutex<Vec<String>>);

impl Carrier for Slow {
    fn carry(&self, parcel: &Parcel) -> Result<(), Failure> {
        let Parcel::Post(post) = parcel else { panic!("a post") };
        std::thread::yield_now();
        self.0.lock().expect("no panic").push(post.body.clone());
        Ok(())
    }
}

#[test]
fn threads_share_the_queue_and_send_nothing_twice() {
    let data = data();
    let raw = [("RawMessageDelivery", "true")];
    let (topics, courier, _) = subscribed(data.path(), "http", "http://127.0.0.1:1/", &raw);
    for number in 0..100 {
        publish(&topics, &format!("{number:03}"), NOW);
    }
    let carrier = Slow::default();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| while courier.deliver(&carrier, 3, || NOW).expect("delivered") > 0 {});
        }
    });
    let mut sent = carrier.0.into_inner().expect("no panic");
    sent.sort_unstable();
    let expected: Vec<_> = (0..100).map(|number| format!("{number:03}")).collect();
    assert_eq!(sent, expected);
    assert_eq!(courier.counters().expect("read").sent, 100);
}

#[test]
fn a_notice_is_put_into_its_queue() {
    let folder = tempfile::tempdir().expect("made");
    let topics = with_alarms();
    let queues = topics.queues();
    let create = CreateQueueInput { queue_name: Some("letters".into()), ..CreateQueueInput::default() };
    queues.create_queue(&create, NOW).expect("made");
    let arn = subscribe(&topics, "sqs", &queues.arn("letters"), &[]);
    subscribe(&topics, "sqs", &queues.arn("gone"), &[("RawMessageDelivery", "true")]);
    let courier = courier(&topics, folder.path());
    let message_id = publish(&topics, "how are you", NOW);
    assert!(courier.due(NOW, 100).expect("read").is_empty(), "nothing is left to send");
    let input = ReceiveMessageInput { queue_url: "letters".into(), ..ReceiveMessageInput::default() };
    let received = queues.receive_message(&input, NOW).expect("received");
    let envelope: serde_json::Value = serde_json::from_str(&received[0].body).expect("JSON");
    assert_eq!(envelope["Type"], "Notification");
    assert_eq!(envelope["MessageId"], message_id);
    assert_eq!(envelope["Message"], "how are you");
    assert!(
        envelope["UnsubscribeURL"]
            .as_str()
            .is_some_and(|url| url.contains(&arn.replace(':', "%3A")) || url.contains(&arn)),
        "{envelope}"
    );
    let counters = courier.counters().expect("read");
    assert_eq!((counters.sent, counters.dead, counters.waiting), (1, 1, 0), "the other queue is not there");
}

/// The letters in a queue, as texts.
fn received(queues: &Queues, name: &str, now: i64) -> Vec<String> {
    let input = ReceiveMessageInput { queue_url: name.into(), ..ReceiveMessageInput::default() };
    queues.receive_message(&input, now).expect("received").into_iter().map(|message| message.body).collect()
}

#[test]
fn a_notice_is_put_into_a_queue_of_another_region() {
    let folder = tempfile::tempdir().expect("made");
    let topics = with_alarms();
    let options = TopicOptions { public_url: "https://weir.example.com/".into() };
    let catalogue = Catalogue::in_memory().expect("opened");
    let far = Topics::open(catalogue, ACCOUNT, "eu-west-1", &options).expect("opened").queues().clone();
    let create = CreateQueueInput { queue_name: Some("letters".into()), ..CreateQueueInput::default() };
    far.create_queue(&create, NOW).expect("made");
    let raw = [("RawMessageDelivery", "true")];
    subscribe(&topics, "sqs", &far.arn("letters"), &raw);
    let courier = courier(&topics, folder.path());
    publish(&topics, "too early", NOW);
    courier.due(NOW, 100).expect("read");
    let counters = courier.counters().expect("read");
    assert_eq!((counters.sent, counters.dead, counters.waiting), (0, 0, 1), "nobody has said where the region is");

    let reached = far.clone();
    topics.reach(Elsewhere::new(move |region| match region {
        "eu-west-1" => Ok(Some(reached.clone())),
        "eu-west-9" => Ok(None),
        _ => Err("not open".to_owned()),
    }));
    let later = NOW + 3_600_000;
    courier.due(later, 100).expect("read");
    assert_eq!(received(&far, "letters", later), ["too early"]);

    subscribe(&topics, "sqs", &far.arn("gone"), &raw);
    subscribe(&topics, "sqs", &format!("arn:aws:sqs:eu-west-9:{ACCOUNT}:letters"), &raw);
    subscribe(&topics, "sqs", &format!("arn:aws:sqs:eu-west-2:{ACCOUNT}:letters"), &raw);
    let message_id = publish(&topics, "in time", later);
    courier.fill_queues(&message_id, later).expect("filled");
    assert_eq!(received(&far, "letters", later), ["in time"], "the message of before is not visible yet");
    let counters = courier.counters().expect("read");
    assert_eq!((counters.sent, counters.dead, counters.waiting), (2, 2, 1), "what is not open now may be later");
}

#[test]
fn what_is_published_is_in_its_queue_when_that_is_answered_whoever_delivers() {
    let folder = tempfile::tempdir().expect("made");
    let topics = with_alarms();
    let queues = topics.queues();
    let create = CreateQueueInput { queue_name: Some("letters".into()), ..CreateQueueInput::default() };
    queues.create_queue(&create, NOW).expect("made");
    // A signature takes long enough for somebody else to look into the queue meanwhile.
    subscribe(&topics, "sqs", &queues.arn("letters"), &[]);
    let courier = courier(&topics, folder.path());
    let is_done = std::sync::atomic::AtomicBool::new(false);
    let input = ReceiveMessageInput { queue_url: "letters".into(), ..ReceiveMessageInput::default() };
    let received: Vec<bool> = std::thread::scope(|scope| {
        scope.spawn(|| {
            while !is_done.load(std::sync::atomic::Ordering::Relaxed) {
                courier.due(NOW, 100).expect("read");
            }
        });
        let one = |number: u32| {
            let message_id = publish(&topics, &number.to_string(), NOW);
            courier.fill_queues(&message_id, NOW).expect("filled");
            let received = queues.receive_message(&input, NOW).expect("received");
            received.first().is_some_and(|message| message.body.contains(&message_id))
        };
        let received = (0..50).map(one).collect();
        is_done.store(true, std::sync::atomic::Ordering::Relaxed);
        received
    });
    assert_eq!(received, [true; 50]);
}
