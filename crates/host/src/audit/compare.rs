//! Weir's sums beside the firewall's, between two moments.
//!
//! The counters of a firewall and of Weir cannot be read at one instant. So at each of the two moments the firewall is
//! read before and after Weir: what it had counted when Weir was read lies between. From that follow the least and the
//! most that it may have refused between the moments; what Weir saw must lie within. While nothing is refused during
//! the reading, the two are one number.

use std::collections::{BTreeMap, BTreeSet};

use super::firewall::Firewall;

/// Weir's counters, and the firewall's before and after they were read.
#[derive(Debug, Clone, Default)]
pub struct Moment {
    /// The firewall's just before.
    pub before: Firewall,
    /// By the mark of the rule; 0 for rules that are not ours.
    pub weir: BTreeMap<u32, u64>,
    /// The firewall's just after.
    pub after: Firewall,
}

/// What became of one rule, or of all rules that are not ours, between the moments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Compared {
    /// The mark of the rule; 0 for those that are not ours.
    pub rule: u32,
    /// The least that the firewall counted.
    pub least: u64,
    /// The most.
    pub most: u64,
    /// What Weir saw.
    pub weir: u64,
    /// What follows.
    pub judgement: Judgement,
}

/// How the two stand to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Judgement {
    /// The same number, or within what the reading leaves open.
    Agrees,
    /// Weir saw more, and there are rules that refuse without counting.
    MoreThanCounted,
    /// They contradict each other.
    Differs,
    /// Counters went backwards: rules were replaced or reset.
    Changed,
}

/// Compares what was refused between two moments, rule by rule.
pub fn compare(start: &Moment, end: &Moment) -> Vec<Compared> {
    let firewalls = [&start.before, &start.after, &end.before, &end.after];
    let marks = firewalls.iter().flat_map(|firewall| firewall.refused.keys());
    let rules: BTreeSet<u32> = marks.chain(start.weir.keys()).chain(end.weir.keys()).copied().collect();
    let uncounted = firewalls.iter().any(|firewall| !firewall.uncounted.is_empty());
    rules.into_iter().map(|rule| compare_rule(rule, start, end, uncounted)).collect()
}

fn compare_rule(rule: u32, start: &Moment, end: &Moment, uncounted: bool) -> Compared {
    let of = |counts: &BTreeMap<u32, u64>| counts.get(&rule).copied().unwrap_or(0);
    let (start_least, start_most) = (of(&start.before.refused), of(&start.after.refused));
    let (end_least, end_most) = (of(&end.before.refused), of(&end.after.refused));
    let (start_weir, end_weir) = (of(&start.weir), of(&end.weir));
    let (least, most) = (end_least.saturating_sub(start_most), end_most.saturating_sub(start_least));
    let weir = end_weir.saturating_sub(start_weir);
    let grows = start_least <= start_most && start_most <= end_least && end_least <= end_most && start_weir <= end_weir;
    let judgement = match weir {
        _ if !grows => Judgement::Changed,
        weir if (least..=most).contains(&weir) => Judgement::Agrees,
        weir if weir > most && uncounted => Judgement::MoreThanCounted,
        _ => Judgement::Differs,
    };
    Compared { rule, least, most, weir, judgement }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn firewall(packets: u64) -> Firewall {
        Firewall { refused: [(0, packets)].into(), uncounted: BTreeSet::new() }
    }

    fn moment(before: u64, weir: u64, after: u64) -> Moment {
        Moment { before: firewall(before), weir: [(0, weir)].into(), after: firewall(after) }
    }

    fn judged(start: &Moment, end: &Moment) -> (u64, u64, u64, Judgement) {
        let compared = compare(start, end);
        assert_eq!(compared.len(), 1);
        (compared[0].least, compared[0].most, compared[0].weir, compared[0].judgement)
    }

    #[test]
    fn quiet_moments_leave_one_number() {
        let start = moment(100, 7, 100);
        assert_eq!(judged(&start, &moment(130, 37, 130)), (30, 30, 30, Judgement::Agrees));
        assert_eq!(judged(&start, &moment(130, 36, 130)), (30, 30, 29, Judgement::Differs));
        assert_eq!(judged(&start, &moment(130, 38, 130)), (30, 30, 31, Judgement::Differs));
    }

    #[test]
    fn what_is_refused_meanwhile_leaves_a_range() {
        let (start, end) = (moment(100, 7, 105), moment(130, 40, 140));
        assert_eq!(judged(&start, &end), (25, 40, 33, Judgement::Agrees));
        assert_eq!(judged(&start, &moment(130, 31, 140)).3, Judgement::Differs);
    }

    #[test]
    fn rules_that_do_not_count_leave_only_a_lower_bound() {
        let mut end = moment(130, 50, 130);
        end.after.uncounted.insert("policy drop of the nft chain inet t c".into());
        assert_eq!(judged(&moment(100, 7, 100), &end).3, Judgement::MoreThanCounted);
        end.weir = [(0, 36)].into();
        assert_eq!(judged(&moment(100, 7, 100), &end).3, Judgement::Differs);
    }

    #[test]
    fn a_firewall_that_was_replaced_is_not_compared() {
        assert_eq!(judged(&moment(100, 7, 100), &moment(3, 10, 3)).3, Judgement::Changed);
    }

    #[test]
    fn each_rule_of_ours_for_itself() {
        let with = |weir: [(u32, u64); 2], refused: [(u32, u64); 2]| {
            let firewall = Firewall { refused: refused.into(), uncounted: BTreeSet::new() };
            Moment { before: firewall.clone(), weir: weir.into(), after: firewall }
        };
        let start = with([(0, 0), (5, 0)], [(0, 0), (5, 0)]);
        let end = with([(0, 3), (5, 4)], [(0, 4), (5, 4)]);
        let judgements: Vec<_> = compare(&start, &end).iter().map(|each| each.judgement).collect();
        assert_eq!(judgements, [Judgement::Differs, Judgement::Agrees]);
    }
}
