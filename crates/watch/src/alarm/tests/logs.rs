//! Alarms on queries.

use std::cell::RefCell;

use super::*;

/// Answers each query with as many rows as events lie in its span, and notes the spans.
struct Events {
    times: RefCell<Vec<i64>>,
    asked: RefCell<Vec<(i64, i64)>>,
    fails: RefCell<bool>,
}

impl LogQuery for Events {
    fn run(&self, query: &str, groups: &[String], from: i64, until: i64) -> Result<LogAnswer, String> {
        assert_eq!((query, groups), ("filter action = 'REJECT'", &["/weir/flow-logs".to_owned()][..]));
        self.asked.borrow_mut().push((from, until));
        if *self.fails.borrow() {
            return Err("there is no such log group".to_owned());
        }
        let row = |time: &i64| vec![Some(time.to_string()), Some(format!("2 - eni-1 {time} REJECT"))];
        let rows = self.times.borrow().iter().filter(|time| (from..until).contains(*time)).map(row).collect();
        Ok(LogAnswer { columns: vec!["@timestamp".to_owned(), "@message".to_owned()], rows })
    }
}

#[test]
fn an_alarm_on_a_query_tells_the_lines_that_it_found() {
    let house = House::new();
    let events = Events { times: RefCell::default(), asked: RefCell::default(), fails: RefCell::new(false) };
    let input = house.ssh(TreatMissingData::Missing);
    let log = PutLogAlarmInput {
        head: AlarmHead { alarm_name: "refused".to_owned(), ..input.head },
        rule: AlarmRule { threshold: Some(2.0), ..input.rule },
        query_string: "filter action = 'REJECT'".to_owned(),
        log_group_names: vec!["/weir/flow-logs".to_owned()],
        period: Some(60),
        ..PutLogAlarmInput::default()
    };
    house.alarms.put_log_alarm(log, NOW).expect("put");
    let mut now = NOW;
    let mut run = |until: i64| {
        while now < until {
            now += 1000;
            house.alarms.poll_logs(&events, now).expect("polled");
        }
    };
    run(NOW + 2 * MINUTE);
    assert_eq!(house.turns(), ["OK"]);
    events.times.borrow_mut().extend((0..60).map(|number| NOW + 2 * MINUTE + number * 1000));
    run(NOW + 3 * MINUTE + 1000);
    assert_eq!(house.turns(), ["OK", "ALARM"]);
    let notice = house.notices().remove(0);
    let lines = notice.offending_lines.expect("lines");
    assert_eq!(
        (lines.len(), lines[0].as_str()),
        (MOST_LINES, format!("2 - eni-1 {} REJECT", NOW + 2 * MINUTE).as_str())
    );
    let trigger = serde_json::to_value(&notice.trigger).expect("JSON");
    assert_eq!(
        (trigger["QueryString"].as_str(), trigger["Statistic"].as_str()),
        (Some("filter action = 'REJECT'"), Some("RowCount"))
    );
    *events.fails.borrow_mut() = true;
    run(NOW + 4 * MINUTE + 3000);
    let kinds = DescribeAlarmsInput { alarm_types: vec!["LogAlarm".to_owned()], ..DescribeAlarmsInput::default() };
    let described = house.alarms.describe_alarms(&kinds).expect("described").log_alarms.remove(0);
    assert_eq!(described.evaluation_state.as_deref(), Some("EVALUATION_FAILURE"));
    assert_eq!(described.status.state_value, StateValue::Alarm);
    *events.fails.borrow_mut() = false;
    run(NOW + 6 * MINUTE);
    assert_eq!(house.turns(), ["OK", "ALARM", "OK"]);
    let asked = events.asked.borrow();
    assert!(asked.iter().all(|(from, until)| until - from == MINUTE && from % MINUTE == 0));
}

/// Has an alarm changed while its query runs.
struct Changing<'a>(&'a House, PutLogAlarmInput);

impl LogQuery for Changing<'_> {
    fn run(&self, _: &str, _: &[String], from: i64, _: i64) -> Result<LogAnswer, String> {
        self.0.alarms.put_log_alarm(self.1.clone(), from).expect("put");
        Ok(LogAnswer { columns: vec!["n".to_owned()], rows: vec![vec![None]; 3] })
    }
}

#[test]
fn an_alarm_that_was_changed_while_its_query_ran_is_not_judged_by_what_it_was() {
    let house = House::new();
    let input = house.ssh(TreatMissingData::Missing);
    let log = PutLogAlarmInput {
        head: input.head,
        rule: input.rule,
        query_string: "limit 3".to_owned(),
        log_group_names: vec!["g".to_owned()],
        period: Some(60),
        ..PutLogAlarmInput::default()
    };
    house.alarms.put_log_alarm(log.clone(), NOW).expect("put");
    let rule = AlarmRule { threshold: Some(10.0), ..log.rule.clone() };
    house.alarms.poll_logs(&Changing(&house, PutLogAlarmInput { rule, ..log }), NOW + MINUTE + 1000).expect("polled");
    assert_eq!(house.state("SSH-rejects"), StateValue::InsufficientData);
}

#[test]
fn queries_that_cannot_be_are_refused() {
    let house = House::new();
    let input = house.ssh(TreatMissingData::Missing);
    let good = PutLogAlarmInput {
        head: input.head,
        rule: input.rule,
        query_string: "limit 1".to_owned(),
        log_group_names: vec!["g".to_owned()],
        period: Some(60),
        ..PutLogAlarmInput::default()
    };
    for bad in [
        PutLogAlarmInput { query_string: " ".to_owned(), ..good.clone() },
        PutLogAlarmInput { log_group_names: vec![], ..good.clone() },
        PutLogAlarmInput { log_group_names: vec!["g".to_owned(); 51], ..good.clone() },
        PutLogAlarmInput { period: None, ..good.clone() },
        PutLogAlarmInput { period: Some(30), ..good.clone() },
        PutLogAlarmInput { statistic: Some("Sum".to_owned()), ..good.clone() },
    ] {
        assert!(house.alarms.put_log_alarm(bad, NOW).is_err());
    }
    house.alarms.put_log_alarm(good, NOW).expect("put");
}
