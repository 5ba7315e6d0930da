//! Which fields events have: those of flow log records by the names that Logs Insights gives them, and those of JSON.

use std::{collections::BTreeMap, sync::LazyLock};

use serde_json::Value as Json;
use weir_record::Field;
use weir_store::logs::Events;

/// Names that do not follow from the field's own (spec: discovered fields of `amazon_vpc.flow`).
const OWN_NAMES: [(Field, &str); 8] = [
    (Field::SrcAddr, "srcAddr"),
    (Field::DstAddr, "dstAddr"),
    (Field::SrcPort, "srcPort"),
    (Field::DstPort, "dstPort"),
    (Field::Start, "startTime"),
    (Field::End, "endTime"),
    (Field::PktSrcAddr, "pktSrcAddr"),
    (Field::PktDstAddr, "pktDstAddr"),
];

static NAMES: LazyLock<BTreeMap<Field, String>> = LazyLock::new(|| {
    let name = |field: Field| {
        let own = OWN_NAMES.iter().find(|(known, _)| *known == field).map(|(_, name)| (*name).to_owned());
        own.unwrap_or_else(|| camel_case(field.name()))
    };
    Field::ALL.iter().map(|field| (*field, name(*field))).collect()
});

/// `log-status` as `logStatus`.
fn camel_case(name: &str) -> String {
    let mut words = name.split('-');
    let mut out = words.next().unwrap_or_default().to_owned();
    for word in words {
        let mut chars = word.chars();
        out.extend(chars.next().map(|first| first.to_ascii_uppercase()));
        out.push_str(chars.as_str());
    }
    out
}

/// The name of a field of records, as queries write it.
pub(super) fn name_of(field: Field) -> &'static str {
    NAMES.get(&field).map_or("", String::as_str)
}

/// The field of records that a query means.
pub(in crate::insights) fn record_field(name: &str) -> Option<Field> {
    NAMES.iter().find(|(_, known)| *known == name).map(|(field, _)| *field)
}

/// As many keys of a JSON message become fields.
const MOST_KEYS: usize = 200;

/// Counts in how many of these events each field is, apart from those that every event has.
pub(in crate::insights) fn discovered(events: &Events, counts: &mut BTreeMap<String, u64>) {
    let others = events.other_messages();
    let records = others.iter().filter(Option::is_none).count() as u64;
    if records > 0 {
        for field in events.format().into_iter().flat_map(|format| format.fields()) {
            *counts.entry(name_of(*field).to_owned()).or_default() += records;
        }
    }
    for text in others.iter().flatten().filter(|text| text.trim_ascii_start().starts_with('{')) {
        let Ok(Json::Object(members)) = serde_json::from_str(text) else { continue };
        let mut keys = Vec::new();
        flatten("", &Json::Object(members), &mut keys);
        for key in keys {
            *counts.entry(key).or_default() += 1;
        }
    }
}

/// The paths of the values in a JSON text.
fn flatten(prefix: &str, value: &Json, keys: &mut Vec<String>) {
    let below = |name: &str| if prefix.is_empty() { name.to_owned() } else { format!("{prefix}.{name}") };
    match value {
        _ if keys.len() >= MOST_KEYS => {}
        Json::Object(members) => members.iter().for_each(|(name, member)| flatten(&below(name), member, keys)),
        Json::Array(items) => {
            (0_usize..).zip(items).for_each(|(place, item)| flatten(&below(&place.to_string()), item, keys));
        }
        Json::Null => {}
        _ => keys.push(prefix.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_have_the_names_of_the_guide() {
        for (field, name) in [
            (Field::Version, "version"),
            (Field::AccountId, "accountId"),
            (Field::InterfaceId, "interfaceId"),
            (Field::SrcAddr, "srcAddr"),
            (Field::DstPort, "dstPort"),
            (Field::Start, "startTime"),
            (Field::LogStatus, "logStatus"),
            (Field::TcpFlags, "tcpFlags"),
            (Field::FlowDirection, "flowDirection"),
            (Field::PktSrcAwsService, "pktSrcAwsService"),
        ] {
            assert_eq!(name_of(field), name);
            assert_eq!(record_field(name), Some(field));
        }
        assert_eq!(record_field("start"), None);
    }
}
