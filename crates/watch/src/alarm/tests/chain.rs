//! Alarms on alarms.

use super::*;

fn composite(house: &House, name: &str, rule: &str) -> PutCompositeAlarmInput {
    PutCompositeAlarmInput {
        head: AlarmHead {
            alarm_name: name.to_owned(),
            ok_actions: vec![house.topic.clone()],
            alarm_actions: vec![house.topic.clone()],
            ..AlarmHead::default()
        },
        alarm_rule: rule.to_owned(),
        ..PutCompositeAlarmInput::default()
    }
}

fn set(house: &House, name: &str, state: &str, now: i64) {
    let input = SetAlarmStateInput {
        alarm_name: name.to_owned(),
        state_value: state.to_owned(),
        state_reason: "by hand".to_owned(),
        state_reason_data: None,
    };
    house.alarms.set_alarm_state(&input, now).expect("set");
}

/// A house with metric alarms that keep what they are set to.
fn house(names: &[&str]) -> House {
    let house = House::new();
    for name in names {
        let mut input = house.ssh(TreatMissingData::Ignore);
        input.head = AlarmHead { alarm_name: (*name).to_owned(), ..AlarmHead::default() };
        house.put(input);
        set(&house, name, "OK", NOW);
    }
    house
}

fn put(house: &House, input: PutCompositeAlarmInput) -> Result<(), AlarmError> {
    house.alarms.put_composite_alarm(input, NOW)
}

#[test]
fn a_composite_alarm_follows_its_children_through_all_levels() {
    let house = house(&["a", "b"]);
    put(&house, composite(&house, "upper", "ALARM(lower)")).expect_err("there is no `lower` yet");
    put(&house, composite(&house, "lower", "ALARM(a) AND NOT OK(b)")).expect("put");
    put(&house, composite(&house, "above", "ALARM(\"arn:aws:cloudwatch:us-east-1:123456789012:alarm:lower\")"))
        .expect("put");
    assert_eq!(house.state("lower"), StateValue::InsufficientData);
    house.poll(NOW);
    assert_eq!((house.state("lower"), house.state("above")), (StateValue::Ok, StateValue::Ok));
    set(&house, "a", "ALARM", NOW + 500);
    house.poll(NOW + 1000);
    assert_eq!(house.state("lower"), StateValue::Ok);
    set(&house, "b", "ALARM", NOW + 1500);
    house.poll(NOW + 2000);
    assert_eq!((house.state("lower"), house.state("above")), (StateValue::Alarm, StateValue::Alarm));
    let house = house.reopen();
    house.run(NOW + 2000, NOW + 5000);
    let told: Vec<_> = house.notices().into_iter().map(|notice| (notice.alarm_name, notice.new_state_value)).collect();
    let of = |name: &str, state| (name.to_owned(), state);
    let (ok, alarm) = (StateValue::Ok, StateValue::Alarm);
    assert_eq!(told, [of("above", ok), of("lower", ok), of("lower", alarm), of("above", alarm)]);
    let last = house.notices().pop().expect("told");
    assert_eq!(last.alarm_rule.as_deref(), Some("ALARM(\"arn:aws:cloudwatch:us-east-1:123456789012:alarm:lower\")"));
    assert_eq!(
        last.triggering_children.expect("children")[0].arn,
        "arn:aws:cloudwatch:us-east-1:123456789012:alarm:lower"
    );
    assert_eq!(last.trigger, None);
    assert_eq!(
        last.new_state_reason,
        "arn:aws:cloudwatch:us-east-1:123456789012:alarm:lower transitioned to ALARM at Sunday 29 March, 2026 16:00:02 UTC"
    );
}

#[test]
fn rules_that_cannot_be_are_refused() {
    let house = house(&["a"]);
    put(&house, composite(&house, "one", "ALARM(a)")).expect("put");
    put(&house, composite(&house, "two", "ALARM(one)")).expect("put");
    let with = |change: fn(&mut PutCompositeAlarmInput)| {
        let mut input = composite(&house, "three", "ALARM(a)");
        change(&mut input);
        input
    };
    for (input, part) in [
        (composite(&house, "one", "ALARM(two)"), "depends on the alarm itself"),
        (composite(&house, "one", "ALARM(one)"), "depends on the alarm itself"),
        (composite(&house, "three", "OK(nobody)"), "alarm nobody in its rule does not exist"),
        (composite(&house, "three", "ALARM(a) XOR OK(a)"), "at position 10"),
        (composite(&house, "three", " "), "AlarmRule is required"),
        (composite(&house, "a", "TRUE"), "MetricAlarm; it cannot become another kind"),
        (with(|input| input.actions_suppressor_wait_period = Some(1)), "need ActionsSuppressor"),
        (with(|input| input.actions_suppressor = Some("a".to_owned())), "WaitPeriod is required"),
        (
            with(|input| {
                input.actions_suppressor = Some("nobody".to_owned());
                input.actions_suppressor_wait_period = Some(1);
                input.actions_suppressor_extension_period = Some(1);
            }),
            "alarm nobody",
        ),
    ] {
        let message = put(&house, input).expect_err(part).to_string();
        assert!(message.contains(part), "{message}");
    }
}

#[test]
fn a_rule_without_alarms_and_one_whose_child_is_gone_have_a_state() {
    let house = house(&["a"]);
    put(&house, composite(&house, "always", "TRUE")).expect("put");
    put(&house, composite(&house, "gone", "INSUFFICIENT_DATA(a)")).expect("put");
    house.poll(NOW);
    assert_eq!((house.state("always"), house.state("gone")), (StateValue::Alarm, StateValue::Ok));
    house.alarms.delete_alarms(&AlarmNames { alarm_names: vec!["a".to_owned()] }, NOW).expect("deleted");
    house.poll(NOW + 1000);
    assert_eq!(house.state("gone"), StateValue::Alarm);
    assert_eq!(house.turns(), ["OK", "ALARM", "OK", "ALARM"]);
}

#[test]
fn a_rule_that_is_put_again_without_alarms_is_evaluated() {
    let house = house(&["a"]);
    put(&house, composite(&house, "above", "ALARM(a)")).expect("put");
    house.poll(NOW);
    assert_eq!(house.state("above"), StateValue::Ok);
    put(&house, composite(&house, "above", "TRUE")).expect("put");
    house.poll(NOW + 1000);
    assert_eq!(house.state("above"), StateValue::Alarm);
}

/// States of `a` and of the suppressor at seconds, and the states told with their seconds.
fn told(steps: &[(i64, &str, &str)], until: i64) -> Vec<(i64, String)> {
    let mut house = house(&["a", "quiet"]);
    let mut input = composite(&house, "above", "ALARM(a)");
    input.actions_suppressor = Some("quiet".to_owned());
    input.actions_suppressor_wait_period = Some(10);
    input.actions_suppressor_extension_period = Some(20);
    put(&house, input).expect("put");
    // Its first state is told after the wait period, too.
    house.run(NOW - 60_000, NOW);
    let mut steps = steps.iter();
    let mut next = steps.next();
    for second in 1..until {
        while let Some((_, name, state)) = next.filter(|(at, _, _)| *at == second) {
            set(&house, name, state, NOW + second * 1000);
            next = steps.next();
        }
        house.poll(NOW + second * 1000);
        if second % 7 == 0 {
            house = house.reopen();
        }
    }
    let input = DescribeAlarmHistoryInput {
        alarm_name: Some("above".to_owned()),
        history_item_type: Some("Action".to_owned()),
        scan_by: Some("TimestampAscending".to_owned()),
        start_date: Some(NOW),
        ..DescribeAlarmHistoryInput::default()
    };
    let items = house.alarms.describe_alarm_history(&input).expect("described").alarm_history_items;
    let notices = house.notices().into_iter().skip(1).map(|notice| notice.new_state_value.to_string());
    items.iter().map(|item| (item.timestamp - NOW) / 1000).zip(notices).collect()
}

#[test]
fn a_suppressor_keeps_an_alarm_silent() {
    let of = |list: &[(i64, &str)]| list.iter().map(|(at, state)| (*at, (*state).to_owned())).collect::<Vec<_>>();
    // Nobody suppresses: told after the wait period.
    assert_eq!(told(&[(5, "a", "ALARM")], 60), of(&[(15, "ALARM")]));
    // The suppressor is in alarm: told after the extension period.
    assert_eq!(told(&[(1, "quiet", "ALARM"), (5, "a", "ALARM"), (30, "quiet", "OK")], 60), of(&[(50, "ALARM")]));
    // It goes into alarm within the wait period.
    assert_eq!(told(&[(5, "a", "ALARM"), (10, "quiet", "ALARM"), (30, "quiet", "OK")], 60), of(&[(50, "ALARM")]));
    // It comes too late.
    assert_eq!(told(&[(5, "a", "ALARM"), (16, "quiet", "ALARM")], 60), of(&[(15, "ALARM")]));
    // It goes into alarm again within the extension period.
    let again =
        [(1, "quiet", "ALARM"), (5, "a", "ALARM"), (10, "quiet", "OK"), (20, "quiet", "ALARM"), (30, "quiet", "OK")];
    assert_eq!(told(&again, 60), of(&[(50, "ALARM")]));
    // The alarm is over before anybody was told.
    assert_eq!(told(&[(1, "quiet", "ALARM"), (5, "a", "ALARM"), (10, "a", "OK"), (15, "quiet", "OK")], 60), of(&[]));
    assert_eq!(told(&[(5, "a", "ALARM"), (8, "a", "OK")], 60), of(&[]));
}
