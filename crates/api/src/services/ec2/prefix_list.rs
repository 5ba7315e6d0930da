//! Managed prefix lists.

pub(super) mod managed;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    Ec2,
    kind::{Kind, PREFIX_LIST, invalid, required},
    life,
    query::{self, Describe, Described, FilterPath},
    state::State,
    tags::TagSpecification,
};
use crate::{ApiError, Call};

/// Ranges under one name.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PrefixList {
    pub(super) prefix_list_id: String,
    prefix_list_arn: String,
    pub(super) prefix_list_name: String,
    owner_id: String,
    address_family: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    max_entries: Option<usize>,
    state: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    state_message: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    version: Option<u64>,
    pub(super) private: Inner,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Inner {
    pub(super) entries: Vec<Entry>,
}

/// One range.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Entry {
    #[serde(alias = "Cidr")]
    pub(super) cidr: IpNet,
    #[serde(alias = "Description", default)]
    description: Option<String>,
}

impl Described for PrefixList {
    const KIND: &'static Kind = &PREFIX_LIST;
    const SET: &'static str = "prefixListSet";
    const FILTERS: &'static [FilterPath] =
        &[("prefix-list-id", "prefixListId"), ("prefix-list-name", "prefixListName"), ("owner-id", "ownerId")];
    const ALWAYS_TAGS: bool = true;
    const FEWEST: i64 = 1;

    fn id(&self) -> &str {
        &self.prefix_list_id
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct CreateInput {
    prefix_list_name: Option<String>,
    address_family: Option<String>,
    max_entries: Option<usize>,
    entry: Vec<EntryInput>,
    tag_specification: Vec<TagSpecification>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct ModifyInput {
    prefix_list_id: Option<String>,
    prefix_list_name: Option<String>,
    max_entries: Option<usize>,
    current_version: Option<u64>,
    add_entry: Vec<EntryInput>,
    remove_entry: Vec<EntryInput>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct EntryInput {
    cidr: String,
    description: Option<String>,
}

impl EntryInput {
    fn read(&self, family: &str) -> Result<Entry, ApiError> {
        let cidr: Option<IpNet> = self.cidr.parse().ok().map(|cidr: IpNet| cidr.trunc());
        let is_right = |cidr: &IpNet| cidr.addr().is_ipv6() == (family == "IPv6");
        let cidr =
            cidr.filter(is_right).ok_or_else(|| invalid(format!("{} is no CIDR block of {family}", self.cidr)))?;
        Ok(Entry { cidr, description: self.description.clone() })
    }
}

pub(super) fn create(ec2: &Ec2, call: &Call, input: &CreateInput) -> Result<Value, ApiError> {
    let name = required(input.prefix_list_name.as_deref(), "PrefixListName")?;
    let family = required(input.address_family.as_deref(), "AddressFamily")?;
    let most = *required(input.max_entries.as_ref(), "MaxEntries")?;
    if !["IPv4", "IPv6"].contains(&family) {
        return Err(super::kind::bad_value(family, "AddressFamily", "Valid values are: IPv4, IPv6."));
    }
    if name.starts_with("com.amazonaws") {
        return Err(invalid("The name of a prefix list cannot start with com.amazonaws"));
    }
    let entries: Vec<Entry> = input.entry.iter().map(|entry| entry.read(family)).collect::<Result<_, _>>()?;
    check_count(entries.len(), most)?;
    life::create::<PrefixList>(ec2, call, "prefixList", &input.tag_specification, |state, place| {
        let id = PREFIX_LIST.new_id();
        let list = PrefixList {
            prefix_list_arn: place.arn(&format!("prefix-list/{id}")),
            prefix_list_id: id.clone(),
            prefix_list_name: name.to_owned(),
            owner_id: place.account.clone(),
            address_family: family.to_owned(),
            max_entries: Some(most),
            state: "create-complete".to_owned(),
            state_message: None,
            version: Some(1),
            private: Inner { entries },
        };
        state.prefix_lists.insert(&id, list);
        Ok(id)
    })
}

fn shown(state: &State, id: &str) -> Result<Value, ApiError> {
    Ok(query::show(state.prefix_lists.find(id)?, state))
}

fn check_count(count: usize, most: usize) -> Result<(), ApiError> {
    if count <= most {
        return Ok(());
    }
    let text = format!("The prefix list has {count} entries and may have {most}.");
    Err(ApiError::new("PrefixListMaxEntriesExceeded", text))
}

pub(super) fn modify(ec2: &Ec2, call: &Call, input: &ModifyInput) -> Result<Value, ApiError> {
    let id = required(input.prefix_list_id.as_deref(), "PrefixListId")?;
    ec2.change(call, |state| {
        let list = state.prefix_lists.find_mut(id)?;
        list.check_own()?;
        if input.current_version.is_some_and(|version| Some(version) != list.version) {
            let text = "The prefix list has the incorrect version number";
            return Err(ApiError::new("PrefixListVersionMismatch", text));
        }
        for entry in &input.remove_entry {
            let gone = entry.read(&list.address_family)?;
            list.private.entries.retain(|entry| entry.cidr != gone.cidr);
        }
        for entry in &input.add_entry {
            let entry = entry.read(&list.address_family)?;
            list.private.entries.retain(|other| other.cidr != entry.cidr);
            list.private.entries.push(entry);
        }
        list.max_entries = input.max_entries.or(list.max_entries);
        check_count(list.private.entries.len(), list.max_entries.unwrap_or_default())?;
        if !input.add_entry.is_empty() || !input.remove_entry.is_empty() {
            list.version = list.version.map(|version| version + 1);
        }
        if let Some(name) = &input.prefix_list_name {
            list.prefix_list_name.clone_from(name);
        }
        "modify-complete".clone_into(&mut list.state);
        Ok(json!({ "prefixList": shown(state, id)? }))
    })
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct ListInput {
    prefix_list_id: Option<String>,
    max_results: Option<i64>,
    next_token: Option<String>,
}

/// The answer is the same whether it succeeds: what is referred to stays, and says so from then on.
pub(super) fn delete(ec2: &Ec2, call: &Call, input: &ListInput) -> Result<Value, ApiError> {
    let id = required(input.prefix_list_id.as_deref(), "PrefixListId")?;
    ec2.change(call, |state| {
        state.prefix_lists.find(id)?.check_own()?;
        let mut list = shown(state, id)?;
        if state.rules.iter().any(|rule| rule.refers_to_list(id)) {
            let list = state.prefix_lists.find_mut(id)?;
            "delete-failed".clone_into(&mut list.state);
            list.state_message = Some("A security group refers to the prefix list.".to_owned());
        } else {
            state.remove::<PrefixList>(id);
        }
        list["state"] = json!("delete-in-progress");
        Ok(json!({ "prefixList": list }))
    })
}

pub(super) fn entries(ec2: &Ec2, call: &Call, input: &ListInput) -> Result<Value, ApiError> {
    let id = required(input.prefix_list_id.as_deref(), "PrefixListId")?;
    let state = ec2.state(call)?;
    let list = state.prefix_lists.find(id)?;
    let rows = list.private.entries.iter().map(|entry| json!(entry)).collect();
    let ask = Describe { max_results: input.max_results, next_token: input.next_token.clone(), ..Describe::default() };
    let (rows, next_token) = query::paged(rows, &ask, 1)?;
    Ok(json!({ "entrySet": rows, "nextToken": next_token }))
}
