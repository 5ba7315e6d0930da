//! Proposals as a table for people and as JSON.

use std::fmt::Write as _;

use serde_json::{Value, json};
use weir_network::{Direction, Over, Proposal, ProposedRule, Tally};

/// Refused flows that are named of each rule.
const NAMED: usize = 5;

/// The proposal as text.
pub(super) fn text(proposal: &Proposal) -> String {
    let mut text = String::new();
    let mut rows = vec![HEADING.map(str::to_owned)];
    rows.extend(proposal.rules.iter().map(row));
    write_rows(&mut text, &rows);
    for rule in &proposal.rules {
        newly_admitted(&mut text, rule);
    }
    if !proposal.now_refused.is_empty() {
        text.push_str("\nAccepted until now, and refused by these rules:\n");
        let refused = proposal.now_refused.iter().map(|refused| {
            let service = refused.service.to_string();
            let direction = refused.direction.as_str().to_owned();
            let addresses = format!("{} addresses", refused.addresses);
            [direction, service, addresses, format!("{} records", refused.tally.records), refused.why.to_owned()]
        });
        write_rows(&mut text, &refused.collect::<Vec<_>>());
    }
    for over in &proposal.over {
        let _ = writeln!(text, "\n{}", over_text(over));
    }
    text
}

const HEADING: [&str; 9] = [
    "direction",
    "service",
    "far side",
    "addresses",
    "connections",
    "packets",
    "bytes",
    "newly admitted",
    "most traffic",
];

fn row(rule: &ProposedRule) -> [String; 9] {
    let mut new = Vec::new();
    if rule.new_addresses > 0 {
        new.push(format!("{} addresses", rule.new_addresses));
    }
    if rule.new_ports > 0 {
        new.push(format!("{} ports", rule.new_ports));
    }
    if !rule.newly_admitted.is_empty() {
        new.push(format!("{} refused flows", rule.newly_admitted.len()));
    }
    [
        rule.direction.as_str().to_owned(),
        rule.rule.service.to_string(),
        rule.rule.peer.to_string(),
        rule.addresses.to_string(),
        rule.connections.to_string(),
        rule.tally.packets.to_string(),
        rule.tally.bytes.to_string(),
        if new.is_empty() { "nothing".to_owned() } else { new.join(", ") },
        rule.examples.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "),
    ]
}

fn write_rows<const N: usize>(text: &mut String, rows: &[[String; N]]) {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    for row in rows {
        let cells = row.iter().enumerate().map(|(column, cell)| format!("{cell:0$}", width(column)));
        let line = cells.collect::<Vec<_>>().join("  ");
        let _ = writeln!(text, "{}", line.trim_end());
    }
}

/// The flows that only were refused so far and that a rule would let in.
fn newly_admitted(text: &mut String, rule: &ProposedRule) {
    if rule.newly_admitted.is_empty() {
        return;
    }
    let _ = writeln!(text, "\n{} {} newly admits what was refused:", rule.rule.service, rule.rule.peer);
    for refused in rule.newly_admitted.iter().take(NAMED) {
        let _ = writeln!(text, "  {} {}, {} records", refused.service, refused.far, refused.records);
    }
    if rule.newly_admitted.len() > NAMED {
        let _ = writeln!(text, "  and {} more", rule.newly_admitted.len() - NAMED);
    }
}

fn over_text(over: &Over) -> String {
    let found = format!("{} {} rules are more than were aimed at", over.rules, over.direction.as_str());
    match over.next {
        Some(next) => format!(
            "{found}: the next merge would newly admit {} addresses and {} refused flows; allow it with --new-addresses and \
             --refused, or --open-at",
            next.new_addresses, next.refused
        ),
        None => format!("{found}: nothing is left to merge but ports, with --port-gap"),
    }
}

/// All of the proposal.
pub(super) fn json(proposal: &Proposal) -> Value {
    let tally = |tally: &Tally| json!({ "records": tally.records, "packets": tally.packets, "bytes": tally.bytes });
    let rule = |rule: &ProposedRule| {
        json!({
            "direction": rule.direction.as_str(),
            "service": rule.rule.service.to_string(),
            "far_side": rule.rule.peer.to_string(),
            "line": rule.rule.line(rule.direction),
            "addresses": rule.addresses,
            "connections": rule.connections,
            "sent": tally(&rule.tally),
            "most_traffic": rule.examples,
            // As text: there can be more than a number of JSON holds.
            "new_addresses": rule.new_addresses.to_string(),
            "new_ports": rule.new_ports,
            "newly_admitted": rule.newly_admitted.iter().map(|refused| {
                json!({ "service": refused.service.to_string(), "far": refused.far, "records": refused.records })
            }).collect::<Vec<_>>(),
        })
    };
    json!({
        "connections": proposal.connections,
        "rules": proposal.rules.iter().map(rule).collect::<Vec<_>>(),
        "now_refused": proposal.now_refused.iter().map(|refused| json!({
            "direction": refused.direction.as_str(),
            "service": refused.service.to_string(),
            "addresses": refused.addresses,
            "sent": tally(&refused.tally),
            "why": refused.why,
        })).collect::<Vec<_>>(),
        "over": proposal.over.iter().map(over_text).collect::<Vec<_>>(),
        "ip_permissions": {
            "ingress": proposal.ip_permissions(Direction::Ingress),
            "egress": proposal.ip_permissions(Direction::Egress),
        },
    })
}
