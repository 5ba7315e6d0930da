//! Clocks that jump.

use super::*;

fn house(treat: TreatMissingData) -> House {
    let house = House::new();
    house.put(house.ssh(treat));
    house
}

#[test]
fn a_clock_that_leaps_ahead_neither_fires_nor_clears() {
    let cleared = house(TreatMissingData::Missing);
    cleared.run(NOW, NOW + 1000);
    cleared.record(NOW + 1000, 1.0);
    cleared.run(NOW + 1000, NOW + 10_000);
    let fired = house(TreatMissingData::Breaching);
    for minute in 0..3 {
        fired.record(NOW + minute * MINUTE, 0.0);
        fired.run(NOW + minute * MINUTE, NOW + (minute + 1) * MINUTE);
    }
    fired.run(NOW + 3 * MINUTE, NOW + 3 * MINUTE + 1000);
    assert_eq!((cleared.state("SSH-rejects"), fired.state("SSH-rejects")), (StateValue::Alarm, StateValue::Ok));

    let later = NOW + 5 * HOUR;
    for house in [&cleared, &fired] {
        house.run(later, later + 2 * MINUTE);
    }
    assert_eq!((cleared.turns(), fired.turns()), (vec!["ALARM".to_owned()], vec!["OK".to_owned()]));
    // Three minutes were watched since: now missing data are missing.
    for house in [&cleared, &fired] {
        house.run(later + 2 * MINUTE, later + 4 * MINUTE + 1000);
    }
    assert_eq!(cleared.turns(), ["ALARM", "INSUFFICIENT_DATA"]);
    assert_eq!(fired.turns(), ["OK", "ALARM"]);
}

#[test]
fn a_poll_that_comes_late_now_and_then_does_not_keep_missing_data_from_being_missed() {
    let house = house(TreatMissingData::NotBreaching);
    house.run(NOW, NOW + 1000);
    house.record(NOW + 1000, 1.0);
    for late in 0..30 {
        house.run(NOW + late * 10_000 + 8000, NOW + late * 10_000 + 13_000);
    }
    assert_eq!(house.turns(), ["OK", "ALARM", "OK"]);
}

#[test]
fn a_clock_that_goes_back_does_not_judge_again_what_it_judged() {
    let house = house(TreatMissingData::NotBreaching);
    house.run(NOW, NOW + 1000);
    house.record(NOW + 2 * MINUTE, 1.0);
    house.run(NOW + 1000, NOW + 6 * MINUTE + 1000);
    assert_eq!(house.turns(), ["OK", "ALARM", "OK"]);
    // Five minutes back: the minute that fired comes again.
    house.run(NOW + MINUTE, NOW + 8 * MINUTE);
    assert_eq!(house.turns(), ["OK", "ALARM", "OK"]);
    house.record(NOW + 8 * MINUTE, 1.0);
    house.run(NOW + 8 * MINUTE, NOW + 9 * MINUTE);
    assert_eq!(house.turns(), ["OK", "ALARM", "OK", "ALARM"]);
}

#[test]
fn data_of_a_time_that_comes_twice_do_not_add_up_to_an_alarm() {
    let house = House::new();
    let input = house.ssh(TreatMissingData::Missing);
    let rule = AlarmRule { threshold: Some(10.0), ..input.rule };
    house.put(PutMetricAlarmInput { rule, ..input });
    for minute in 0..6 {
        house.record(NOW + minute * MINUTE + 1000, 6.0);
        house.run(NOW + minute * MINUTE, NOW + (minute + 1) * MINUTE);
    }
    for minute in 2..6 {
        house.record(NOW + minute * MINUTE + 1000, 6.0);
        house.run(NOW + minute * MINUTE, NOW + (minute + 1) * MINUTE);
    }
    assert_eq!(house.turns(), ["OK"]);
}

#[test]
fn a_state_of_a_far_future_does_not_hold_an_alarm_up() {
    let house = house(TreatMissingData::Missing);
    let future = NOW + 10_000 * HOUR;
    house.record(future, 1.0);
    house.run(future, future + 2 * MINUTE);
    house.flush(future + 2 * MINUTE);
    let house = house.reopen();
    house.run(NOW, NOW + 3 * MINUTE);
    assert_eq!(house.turns(), ["ALARM"]);
    house.run(NOW + 3 * MINUTE, NOW + 4 * MINUTE);
    assert_eq!(house.turns(), ["ALARM", "INSUFFICIENT_DATA"]);
}

#[test]
fn a_clock_that_goes_back_before_a_restart_does_not_either() {
    let house = house(TreatMissingData::NotBreaching);
    house.run(NOW, NOW + 1000);
    house.record(NOW + 2 * MINUTE, 1.0);
    house.run(NOW + 1000, NOW + 6 * MINUTE + 1000);
    house.flush(NOW + 6 * MINUTE);
    let house = house.reopen();
    house.run(NOW + MINUTE, NOW + 4 * MINUTE);
    assert_eq!(house.turns(), ["OK", "ALARM", "OK"]);
}

#[test]
fn a_clock_that_goes_back_by_days_begins_anew() {
    let house = house(TreatMissingData::Missing);
    let before = NOW - 48 * HOUR;
    house.record(before - MINUTE, 1.0);
    house.run(NOW, NOW + 5 * MINUTE);
    house.run(before, before + MINUTE);
    assert_eq!(house.turns(), ["INSUFFICIENT_DATA"; 0], "what is from before the jump is not used");
    house.record(before + 90_000, 1.0);
    house.run(before + MINUTE, before + 2 * MINUTE);
    assert_eq!(house.turns(), ["ALARM"]);
}

#[test]
fn a_restart_after_a_standstill_neither_fires_nor_clears() {
    let house = house(TreatMissingData::Breaching);
    for minute in 0..3 {
        house.record(NOW + minute * MINUTE, 0.0);
        house.run(NOW + minute * MINUTE, NOW + (minute + 1) * MINUTE);
    }
    house.flush(NOW + 3 * MINUTE);
    let house = house.reopen();
    house.run(NOW + 2 * HOUR, NOW + 2 * HOUR + 2 * MINUTE);
    assert_eq!(house.turns(), ["OK"]);
    house.run(NOW + 2 * HOUR + 2 * MINUTE, NOW + 2 * HOUR + 4 * MINUTE + 1000);
    assert_eq!(house.turns(), ["OK", "ALARM"], "by then nobody sent anything for three minutes");
}
