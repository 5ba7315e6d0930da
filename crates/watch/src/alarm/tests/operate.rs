//! Setting, describing, tagging, deleting.

use super::*;

fn named(names: &[&str]) -> AlarmNames {
    AlarmNames { alarm_names: names.iter().map(|name| (*name).to_owned()).collect() }
}

fn names(output: &DescribeAlarmsOutput) -> Vec<&str> {
    let metric = output.metric_alarms.iter().map(|alarm| alarm.definition.head.alarm_name.as_str());
    metric.chain(output.composite_alarms.iter().map(|alarm| alarm.definition.head.alarm_name.as_str())).collect()
}

fn house(count: usize) -> House {
    let house = House::new();
    for number in 0..count {
        let mut input = house.ssh(TreatMissingData::Missing);
        input.head.alarm_name = format!("alarm-{number:03}");
        house.put(input);
    }
    house
}

fn set(value: &str, reason: &str, data: Option<&str>) -> SetAlarmStateInput {
    SetAlarmStateInput {
        alarm_name: "alarm-000".to_owned(),
        state_value: value.to_owned(),
        state_reason: reason.to_owned(),
        state_reason_data: data.map(str::to_owned),
    }
}

#[test]
fn a_state_set_by_hand_acts_and_lasts_until_the_next_evaluation() {
    let house = house(1);
    for minute in 0..4 {
        house.record(NOW + minute * MINUTE, 0.0);
        house.run(NOW + minute * MINUTE, NOW + (minute + 1) * MINUTE);
    }
    house.run(NOW + 4 * MINUTE, NOW + 4 * MINUTE + 2000);
    assert_eq!(house.turns(), ["OK"]);
    house.alarms.set_alarm_state(&set("ALARM", "a drill", Some("{\"who\": \"me\"}")), NOW + 5 * MINUTE).expect("set");
    assert_eq!(house.notices().len(), 1);
    assert_eq!(house.notices()[0].new_state_reason, "a drill");
    house.run(NOW + 4 * MINUTE + 2000, NOW + 5 * MINUTE + 1000);
    assert_eq!(house.turns(), ["OK", "ALARM", "OK"]);
    for (input, code) in [
        (set("WARNING", "", None), "InvalidParameterValue"),
        (set("OK", &"x".repeat(1024), None), "ValidationError"),
        (set("OK", "", Some("{")), "InvalidFormat"),
        (SetAlarmStateInput { alarm_name: "nobody".to_owned(), ..set("OK", "", None) }, "ResourceNotFound"),
    ] {
        assert_eq!(house.alarms.set_alarm_state(&input, NOW).expect_err(code).code(), code);
    }
}

#[test]
fn an_alarm_that_is_put_again_keeps_its_state_and_its_tags() {
    let house = house(1);
    house.alarms.set_alarm_state(&set("OK", "by hand", None), NOW).expect("set");
    let mut input = house.ssh(TreatMissingData::Breaching);
    input.head.alarm_name = "alarm-000".to_owned();
    input.tags = vec![Tag { key: "team".to_owned(), value: "net".to_owned() }];
    house.put(input);
    let house = house.reopen();
    let alarm =
        house.alarms.describe_alarms(&DescribeAlarmsInput::default()).expect("described").metric_alarms.remove(0);
    assert_eq!((alarm.status.state_value, alarm.status.state_reason.as_str()), (StateValue::Ok, "by hand"));
    assert_eq!(alarm.definition.rule.treat_missing_data.as_deref(), Some("breaching"));
    assert_eq!(alarm.definition.head.actions_enabled, Some(true));
    assert_eq!(house.history("ConfigurationUpdate"), ["Alarm \"alarm-000\" created", "Alarm \"alarm-000\" updated"]);
    let arn = alarm.status.alarm_arn;
    let tags =
        || house.alarms.list_tags_for_resource(&ListTagsInput { resource_arn: arn.clone() }).expect("listed").tags;
    assert_eq!(tags(), [], "tags are taken when an alarm is made");
    let tag = |key: &str| Tag { key: key.to_owned(), value: "net".to_owned() };
    let input = TagResourceInput { resource_arn: arn.clone(), tags: vec![tag("team"), tag("site")] };
    house.alarms.tag_resource(input).expect("tagged");
    let input = UntagResourceInput { resource_arn: arn.clone(), tag_keys: vec!["site".to_owned()] };
    house.alarms.untag_resource(&input).expect("untagged");
    assert_eq!(tags(), [tag("team")]);
    let many = TagResourceInput { resource_arn: arn, tags: (0..50).map(|number| tag(&number.to_string())).collect() };
    assert_eq!(house.alarms.tag_resource(many).expect_err("51").code(), "LimitExceeded");
}

#[test]
fn actions_that_are_disabled_are_not_done() {
    let house = house(1);
    house.alarms.disable_alarm_actions(&named(&["alarm-000"]), NOW).expect("disabled");
    house.alarms.set_alarm_state(&set("ALARM", "", None), NOW).expect("set");
    assert_eq!((house.turns().len(), house.notices().len()), (1, 0));
    house.alarms.enable_alarm_actions(&named(&["alarm-000"]), NOW).expect("enabled");
    house.alarms.set_alarm_state(&set("OK", "", None), NOW).expect("set");
    house.alarms.set_alarm_state(&set("ALARM", "", None), NOW).expect("set");
    house.alarms.set_alarm_state(&set("ALARM", "again", None), NOW).expect("set");
    assert_eq!(house.notices().len(), 1, "only a change of state acts");
    house.alarms.enable_alarm_actions(&named(&["nobody"]), NOW).expect("passed over");
}

#[test]
fn alarms_are_described_by_parts_and_pages() {
    let house = house(120);
    let rule = "ALARM(alarm-001) OR ALARM(alarm-002)".to_owned();
    let head = AlarmHead { alarm_name: "both".to_owned(), ..AlarmHead::default() };
    let composite = PutCompositeAlarmInput { head, alarm_rule: rule, ..PutCompositeAlarmInput::default() };
    house.alarms.put_composite_alarm(composite, NOW).expect("put");
    let describe = |input: DescribeAlarmsInput| house.alarms.describe_alarms(&input).expect("described");
    let first = describe(DescribeAlarmsInput::default());
    assert_eq!((first.metric_alarms.len(), first.composite_alarms.len()), (100, 0));
    let second = describe(DescribeAlarmsInput { next_token: first.next_token, ..DescribeAlarmsInput::default() });
    assert_eq!((second.metric_alarms.len(), second.next_token), (20, None));
    let prefix =
        DescribeAlarmsInput { alarm_name_prefix: Some("alarm-01".to_owned()), ..DescribeAlarmsInput::default() };
    assert_eq!(describe(prefix).metric_alarms.len(), 10);
    let of = DescribeAlarmsInput {
        alarm_names: vec!["alarm-007".to_owned(), "nobody".to_owned()],
        ..DescribeAlarmsInput::default()
    };
    assert_eq!(names(&describe(of)), ["alarm-007"]);
    let kind = DescribeAlarmsInput { alarm_types: vec!["CompositeAlarm".to_owned()], ..DescribeAlarmsInput::default() };
    assert_eq!(names(&describe(kind.clone())), ["both"]);
    let parents = DescribeAlarmsInput { parents_of_alarm_name: Some("alarm-002".to_owned()), ..kind };
    assert_eq!(names(&describe(parents)), ["both"]);
    let children =
        DescribeAlarmsInput { children_of_alarm_name: Some("both".to_owned()), ..DescribeAlarmsInput::default() };
    assert_eq!(names(&describe(children)), ["alarm-001", "alarm-002"]);
    let state = DescribeAlarmsInput { state_value: Some(StateValue::Alarm), ..DescribeAlarmsInput::default() };
    assert_eq!(names(&describe(state)), [""; 0]);
    let action = DescribeAlarmsInput {
        action_prefix: Some("arn:aws:sns".to_owned()),
        max_records: Some(3),
        ..DescribeAlarmsInput::default()
    };
    assert_eq!(names(&describe(action)), ["alarm-000", "alarm-001", "alarm-002"]);
    for bad in [
        DescribeAlarmsInput { alarm_types: vec!["Alarm".to_owned()], ..DescribeAlarmsInput::default() },
        DescribeAlarmsInput { max_records: Some(101), ..DescribeAlarmsInput::default() },
        DescribeAlarmsInput {
            alarm_names: vec!["a".to_owned()],
            alarm_name_prefix: Some("a".to_owned()),
            ..DescribeAlarmsInput::default()
        },
    ] {
        assert!(house.alarms.describe_alarms(&bad).is_err());
    }
    let metric = DescribeAlarmsForMetricInput {
        metric_name: "SSH-rejects".to_owned(),
        namespace: "VPC Flow logs".to_owned(),
        period: Some(60),
        ..DescribeAlarmsForMetricInput::default()
    };
    assert_eq!(house.alarms.describe_alarms_for_metric(&metric).expect("described").metric_alarms.len(), 120);
    let other = DescribeAlarmsForMetricInput { period: Some(300), ..metric };
    assert_eq!(house.alarms.describe_alarms_for_metric(&other).expect("described").metric_alarms.len(), 0);
}

#[test]
fn history_has_pages_and_ends_after_thirty_days() {
    let house = house(1);
    for number in 0..250 {
        let state = if number % 2 == 0 { "ALARM" } else { "OK" };
        house.alarms.disable_alarm_actions(&named(&["alarm-000"]), NOW).expect("disabled");
        house.alarms.set_alarm_state(&set(state, &number.to_string(), None), NOW + number * MINUTE).expect("set");
    }
    let mut input = DescribeAlarmHistoryInput {
        alarm_name: Some("alarm-000".to_owned()),
        history_item_type: Some("StateUpdate".to_owned()),
        ..DescribeAlarmHistoryInput::default()
    };
    let mut times = Vec::new();
    loop {
        let page = house.alarms.describe_alarm_history(&input).expect("described");
        times.extend(page.alarm_history_items.iter().map(|item| (item.timestamp - NOW) / MINUTE));
        input.next_token = page.next_token;
        if input.next_token.is_none() {
            break;
        }
    }
    assert_eq!(times, (0..250).rev().collect::<Vec<_>>());
    input.start_date = Some(NOW + 10 * MINUTE);
    input.end_date = Some(NOW + 12 * MINUTE);
    assert_eq!(house.alarms.describe_alarm_history(&input).expect("described").alarm_history_items.len(), 3);
    house.alarms.set_alarm_state(&set("ALARM", "", None), NOW + 31 * 24 * HOUR).expect("set");
    assert_eq!(house.history("StateUpdate").len(), 1);
}

#[test]
fn alarms_are_deleted_all_or_none() {
    let house = house(3);
    let error = house.alarms.delete_alarms(&named(&["alarm-000", "nobody"]), NOW).expect_err("unknown");
    assert_eq!(error.code(), "ResourceNotFound");
    house.alarms.delete_alarms(&named(&["alarm-000", "alarm-002"]), NOW).expect("deleted");
    let house = house.reopen();
    assert_eq!(
        names(&house.alarms.describe_alarms(&DescribeAlarmsInput::default()).expect("described")),
        ["alarm-001"]
    );
    let many: Vec<&str> = vec!["alarm-001"; 101];
    assert_eq!(house.alarms.delete_alarms(&named(&many), NOW).expect_err("many").code(), "ValidationError");
    assert_eq!(house.history("ConfigurationUpdate").len(), 5);
}
