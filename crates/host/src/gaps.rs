//! Times in which nobody looked: from the end of one capture to the beginning of the next.

use std::collections::BTreeMap;

use weir_capture::{live::Event, window::Window};

const SECOND_NS: i64 = 1_000_000_000;

/// Remembers until when interfaces were watched. What passed between two captures is in no record, and nobody knows how much
/// it is: it becomes SKIPDATA.
#[derive(Debug, Clone, Default)]
pub struct Gaps {
    /// The interfaces that are captured, by id, and until when they were watched as far as windows said: Unix nanoseconds.
    watched_until: BTreeMap<String, Option<i64>>,
    /// The same of those that were captured until a capture ended, before the first window of the next.
    left: BTreeMap<String, i64>,
}

/// By id of the interface: the first second that was not watched, and the first after that was again. Unix time.
pub type Unwatched = BTreeMap<String, (i64, i64)>;

impl Gaps {
    /// Takes in what a capture says. With the first window of a capture, what was not watched since the one before.
    pub fn handle(&mut self, event: &Event) -> Unwatched {
        match event {
            Event::Window(window) => return self.window(window),
            Event::Added { interface, .. } => drop(self.watched_until.insert(interface.id.clone(), None)),
            Event::Removed { interface, .. } => drop(self.watched_until.remove(&interface.id)),
            Event::Failed { .. } | Event::Unlisted(_) | Event::Trouble(_) => {}
        }
        Unwatched::new()
    }

    /// The capture has ended, and another may follow.
    pub fn ended(&mut self) {
        let until = std::mem::take(&mut self.watched_until).into_iter();
        self.left.extend(until.filter_map(|(id, until_ns)| Some((id, until_ns?))));
    }

    fn window(&mut self, window: &Window) -> Unwatched {
        let (mut again, mut last_ns) = (BTreeMap::new(), None);
        for watched in window.interfaces() {
            let id = &watched.interface.id;
            if let Some(until_ns) = self.watched_until.get_mut(id) {
                *until_ns = (*until_ns).max(Some(watched.to_ns));
            }
            again.insert(id.clone(), watched.from_ns);
            last_ns = last_ns.max(Some(watched.to_ns));
        }
        // One that has gone meanwhile was not watched in this window either.
        let last_ns = last_ns.unwrap_or_else(|| window.end_ns());
        let left = std::mem::take(&mut self.left).into_iter();
        let gap = |(id, until_ns): (String, i64)| {
            let again_ns = again.get(&id).copied().unwrap_or(last_ns);
            let seconds = (until_ns.div_euclid(SECOND_NS), again_ns.div_euclid(SECOND_NS) + 1);
            (until_ns < again_ns).then_some((id, seconds))
        };
        left.filter_map(gap).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use weir_capture::tracker::{Options, Tracker};
    use weir_network::{Interface, Network, Owner};

    use super::*;

    const NETWORK: &str = "[[interface]]\nid = \"eni-gone\"\n[[interface]]\nid = \"eni-there\"\n\
                           [[interface]]\nid = \"eni-leaves\"";

    /// What a capture says of interfaces without traffic, from second to second: the first is removed before its end, the
    /// last only before the beginning of the next.
    fn captured(ids: &[&str], from: i64, to: i64) -> Vec<Event> {
        let network = Network::parse(NETWORK, &Owner::default()).unwrap();
        let interface = |id: &&str| Arc::new(network.interface(id).unwrap().clone());
        let (mut tracker, mut events) = (Tracker::new(Options::default()), Vec::new());
        let _ = tracker.poll(from * SECOND_NS);
        for interface in ids.iter().map(interface) {
            let index = tracker.add_interface(Arc::clone(&interface), from * SECOND_NS).unwrap();
            events.push(added(&interface));
            if interface.id == "eni-gone" {
                tracker.remove_interface(index, to * SECOND_NS - SECOND_NS / 2);
                events.push(Event::Removed { name: String::new(), interface });
            }
        }
        events.extend(tracker.finish(to * SECOND_NS).into_iter().map(Event::Window));
        events
    }

    fn added(interface: &Arc<Interface>) -> Event {
        Event::Added { name: String::new(), interface: Arc::clone(interface) }
    }

    fn handle(gaps: &mut Gaps, events: &[Event]) -> Vec<(String, (i64, i64))> {
        events.iter().flat_map(|event| gaps.handle(event)).collect()
    }

    /// An interface that had gone before the end was not missed by anybody.
    #[test]
    fn what_was_captured_to_the_end_leaves_a_gap() {
        let mut gaps = Gaps::default();
        assert_eq!(handle(&mut gaps, &captured(&["eni-gone", "eni-there", "eni-leaves"], 1200, 1230)), []);
        gaps.ended();
        // A capture that could not begin.
        gaps.ended();
        let told = handle(&mut gaps, &captured(&["eni-there"], 1240, 1250));
        let expected = [("eni-leaves", (1230, 1251)), ("eni-there", (1230, 1241))];
        assert_eq!(told, expected.map(|(id, gap)| (id.to_owned(), gap)));
        assert_eq!(handle(&mut gaps, &captured(&["eni-there"], 1250, 1260)), [], "a gap is told once");
        assert!(gaps.left.is_empty());
    }
}
