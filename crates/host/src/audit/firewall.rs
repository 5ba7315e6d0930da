//! What the counters of this host's firewall say of the packets that it refused, and what they cannot say.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    process::Command,
};

use serde_json::Value;

use super::FirewallError;

/// A mark with this on top is a rule's of ours.
const TAG: u64 = 0x5700_0000;
const TAG_MASK: u64 = 0xff00_0000;

/// Packets refused, as far as the firewall counted them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Firewall {
    /// By the mark that the rule sets; 0 for rules that are not ours.
    pub refused: BTreeMap<u32, u64>,
    /// Rules and policies that refuse without counting.
    pub uncounted: BTreeSet<String>,
}

impl Firewall {
    /// Reads the counters of nftables, and of the old iptables where it is in use. Needs the right to do so.
    ///
    /// # Errors
    /// When a program that is there does not list them.
    pub fn read() -> Result<Self, FirewallError> {
        let mut firewall = Firewall::default();
        if let Some(ruleset) = output("nft", &["-j", "list", "ruleset"])? {
            firewall.add_nft(&ruleset)?;
        }
        for program in ["iptables-legacy-save", "ip6tables-legacy-save"] {
            if let Some(saved) = output(program, &["-c"])? {
                firewall.add_iptables(program.trim_end_matches("-save"), &saved);
            }
        }
        Ok(firewall)
    }

    /// Adds what `nft -j list ruleset` lists.
    fn add_nft(&mut self, ruleset: &str) -> Result<(), FirewallError> {
        let listed: Value =
            serde_json::from_str(ruleset).map_err(|error| FirewallError::Listed { problem: error.to_string() })?;
        let no_ruleset = || FirewallError::Listed { problem: "it is no ruleset".into() };
        let objects = listed["nftables"].as_array().ok_or_else(no_ruleset)?;
        let rules = || objects.iter().filter_map(|object| object.get("rule")).filter(|rule| rule["family"] != "arp");
        let named: BTreeMap<String, u64> = objects
            .iter()
            .filter_map(|object| object.get("counter"))
            .filter_map(|counter| Some((place(counter, &counter["name"]), counter["packets"].as_u64()?)))
            .collect();
        // A counter that other rules use as well counts more than refusals.
        let shared: BTreeSet<String> = rules().filter(|rule| !refuses(rule)).flat_map(counters_of).collect();
        let harmless: BTreeSet<String> = objects
            .iter()
            .filter_map(|object| object.get("map"))
            .filter(|map| !has_drop(&map["elem"]))
            .map(|map| place(map, &map["name"]))
            .collect();
        let mut used = BTreeSet::new();
        for rule in rules().filter(|rule| refuses(rule) || may_refuse(rule, &harmless)) {
            match counted(rule) {
                Some(Counter::Own(packets)) => self.add(mark(rule), packets),
                Some(Counter::Named(name)) if !shared.contains(&name) => {
                    if let Some(packets) = named.get(&name).filter(|_| used.insert(name)) {
                        self.add(mark(rule), *packets);
                    }
                }
                _ => {
                    let handle = rule["handle"].as_u64().unwrap_or(0);
                    self.uncounted.insert(format!("nft rule {}, handle {handle}", place(rule, &rule["chain"])));
                }
            }
        }
        for chain in objects.iter().filter_map(|object| object.get("chain")) {
            if chain["policy"] == "drop" && chain["family"] != "arp" {
                self.uncounted.insert(format!("policy drop of the nft chain {}", place(chain, &chain["name"])));
            }
        }
        Ok(())
    }

    /// Adds what `iptables-save -c` writes, where every rule and policy has a counter.
    fn add_iptables(&mut self, program: &str, saved: &str) {
        for line in saved.lines() {
            let words: Vec<&str> = line.split_whitespace().collect();
            let refuses = match words.as_slice() {
                [chain, "DROP", _] => chain.starts_with(':'),
                rule => rule.windows(2).any(|pair| matches!(pair, ["-j" | "-g", "DROP" | "REJECT"])),
            };
            if !refuses {
                continue;
            }
            match words.iter().find_map(|word| word.strip_prefix('[')?.split(':').next()?.parse().ok()) {
                Some(packets) => self.add(0, packets),
                None => drop(self.uncounted.insert(format!("{program}: {line}"))),
            }
        }
    }

    fn add(&mut self, mark: u32, packets: u64) {
        *self.refused.entry(mark).or_default() += packets;
    }
}

enum Counter {
    Own(u64),
    Named(String),
}

/// `inet filter input`.
fn place(object: &Value, name: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or("?").to_owned();
    format!("{} {} {}", text(&object["family"]), text(&object["table"]), text(name))
}

fn statements(rule: &Value) -> &[Value] {
    rule["expr"].as_array().map_or(&[], Vec::as_slice)
}

fn is_refusal(statement: &Value) -> bool {
    let target = &statement["xt"];
    statement.get("drop").is_some()
        || statement.get("reject").is_some()
        || (target["type"] == "target" && (target["name"] == "REJECT" || target["name"] == "DROP"))
}

fn refuses(rule: &Value) -> bool {
    statements(rule).iter().any(is_refusal)
}

/// A verdict map may hold `drop` for some packets; its counter, if any, counts the others too. `harmless` are the named
/// maps that hold none.
fn may_refuse(rule: &Value, harmless: &BTreeSet<String>) -> bool {
    statements(rule).iter().any(|statement| {
        let data = &statement["vmap"]["data"];
        match data.as_str().and_then(|name| name.strip_prefix('@')) {
            Some(name) => !harmless.contains(&place(rule, &Value::from(name))),
            None => has_drop(data),
        }
    })
}

fn has_drop(elements: &Value) -> bool {
    elements.to_string().contains("\"drop\"")
}

/// The counter that counts exactly what the rule refuses: nothing behind it may let a packet off.
fn counted(rule: &Value) -> Option<Counter> {
    let before = statements(rule).iter().take_while(|statement| !is_refusal(statement));
    let mut counter = None;
    for statement in before {
        if let Some(found) = statement.get("counter") {
            counter = match found {
                Value::String(name) => Some(Counter::Named(format!(
                    "{} {} {name}",
                    rule["family"].as_str().unwrap_or("?"),
                    rule["table"].as_str().unwrap_or("?")
                ))),
                own => own["packets"].as_u64().map(Counter::Own),
            };
        } else if statement.get("mangle").is_none() && statement.get("log").is_none() {
            counter = None;
        }
    }
    counter.filter(|_| refuses(rule))
}

fn counters_of(rule: &Value) -> Vec<String> {
    let names = statements(rule).iter().filter(|statement| statement["counter"].is_string());
    names.map(|statement| place(rule, &statement["counter"])).collect()
}

/// The mark of ours that the rule sets; 0 for none.
fn mark(rule: &Value) -> u32 {
    let set = |statement: &Value| {
        let value = statement["mangle"]["value"].as_u64()?;
        (statement["mangle"]["key"]["meta"]["key"] == "mark" && value & TAG_MASK == TAG).then_some(value)
    };
    statements(rule).iter().find_map(set).and_then(|mark| u32::try_from(mark).ok()).unwrap_or(0)
}

/// What a program prints; `None` when it is not installed.
fn output(program: &'static str, words: &[&str]) -> Result<Option<String>, FirewallError> {
    let output = match Command::new(program).args(words).output() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        other => other.map_err(|source| FirewallError::Run { program, source })?,
    };
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let said = said.lines().next().unwrap_or("it does not say why");
        return Err(FirewallError::Refused { program, said: said.to_owned() });
    }
    Ok(Some(String::from_utf8_lossy(&output.stdout).into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(handle: u32, statements: &str) -> String {
        format!(
            r#"{{"rule": {{"family": "inet", "table": "t", "chain": "c", "handle": {handle}, "expr": [{statements}]}}}}"#
        )
    }

    fn nft(objects: &[String]) -> Firewall {
        let mut firewall = Firewall::default();
        firewall.add_nft(&format!(r#"{{"nftables": [{}]}}"#, objects.join(","))).expect("a ruleset");
        firewall
    }

    const MATCH: &str = r#"{"match": {"op": "==", "left": 1, "right": 9}}"#;
    const COUNTER: &str = r#"{"counter": {"packets": 5, "bytes": 300}}"#;

    #[test]
    fn rules_with_a_counter_right_before_the_verdict() {
        let firewall = nft(&[
            rule(1, &format!(r#"{MATCH}, {COUNTER}, {{"drop": null}}"#)),
            rule(2, &format!(r#"{MATCH}, {COUNTER}, {{"log": null}}, {{"reject": {{"type": "icmpx"}}}}"#)),
            rule(3, &format!(r#"{MATCH}, {COUNTER}, {{"xt": {{"type": "target", "name": "REJECT"}}}}"#)),
            rule(4, &format!(r#"{MATCH}, {COUNTER}, {{"accept": null}}"#)),
        ]);
        assert_eq!(firewall, Firewall { refused: [(0, 15)].into(), uncounted: BTreeSet::new() });
    }

    #[test]
    fn our_rules_are_told_apart_by_their_mark() {
        let set = |mark: u32| format!(r#"{{"mangle": {{"key": {{"meta": {{"key": "mark"}}}}, "value": {mark}}}}}"#);
        let marked = |handle, mark| rule(handle, &format!(r#"{COUNTER}, {}, {{"drop": null}}"#, set(mark)));
        let firewall = nft(&[marked(1, 0x5700_0005), marked(2, 0x5700_0005), marked(3, 7)]);
        assert_eq!(firewall.refused, [(0, 5), (0x5700_0005, 10)].into());
    }

    #[test]
    fn what_cannot_be_compared_is_named() {
        let firewall = nft(&[
            rule(1, &format!(r#"{MATCH}, {{"drop": null}}"#)),
            rule(2, &format!(r#"{COUNTER}, {MATCH}, {{"drop": null}}"#)),
            rule(3, &format!(r#"{COUNTER}, {{"limit": {{"rate": 1}}}}, {{"drop": null}}"#)),
            rule(4, r#"{"vmap": {"key": 1, "data": {"set": [[1, {"drop": null}], [2, {"accept": null}]]}}}"#),
            r#"{"chain": {"family": "inet", "table": "t", "name": "c", "policy": "drop"}}"#.to_owned(),
        ]);
        assert!(firewall.refused.is_empty());
        let uncounted: Vec<_> = firewall.uncounted.iter().map(String::as_str).collect();
        assert_eq!(
            uncounted,
            [
                "nft rule inet t c, handle 1",
                "nft rule inet t c, handle 2",
                "nft rule inet t c, handle 3",
                "nft rule inet t c, handle 4",
                "policy drop of the nft chain inet t c",
            ]
        );
    }

    #[test]
    fn a_named_map_without_drop_refuses_nothing() {
        let map = |name: &str, verdict: &str| {
            format!(r#"{{"map": {{"family": "inet", "table": "t", "name": "{name}", "elem": [[1, {verdict}]]}}}}"#)
        };
        let rule = |handle, name: &str| rule(handle, &format!(r#"{{"vmap": {{"key": 1, "data": "@{name}"}}}}"#));
        let maps = [map("goes", r#"{"goto": {"target": "c"}}"#), map("drops", r#"{"drop": null}"#)];
        let firewall = nft(&[&maps[..], &[rule(1, "goes"), rule(2, "drops"), rule(3, "unknown")]].concat());
        let uncounted: Vec<_> = firewall.uncounted.iter().map(String::as_str).collect();
        assert_eq!(uncounted, ["nft rule inet t c, handle 2", "nft rule inet t c, handle 3"]);
    }

    #[test]
    fn named_counters_count_once_and_only_if_they_count_nothing_else() {
        let named = r#"{"counter": {"family": "inet", "table": "t", "name": "refused", "packets": 9, "bytes": 1}}"#;
        let refusing = |handle| rule(handle, &format!(r#"{MATCH}, {{"counter": "refused"}}, {{"drop": null}}"#));
        let firewall = nft(&[named.to_owned(), refusing(1), refusing(2)]);
        assert_eq!(firewall, Firewall { refused: [(0, 9)].into(), uncounted: BTreeSet::new() });
        let accepting = rule(3, &format!(r#"{MATCH}, {{"counter": "refused"}}, {{"accept": null}}"#));
        let firewall = nft(&[named.to_owned(), refusing(1), accepting]);
        assert!(firewall.refused.is_empty());
        assert_eq!(firewall.uncounted.len(), 1);
    }

    #[test]
    fn every_rule_and_policy_of_iptables_counts() {
        let mut firewall = Firewall::default();
        firewall.add_iptables(
            "iptables-legacy",
            "*filter\n:INPUT ACCEPT [3:180]\n:FORWARD DROP [2:120]\n:mine - [0:0]\n\
             [5:300] -A INPUT -p tcp -j REJECT --reject-with icmp-port-unreachable\n\
             [7:420] -A INPUT -p udp -j DROP\n[9:540] -A INPUT -j ACCEPT\n-A INPUT -j DROP\nCOMMIT\n",
        );
        assert_eq!(firewall.refused, [(0, 14)].into());
        assert_eq!(firewall.uncounted, ["iptables-legacy: -A INPUT -j DROP".to_owned()].into());
    }
}
