use proptest::prelude::*;

use super::*;

fn threshold(m: usize, n: usize, treat_missing_data: TreatMissingData) -> Threshold {
    Threshold {
        comparison: Comparison::GreaterThanOrEqual,
        threshold: 1.0,
        evaluation_periods: n,
        datapoints_to_alarm: m,
        says_out_of: true,
        treat_missing_data,
        fewest_samples: None,
    }
}

fn point(letter: char, place: usize) -> Point {
    let real = |value| {
        Point::Real(Datapoint { timestamp: 1_774_518_120_000 + place as i64 * 60_000, value, sample_count: Some(1.0) })
    };
    match letter {
        '0' => real(0.0),
        'X' => real(3.0),
        'u' => Point::Unwatched,
        _ => Point::Missing,
    }
}

fn points(letters: &str) -> Vec<Point> {
    letters.split_whitespace().flat_map(str::chars).enumerate().map(|(place, letter)| point(letter, place)).collect()
}

fn text(evaluation: Option<&Evaluation>) -> &'static str {
    evaluation.map_or("keep", |evaluation| evaluation.state.text())
}

#[test]
fn the_tables_of_missing_data() {
    let lines = include_str!("../../../tests/alarm/missing-data.txt").lines();
    let mut rows = 0;
    for line in lines.filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let [of, letters, filled, missing, ignore, breaching, not_breaching] = cells[..] else { panic!("{line}") };
        let (m, n) = of.split_once(" of ").expect("M of N");
        let (m, n) = (m.parse().expect("M"), n.parse().expect("N"));
        let range = points(letters);
        assert_eq!(range.len(), range_of(n), "{line}");
        for (treat, expected) in [
            (TreatMissingData::Missing, missing),
            (TreatMissingData::Ignore, ignore),
            (TreatMissingData::Breaching, breaching),
            (TreatMissingData::NotBreaching, not_breaching),
        ] {
            let threshold = threshold(m, n, treat);
            assert_eq!(Used::of(&threshold, &range).filled.to_string(), filled, "{line}");
            for state in [StateValue::Ok, StateValue::Alarm] {
                let found = evaluate(&threshold, &range, state);
                assert_eq!(text(found.as_ref()), expected, "{line}, {treat}");
            }
        }
        rows += 1;
    }
    assert_eq!(rows, 26);
}

#[test]
fn an_alarm_without_a_state_becomes_ok_when_missing_data_are_fine() {
    let found =
        evaluate(&threshold(1, 1, TreatMissingData::NotBreaching), &points("u u u"), StateValue::InsufficientData);
    assert_eq!(text(found.as_ref()), "OK");
    let found = evaluate(&threshold(1, 1, TreatMissingData::Breaching), &points("u u u"), StateValue::InsufficientData);
    assert_eq!(found, None);
}

#[test]
fn reasons_are_in_cloudwatchs_words() {
    let reason = |threshold: &Threshold, letters: &str| {
        evaluate(threshold, &points(letters), StateValue::InsufficientData).expect("decided").reason
    };
    let plain = |threshold| Threshold { says_out_of: false, ..threshold };
    let one = threshold(1, 1, TreatMissingData::Missing);
    let two = threshold(2, 3, TreatMissingData::Breaching);
    for (threshold, letters, expected) in [
        (
            plain(one.clone()),
            "- - X",
            "Threshold Crossed: 1 datapoint [3.0 (26/03/26 09:44:00)] was greater than or equal to the threshold (1.0).",
        ),
        (
            one.clone(),
            "- - X",
            "Threshold Crossed: 1 out of the last 1 datapoints [3.0 (26/03/26 09:44:00)] was greater than or equal to \
             the threshold (1.0) (minimum 1 datapoint for OK -> ALARM transition).",
        ),
        (
            one.clone(),
            "X X 0",
            "Threshold Crossed: 1 out of the last 1 datapoints [0.0 (26/03/26 09:44:00)] was not greater than or equal \
             to the threshold (1.0) (minimum 1 datapoint for ALARM -> OK transition).",
        ),
        (
            plain(Threshold { comparison: Comparison::GreaterThan, ..threshold(2, 2, TreatMissingData::Missing) }),
            "0 0 X X",
            "Threshold Crossed: 2 datapoints [3.0 (26/03/26 09:45:00), 3.0 (26/03/26 09:44:00)] were greater than the \
             threshold (1.0).",
        ),
        (
            two.clone(),
            "0 0 X 0 0",
            "Threshold Crossed: 2 out of the last 3 datapoints [0.0 (26/03/26 09:46:00), 0.0 (26/03/26 09:45:00)] were \
             not greater than or equal to the threshold (1.0) (minimum 2 datapoints for ALARM -> OK transition).",
        ),
        (
            two,
            "0 - X - -",
            "Threshold Crossed: 1 out of the last 2 datapoints [3.0 (26/03/26 09:44:00)] was greater than or equal to the \
             threshold (1.0) (minimum 2 datapoints for OK -> ALARM transition) and 1 missing datapoint was treated as \
             [Breaching].",
        ),
        (
            threshold(1, 1, TreatMissingData::NotBreaching),
            "- - -",
            "Threshold Crossed: no datapoints were received for 1 period and 1 missing datapoint was treated as \
             [NonBreaching].",
        ),
        (
            threshold(2, 2, TreatMissingData::Breaching),
            "- - - -",
            "Threshold Crossed: no datapoints were received for 2 periods and 2 missing datapoints were treated as \
             [Breaching].",
        ),
        (one, "- - -", "Insufficient Data: 1 datapoint was unknown."),
        (threshold(3, 3, TreatMissingData::Missing), "- - - - -", "Insufficient Data: 3 datapoints were unknown."),
    ] {
        assert_eq!(reason(&threshold, letters), expected);
    }
}

#[test]
fn a_reason_lists_the_newest_points_only() {
    let all = "X".repeat(102);
    let found =
        evaluate(&threshold(100, 100, TreatMissingData::Missing), &points(&all), StateValue::Ok).expect("decided");
    assert_eq!(found.evaluated.len(), 100);
    assert_eq!(found.reason.matches("3.0 (").count(), 15);
    assert!(
        found.reason.starts_with("Threshold Crossed: 100 out of the last 100 datapoints [3.0 (26/03/26 11:23:00), ")
    );
    assert!(found.reason.contains(", ...] were greater") && found.reason.len() < 1023, "{}", found.reason);
}

#[test]
fn each_operator_breaches_on_its_side() {
    for (comparison, breaching) in [
        (Comparison::GreaterThanOrEqual, [false, true, true]),
        (Comparison::GreaterThan, [false, false, true]),
        (Comparison::LessThan, [true, false, false]),
        (Comparison::LessThanOrEqual, [true, true, false]),
    ] {
        assert_eq!([0.0, 1.0, 2.0].map(|value| comparison.breaches(value, 1.0)), breaching, "{comparison}");
    }
}

#[test]
fn a_percentile_of_too_few_values_leaves_the_state() {
    let careful = Threshold { fewest_samples: Some(10.0), ..threshold(1, 1, TreatMissingData::Missing) };
    assert_eq!(evaluate(&careful, &points("- - X"), StateValue::Ok), None);
    let enough = Point::Real(Datapoint { timestamp: 0, value: 3.0, sample_count: Some(10.0) });
    let found = evaluate(&careful, &[Point::Missing, Point::Missing, enough], StateValue::Ok);
    assert_eq!(text(found.as_ref()), "ALARM");
}

/// What AWS's text says, with each possible value tried for each point that is filled in.
fn by_trying(m: usize, n: usize, treat: TreatMissingData, letters: &[char], state: StateValue) -> Option<StateValue> {
    let newest: Vec<char> = letters.iter().rev().copied().filter(|letter| "0X".contains(*letter)).take(n).collect();
    let short = n - newest.len();
    let breaching = newest.iter().filter(|letter| **letter == 'X').count();
    let outcomes: Vec<bool> = (0u32..1 << short).map(|tried| breaching + tried.count_ones() as usize >= m).collect();
    if outcomes.iter().all(|alarm| *alarm) {
        return Some(StateValue::Alarm);
    }
    if outcomes.iter().all(|alarm| !*alarm) {
        return Some(StateValue::Ok);
    }
    if letters.contains(&'u') {
        let fine = state == StateValue::InsufficientData && treat == TreatMissingData::NotBreaching;
        return fine.then_some(StateValue::Ok);
    }
    let oldest = letters.iter().position(|letter| "0X".contains(*letter)).map(|place| letters.len() - place);
    match (treat, oldest) {
        (TreatMissingData::Breaching, _) => outcomes.last().map(|_| StateValue::Alarm),
        (TreatMissingData::NotBreaching, _) => Some(StateValue::Ok),
        (TreatMissingData::Missing, None) => Some(StateValue::InsufficientData),
        (_, Some(_)) if newest.contains(&'0') => Some(StateValue::Ok),
        (TreatMissingData::Missing, Some(age)) if age >= m => Some(StateValue::Alarm),
        _ => None,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn the_evaluator_says_what_trying_every_value_says(
        (m, letters) in (1usize..7).prop_flat_map(|n| (1..=n, prop::collection::vec(prop::sample::select(vec!['0', 'X', '-', '-', 'u']), range_of(n)))),
        treat in prop::sample::select(TreatMissingData::ALL),
        state in prop::sample::select(StateValue::ALL),
    ) {
        let n = letters.len() - 2;
        let range: Vec<Point> = letters.iter().enumerate().map(|(place, letter)| point(*letter, place)).collect();
        let found = evaluate(&threshold(m, n, treat), &range, state).map(|evaluation| evaluation.state);
        prop_assert_eq!(found, by_trying(m, n, treat, &letters, state));
    }
}
