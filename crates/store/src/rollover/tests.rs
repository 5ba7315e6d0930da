use proptest::prelude::*;

use super::*;

const T: i64 = 1_529_511_600; // 2018-06-20T16:20:00Z

fn rollover(every_window: bool) -> Rollover {
    Rollover::new(RolloverOptions { size_limit: 100, grace: 10, every_window })
}

#[test]
fn an_interval_is_published_when_its_last_window_had_time_to_arrive() {
    let mut rollover = rollover(false);
    for minute in 1..=5 {
        let end = T + minute * 60;
        let filed = rollover.handle(T, 1, end + 2);
        assert_eq!(filed, Filed { object: 0, sealed: None }, "minute {minute}");
        assert!(rollover.poll(end + 3).is_empty());
        assert_eq!(rollover.next_poll(), Some(T + 310));
    }
    assert!(rollover.poll(T + 309).is_empty());
    assert_eq!(rollover.poll(T + 310), [0]);
    assert_eq!(rollover.next_poll(), None);
}

#[test]
fn a_window_of_ten_minutes_publishes_both_of_its_intervals_at_its_end() {
    let mut rollover = rollover(false);
    let now = T + 602;
    assert_eq!(rollover.handle(T, 1, now).object, 0);
    assert_eq!(rollover.handle(T + 300, 1, now).object, 1);
    // A record that ends with the window's last instant.
    assert_eq!(rollover.handle(T + 600, 1, now).object, 2);
    assert_eq!(rollover.poll(T + 610), [0, 1]);
    assert_eq!(rollover.next_poll(), Some(T + 910));
}

#[test]
fn late_records_wait_for_the_next_publish_time() {
    let mut rollover = rollover(false);
    rollover.handle(T, 1, T + 311);
    assert_eq!(rollover.next_poll(), Some(T + 610));
}

#[test]
fn a_full_object_is_followed_by_another_of_the_same_interval() {
    let mut rollover = rollover(false);
    assert_eq!(rollover.handle(T, 60, T), Filed { object: 0, sealed: None });
    assert_eq!(rollover.handle(T, 40, T), Filed { object: 0, sealed: None });
    assert_eq!(rollover.handle(T, 1, T), Filed { object: 1, sealed: Some(0) });
    assert_eq!(rollover.handle(T, 1_000, T), Filed { object: 2, sealed: Some(1) });
    assert_eq!(rollover.close(), [2]);
}

#[test]
fn each_window_by_itself_when_asked() {
    let mut rollover = rollover(true);
    rollover.handle(T, 1, T + 1);
    rollover.handle(T + 300, 1, T + 1);
    assert_eq!(rollover.window_ended(), [0, 1]);
    assert_eq!(rollover.handle(T, 1, T + 2).object, 2);
}

#[test]
fn a_clock_that_was_set_back_holds_nothing_up_for_long() {
    let mut rollover = rollover(false);
    let year = 365 * 86_400;
    rollover.handle(T + year, 1, T + year);
    assert!(rollover.poll(T).is_empty());
    assert!(rollover.next_poll().expect("open") <= T + 310);
    assert_eq!(rollover.poll(T + 310), [0]);
}

/// What a test does with a roll-over.
#[derive(Debug, Clone)]
enum Step {
    /// Records of an interval so many intervals ago.
    Handle {
        intervals_ago: i64,
        bytes: u64,
    },
    Poll,
    WindowEnded,
}

fn steps() -> impl Strategy<Value = Vec<(i64, Step)>> {
    let step = prop_oneof![
        6 => (0..4_i64, 0..130_u64).prop_map(|(intervals_ago, bytes)| Step::Handle { intervals_ago, bytes }),
        3 => Just(Step::Poll),
        1 => Just(Step::WindowEnded),
    ];
    prop::collection::vec((0..200_i64, step), 1..80)
}

/// An object as the reference sees it: everything that was ever filed to it.
#[derive(Debug, Default, Clone)]
struct Seen {
    interval: i64,
    pieces: Vec<u64>,
    opened_at: i64,
    sealed_at: Option<i64>,
}

proptest! {
    /// Against the rules themselves, over a record of everything that happened.
    #[test]
    fn every_piece_in_one_open_object_of_its_interval(steps in steps(), every_window in any::<bool>()) {
        let mut rollover = rollover(every_window);
        let mut objects: Vec<Seen> = Vec::new();
        let mut now = T;
        let mut filed_pieces = 0;
        for (later, step) in steps {
            now += later;
            let sealed = match step {
                Step::Handle { intervals_ago, bytes } => {
                    let interval = publish_interval(now) - intervals_ago * PUBLISH_INTERVAL;
                    let filed = rollover.handle(interval, bytes, now);
                    let object = usize::try_from(filed.object).expect("small");
                    if object == objects.len() {
                        objects.push(Seen { interval, opened_at: now, ..Seen::default() });
                    }
                    let seen = &mut objects[object];
                    prop_assert_eq!(seen.interval, interval);
                    prop_assert_eq!(seen.sealed_at, None, "a sealed object takes nothing");
                    seen.pieces.push(bytes);
                    filed_pieces += 1;
                    let total: u64 = seen.pieces.iter().sum();
                    prop_assert!(total <= 100 || seen.pieces.len() == 1, "over the limit: {:?}", seen.pieces);
                    if let Some(full) = filed.sealed {
                        let before: u64 = objects[usize::try_from(full).expect("small")].pieces.iter().sum();
                        prop_assert!(before + bytes > 100, "sealed at {before} for {bytes}");
                    }
                    filed.sealed.into_iter().collect()
                }
                Step::Poll => rollover.poll(now),
                Step::WindowEnded => rollover.window_ended(),
            };
            let polled = matches!(step, Step::Poll);
            for object in &sealed {
                let seen = &mut objects[usize::try_from(*object).expect("small")];
                prop_assert_eq!(seen.sealed_at.replace(now), None, "sealed once");
                if polled {
                    prop_assert!(now >= seen.interval + 310, "not before its interval ended");
                }
            }
            let overdue = objects.iter().find(|seen| polled && seen.sealed_at.is_none() && now >= seen.opened_at + 310 && now >= seen.interval + 310);
            prop_assert!(overdue.is_none(), "not later than the next publish time: {overdue:?} at {now}");
            let open: Vec<i64> = objects.iter().filter(|seen| seen.sealed_at.is_none()).map(|seen| seen.interval).collect();
            let mut distinct = open.clone();
            distinct.sort_unstable();
            distinct.dedup();
            prop_assert_eq!(open.len(), distinct.len(), "one open object an interval");
            prop_assert_eq!(rollover.next_poll().is_none(), open.is_empty());
        }
        for object in rollover.close() {
            objects[usize::try_from(object).expect("small")].sealed_at = Some(now);
        }
        prop_assert!(objects.iter().all(|seen| seen.sealed_at.is_some()));
        prop_assert_eq!(objects.iter().map(|seen| seen.pieces.len()).sum::<usize>(), filed_pieces);
    }
}
