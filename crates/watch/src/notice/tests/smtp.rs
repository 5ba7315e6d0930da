//! Mails to a relay on the loopback interface.

use std::{sync::Arc, time::Duration};

use super::{
    servers::{Identity, Manner, PATIENCE, Relay, relay},
    *,
};

fn mail() -> Mail {
    Mail {
        to: "ann@example.com".into(),
        sender: Some("Night watch".into()),
        subject: "ALARM: \"Tür\"".into(),
        text: "Es brennt – sofort.\n.\nEnde".into(),
        id: "1234.5".into(),
        date: NOW,
        unsubscribe_url: Some("https://weir.example.com/unsubscribe.html?SubscriptionArn=x".into()),
    }
}

fn plain(relay: &Relay) -> Smtp {
    let url = format!("smtp://{}?tls=none", relay.address);
    Smtp::new(&url, "Weir <weir@example.com>").expect("good").with_patience(PATIENCE)
}

/// By STARTTLS with a login.
fn encrypted(relay: &Relay, identity: &Identity, password: &str) -> Smtp {
    let folder = tempfile::tempdir().expect("made");
    let ca = folder.path().join("ca.pem");
    std::fs::write(&ca, &identity.pem).expect("written");
    let url = format!("smtp://ann:{password}@{}?tls=required&ca={}", relay.address, ca.display());
    Smtp::new(&url, "weir@example.com").expect("good").with_patience(PATIENCE)
}

#[test]
fn a_mail_goes_through_starttls_and_login() {
    let identity = Arc::new(Identity::new());
    let relay = relay(Some(Arc::clone(&identity)), Manner::Accept);
    let smtp = encrypted(&relay, &identity, "p%40ss+word");
    assert!(!format!("{smtp:?}").contains("ss+word"), "{smtp:?}");
    smtp.send(&mail()).expect("sent");
    let arrived = relay.mails.recv_timeout(PATIENCE).expect("arrived");
    for line in [
        "From: \"Night watch\" <weir@example.com>\r\n",
        "To: ann@example.com\r\n",
        "Date: Thu, 26 Mar 2026 09:42:53 +0000\r\n",
        "Message-ID: <1234.5@example.com>\r\n",
        "Auto-Submitted: auto-generated\r\n",
    ] {
        assert!(arrived.contains(line), "{line:?} in\n{arrived}");
    }
}

#[test]
fn a_relay_that_is_not_trusted_gets_nothing() {
    let identity = Arc::new(Identity::new());
    let relay = relay(Some(Arc::clone(&identity)), Manner::Accept);
    let other = Identity::new();
    let failure = encrypted(&relay, &other, "p%40ss+word").send(&mail()).expect_err("not trusted");
    assert!(matches!(failure, Failure::Transient(_)), "{failure:?}");
    assert!(relay.mails.try_recv().is_err());
}

#[test]
fn tls_that_is_required_and_not_offered_stops_the_mail() {
    let relay = relay(None, Manner::Accept);
    let url = format!("smtp://{}", relay.address);
    let smtp = Smtp::new(&url, "weir@example.com").expect("good").with_patience(PATIENCE);
    assert!(matches!(smtp.send(&mail()), Err(Failure::Transient(_))));
    let opportunistic = Smtp::new(&format!("{url}?tls=opportunistic"), "weir@example.com").expect("good");
    opportunistic.send(&mail()).expect("sent");
    relay.mails.recv_timeout(PATIENCE).expect("arrived");
}

#[test]
fn what_a_relay_says_decides_whether_to_try_again() {
    let answer = |manner| plain(&relay(None, manner)).send(&mail()).expect_err("refused");
    let busy = answer(Manner::Refuse("451 4.3.0 try later"));
    assert!(matches!(&busy, Failure::Transient(problem) if problem.contains("451")), "{busy:?}");
    let unknown = answer(Manner::Refuse("550 5.1.1 no such user"));
    assert!(matches!(&unknown, Failure::Permanent(problem) if problem.contains("no such user")), "{unknown:?}");
}

#[test]
fn a_wrong_password_is_tried_again_and_not_told() {
    let identity = Arc::new(Identity::new());
    let relay = relay(Some(Arc::clone(&identity)), Manner::NoLogin("535 5.7.8 not hunter2hunter2"));
    let failure = encrypted(&relay, &identity, "hunter2hunter2").send(&mail()).expect_err("refused");
    assert!(matches!(&failure, Failure::Transient(problem) if problem.contains("535")), "{failure:?}");
    assert!(!failure.problem().contains("hunter2"), "{failure:?}");
}

#[test]
fn a_relay_that_never_answers_is_left() {
    let smtp = plain(&relay(None, Manner::Silent)).with_patience(Duration::from_millis(300));
    assert!(matches!(smtp.send(&mail()), Err(Failure::Transient(_))));
    let nobody = Smtp::new("smtp://127.0.0.1:9?tls=none", "weir@example.com").expect("good");
    assert!(matches!(nobody.send(&mail()), Err(Failure::Transient(_))));
}

#[test]
fn an_alarm_finds_its_way_from_topic_to_relay() {
    let data = tempfile::tempdir().expect("made");
    let relay = relay(None, Manner::Accept);
    let (topics, courier, _) = subscribed(data.path(), "email", "ann@example.com", &[]);
    let id = publish(&topics, "It is on.", NOW);
    let http = Http::with_roots(&[], PATIENCE);
    let carriers = Carriers { smtp: Some(plain(&relay)), http };
    assert_eq!(courier.deliver(&carriers, 10, || NOW).expect("sent"), 1);
    let arrived = relay.mails.recv_timeout(PATIENCE).expect("arrived");
    assert!(arrived.contains("Subject: Hello\r\n") && arrived.contains("It is on."), "{arrived}");
    assert!(arrived.contains(&format!("Message-ID: <{id}.")), "{arrived}");
    assert_eq!(courier.counters().expect("read").sent, 1);
}

#[test]
fn relays_that_make_no_sense_are_refused() {
    let refused = |url: &str, from: &str| Smtp::new(url, from).expect_err("refused").to_string();
    let from = "weir@example.com";
    assert!(refused("http://relay", from).contains("use smtp:// or smtps://"));
    assert!(refused("smtp://relay?tls=maybe", from).contains("tls=maybe is none of"));
    assert!(refused("smtps://relay?tls=none", from).contains("tls=none is none of"));
    assert!(refused("smtp://relay?colour=red", from).contains("unknown parameter `colour`"));
    assert!(refused("smtp://relay?ca=/nowhere.pem", from).contains("ca=/nowhere.pem"));
    assert!(refused("smtp://relay", "weir").contains("the sender `weir` is no address"));
    let unencrypted = refused("smtp://ann:secret@relay.example.com?tls=opportunistic", from);
    assert!(unencrypted.contains("unencrypted") && !unencrypted.contains("secret"), "{unencrypted}");
    Smtp::new("smtp://ann:secret@127.0.0.1?tls=none", from).expect("nobody listens on the loopback interface");
}
