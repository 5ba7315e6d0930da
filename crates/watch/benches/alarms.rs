//! From an event to the mail: `cargo bench -p weir-watch --bench alarms [-- ROUNDS]`.
//!
//! In each round an event is put into a log group of its own, whose metric filter feeds the metric of an alarm; the clock
//! runs from the acknowledged append until a relay on loopback has the mail. Threads work as in `weir up`: each looks for
//! work every 200 ms.

#![allow(clippy::expect_used, reason = "a benchmark that cannot run may say so loudly")]
#![allow(clippy::disallowed_methods, reason = "a benchmark reads the clock")]

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{self, Receiver, Sender},
    },
    thread,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use weir_store::{
    Catalogue,
    logs::{CreateLogGroupRequest, CreateLogStreamRequest, InputEvent, LogOptions, LogStore, Owner},
};
use weir_watch::{
    Watcher,
    alarm::{AlarmHead, AlarmRule, Alarms, PutMetricAlarmInput},
    filter::{MetricTransformation, PutMetricFilterInput},
    metric::{Metrics, Unit},
    notice::{Carriers, Courier, Http, Smtp},
    topic::{CreateTopicInput, Method, SubscribeInput, TopicOptions, Topics},
};

const ACCOUNT: &str = "123456789012";
const REGION: &str = "us-east-1";
const TICK: Duration = Duration::from_millis(200);
const PATIENCE: Duration = Duration::from_secs(60);
const REFUSED: &str = "2 123456789012 eni-a 10.0.0.1 10.0.0.2 40000 22 6 1 40 1780000000 1780000001 REJECT OK";
const PATTERN: &str = "[version, account, eni, source, destination, srcport, destport=22, protocol=6, packets, bytes, start, end, action=REJECT, status]";

fn main() {
    let rounds = std::env::args().filter_map(|word| word.parse().ok()).next().unwrap_or(50);
    println!("| period of the alarm | rounds | p50 ms | p99 ms |\n|---|---|---|---|");
    for period in [60, 10] {
        let mut times = measure(period, rounds);
        times.sort_unstable();
        let at = |part: f64| times[((times.len() - 1) as f64 * part).round() as usize].as_millis();
        println!("| {period} s | {rounds} | {} | {} |", at(0.50), at(0.99));
    }
}

/// Everything, in a folder that is gone at the end.
struct House {
    _folder: tempfile::TempDir,
    logs: LogStore,
    watcher: Arc<Watcher>,
    alarms: Alarms,
    topics: Topics,
    courier: Courier,
}

fn measure(period: i64, rounds: usize) -> Vec<Duration> {
    let (mails, received) = mpsc::channel();
    let carriers = Carriers { smtp: Some(relay(mails)), http: Http::new().expect("certificates") };
    let house = House::open();
    let stop = AtomicBool::new(false);
    let work = |step: &dyn Fn()| {
        while !stop.load(Ordering::Relaxed) {
            step();
            thread::sleep(TICK);
        }
    };
    thread::scope(|scope| {
        scope.spawn(|| {
            work(&|| {
                house.alarms.poll(now()).expect("evaluated");
            });
        });
        scope.spawn(|| work(&|| while house.courier.deliver(&carriers, 1, now).expect("sent") > 0 {}));
        scope.spawn(|| {
            work(&|| {
                house.watcher.flush(now()).expect("written");
                house.logs.poll(now());
            });
        });
        let topic = house.subscribe(&received);
        let times = (0..rounds).map(|round| house.round(&topic, round, period, &received)).collect();
        stop.store(true, Ordering::Relaxed);
        times
    })
}

impl House {
    fn open() -> Self {
        let folder = tempfile::tempdir().expect("made");
        let catalogue = Catalogue::open(&folder.path().join("catalogue.sqlite")).expect("opened");
        let metrics = Arc::new(Metrics::open(&catalogue).expect("opened"));
        let watcher = Arc::new(Watcher::open(&catalogue, Arc::clone(&metrics), ACCOUNT, REGION).expect("opened"));
        let options = TopicOptions { public_url: "http://127.0.0.1:4780".into() };
        let topics = Topics::open(catalogue.clone(), ACCOUNT, REGION, &options).expect("opened");
        let alarms = Alarms::open(catalogue.clone(), metrics, ACCOUNT, REGION).expect("opened");
        let owner = Owner { account: ACCOUNT.into(), region: REGION.into() };
        let tap = Arc::clone(&watcher) as _;
        let logs = LogStore::open(&folder.path().join("logs"), catalogue, LogOptions::new(owner), tap).expect("opened");
        let courier = Courier::new(topics.clone(), folder.path());
        Self { _folder: folder, logs, watcher, alarms, topics, courier }
    }

    /// Subscribes an address, and follows the link in the mail. Returns the topic.
    fn subscribe(&self, received: &Receiver<String>) -> String {
        let input = CreateTopicInput { name: "bench".into(), ..CreateTopicInput::default() };
        let topic = self.topics.create_topic(&input, now()).expect("made").topic_arn;
        let input = SubscribeInput {
            topic_arn: topic.clone(),
            protocol: "email".into(),
            endpoint: "ops@example.com".into(),
            ..SubscribeInput::default()
        };
        self.topics.subscribe(&input, now()).expect("subscribed");
        let mail =
            received.recv_timeout(PATIENCE).expect("the request to confirm").replace("=\r\n", "").replace("=3D", "=");
        let link = mail.split_whitespace().find(|word| word.contains("/confirmation.html?")).expect("a link");
        let (_, query) = link.split_once('?').expect("a query");
        let answer = self.topics.answer(Method::Get, "/confirmation.html", query, now()).expect("a page");
        assert_eq!(answer.status, 200, "{}", answer.body);
        topic
    }

    fn round(&self, topic: &str, round: usize, period: i64, received: &Receiver<String>) -> Duration {
        let name = format!("round-{round}");
        let group = CreateLogGroupRequest { log_group_name: name.clone(), ..CreateLogGroupRequest::default() };
        self.logs.create_log_group(&group, now()).expect("made");
        let stream = CreateLogStreamRequest { log_group_name: name.clone(), log_stream_name: "s".into() };
        self.logs.create_log_stream(&stream, now()).expect("made");
        self.watcher.put_metric_filter(&|_: &str| true, filter(&name), now()).expect("put");
        self.alarms.put_metric_alarm(alarm(&name, topic, period), now()).expect("put");
        let events = [InputEvent { timestamp: now(), message: REFUSED.into() }];
        self.logs.append(&name, "s", &events, now()).expect("appended");
        let acknowledged = Instant::now();
        loop {
            let mail = received.recv_timeout(PATIENCE).expect("the alarm's mail");
            if mail.contains(&format!("ALARM: \"{name}\"")) {
                return acknowledged.elapsed();
            }
        }
    }
}

fn filter(name: &str) -> PutMetricFilterInput {
    PutMetricFilterInput {
        log_group_name: name.into(),
        filter_name: "rejects".into(),
        filter_pattern: PATTERN.into(),
        metric_transformations: vec![MetricTransformation {
            metric_name: name.into(),
            metric_namespace: "bench".into(),
            metric_value: "1".into(),
            default_value: None,
            dimensions: BTreeMap::new(),
            unit: Unit::default(),
        }],
        apply_on_transformed_logs: false,
        field_selection_criteria: None,
        emit_system_field_dimensions: Vec::new(),
    }
}

fn alarm(name: &str, topic: &str, period: i64) -> PutMetricAlarmInput {
    PutMetricAlarmInput {
        head: AlarmHead { alarm_name: name.into(), alarm_actions: vec![topic.into()], ..AlarmHead::default() },
        rule: AlarmRule {
            evaluation_periods: Some(1),
            threshold: Some(1.0),
            comparison_operator: "GreaterThanOrEqualToThreshold".into(),
            ..AlarmRule::default()
        },
        metric_name: Some(name.into()),
        namespace: Some("bench".into()),
        statistic: Some("Sum".into()),
        period: Some(period),
        ..PutMetricAlarmInput::default()
    }
}

/// A relay on loopback that gives each mail to the channel.
fn relay(mails: Sender<String>) -> Smtp {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("bound").port();
    thread::spawn(move || {
        for connection in listener.incoming().flatten() {
            let mails = mails.clone();
            thread::spawn(move || serve(&connection, &mails));
        }
    });
    Smtp::new(&format!("smtp://127.0.0.1:{port}?tls=none"), "weir@example.com").expect("a relay")
}

fn serve(mut connection: &TcpStream, mails: &Sender<String>) -> Option<()> {
    connection.write_all(b"220 relay\r\n").ok()?;
    let mut lines = BufReader::new(connection).split(b'\n').map_while(Result::ok);
    while let Some(line) = lines.next() {
        let answer: &[u8] = match line.get(..4) {
            Some(b"DATA") => {
                connection.write_all(b"354 go on\r\n").ok()?;
                let text: Vec<u8> = lines
                    .by_ref()
                    .take_while(|line| line != b".\r")
                    .flat_map(|line| [line, b"\n".to_vec()].concat())
                    .collect();
                mails.send(String::from_utf8_lossy(&text).into_owned()).ok()?;
                b"250 taken\r\n"
            }
            Some(b"QUIT") => return None,
            _ => b"250 fine\r\n",
        };
        connection.write_all(answer).ok()?;
    }
    None
}

fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| i64::try_from(time.as_millis()).unwrap_or(i64::MAX))
}
