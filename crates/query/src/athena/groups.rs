//! Workgroups: where results go, and how much a query may read.

use rusqlite::params;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::execution::Kept;
use super::keep::Key;
use super::shapes::page;
use super::{Athena, AthenaError, EngineVersion, ListInput, Scope, Tag, start};

const KIND: &str = "work_group";

/// The workgroup that is there from the start.
pub(super) const PRIMARY: &str = "primary";

/// A workgroup.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[allow(missing_docs, reason = "the members are those of AWS")]
pub struct WorkGroup {
    pub name: String,
    /// `ENABLED` or `DISABLED`.
    pub state: String,
    pub configuration: Value,
    #[serde(default)]
    pub description: String,
    pub creation_time: i64,
}

/// A workgroup in a list.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
#[allow(missing_docs, reason = "the members are those of AWS")]
pub struct WorkGroupSummary {
    pub name: String,
    pub state: String,
    pub description: String,
    pub creation_time: i64,
    pub engine_version: EngineVersion,
}

/// A workgroup to make.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[allow(missing_docs, reason = "the members are those of AWS")]
pub struct CreateWorkGroupInput {
    pub name: String,
    pub configuration: Option<Map<String, Value>>,
    pub description: Option<String>,
    #[serde(default)]
    pub tags: Vec<Tag>,
}

/// A workgroup to change.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[allow(missing_docs, reason = "the members are those of AWS")]
pub struct UpdateWorkGroupInput {
    pub work_group: String,
    pub description: Option<String>,
    pub configuration_updates: Option<Map<String, Value>>,
    pub state: Option<String>,
}

/// Which.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[allow(missing_docs, reason = "the members are those of AWS")]
pub struct WorkGroupInput {
    pub work_group: String,
    #[serde(default)]
    pub recursive_delete_option: bool,
}

/// One.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
#[allow(missing_docs, reason = "the members are those of AWS")]
pub struct GetWorkGroupOutput {
    pub work_group: WorkGroup,
}

/// A page of them.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
#[allow(missing_docs, reason = "the members are those of AWS")]
pub struct ListWorkGroupsOutput {
    pub work_groups: Vec<WorkGroupSummary>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_token: Option<String>,
}

impl Athena {
    /// CreateWorkGroup.
    ///
    /// # Errors
    /// When it is there, or its configuration is none.
    pub fn create_work_group(&self, scope: &Scope, input: &CreateWorkGroupInput, now: i64) -> Result<(), AthenaError> {
        check_name(&input.name)?;
        let mut configuration = defaults(true);
        configuration.extend(input.configuration.clone().unwrap_or_default());
        let group = WorkGroup {
            name: input.name.clone(),
            state: "ENABLED".to_owned(),
            configuration: checked(configuration)?,
            description: input.description.clone().unwrap_or_default(),
            creation_time: now,
        };
        if input.name == PRIMARY || !self.make(Key::new(scope, KIND, "", &input.name), &group)? {
            return Err(AthenaError::input("WorkGroup is already created"));
        }
        self.set_tags(scope, &arn(scope, &input.name), &input.tags)
    }

    /// GetWorkGroup.
    ///
    /// # Errors
    /// When it is not there.
    pub fn get_work_group(&self, scope: &Scope, name: &str) -> Result<GetWorkGroupOutput, AthenaError> {
        Ok(GetWorkGroupOutput { work_group: self.group(scope, Some(name))? })
    }

    /// ListWorkGroups, by name.
    ///
    /// # Errors
    /// When the token is none.
    pub fn list_work_groups(&self, scope: &Scope, input: &ListInput) -> Result<ListWorkGroupsOutput, AthenaError> {
        let mut groups: Vec<WorkGroup> = self.all(&scope.region, KIND, None)?;
        if !groups.iter().any(|group| group.name == PRIMARY) {
            groups.push(primary());
            groups.sort_by(|one, other| one.name.cmp(&other.name));
        }
        let (groups, next_token) = page(groups, input, 50)?;
        let summary = |group: WorkGroup| WorkGroupSummary {
            name: group.name,
            state: group.state,
            description: group.description,
            creation_time: group.creation_time,
            engine_version: EngineVersion::default(),
        };
        Ok(ListWorkGroupsOutput { work_groups: groups.into_iter().map(summary).collect(), next_token })
    }

    /// UpdateWorkGroup.
    ///
    /// # Errors
    /// When it is not there, or the new configuration is none.
    pub fn update_work_group(&self, scope: &Scope, input: &UpdateWorkGroupInput) -> Result<(), AthenaError> {
        let mut group = self.group(scope, Some(&input.work_group))?;
        if let Some(state) = &input.state {
            group.state.clone_from(state);
        }
        if let Some(description) = &input.description {
            group.description.clone_from(description);
        }
        if let Some(updates) = &input.configuration_updates {
            let before = group.configuration.as_object().cloned().unwrap_or_default();
            group.configuration = checked(updated(before, updates))?;
        }
        self.put(Key::new(scope, KIND, "", &group.name), &group)
    }

    /// DeleteWorkGroup, with its named queries and prepared statements if the caller says so.
    ///
    /// # Errors
    /// When it is not there, is `primary`, or holds something.
    pub fn delete_work_group(&self, scope: &Scope, input: &WorkGroupInput) -> Result<(), AthenaError> {
        let name = self.group(scope, Some(&input.work_group))?.name;
        if name == PRIMARY {
            return Err(AthenaError::input("The primary WorkGroup cannot be deleted."));
        }
        let of_group = ListInput { work_group: Some(name.clone()), ..ListInput::default() };
        let named = self.list_named_queries(scope, &of_group)?.named_query_ids;
        let prepared = self.list_prepared_statements(scope, &of_group)?.prepared_statements;
        let is_empty = named.is_empty() && prepared.is_empty();
        if !(input.recursive_delete_option || is_empty) {
            return Err(AthenaError::input(format!("WorkGroup {name} is not empty")));
        }
        self.catalogue.change(|transaction| {
            let sql = "DELETE FROM athena_document WHERE region = ?1 AND (scope = ?2 OR (kind = ?3 AND name = ?2) \
                OR (kind = 'named' AND json_extract(document, '$.query.WorkGroup') = ?2))";
            transaction.execute(sql, params![scope.region, name, KIND])?;
            transaction.execute(
                "DELETE FROM athena_execution WHERE region = ?1 AND work_group = ?2 AND ended = 1",
                params![scope.region, name],
            )?;
            Ok::<_, AthenaError>(())
        })?;
        self.set_tags(scope, &arn(scope, &name), &[])
    }

    /// A workgroup; `primary` if none is named.
    pub(super) fn group(&self, scope: &Scope, name: Option<&str>) -> Result<WorkGroup, AthenaError> {
        let name = name.unwrap_or(PRIMARY);
        match self.read(Key::new(scope, KIND, "", name))? {
            Some(group) => Ok(group),
            None if name == PRIMARY => Ok(primary()),
            None => Err(AthenaError::input("WorkGroup is not found.")),
        }
    }

    /// A workgroup that takes queries.
    pub(super) fn running_group(&self, scope: &Scope, name: Option<&str>) -> Result<WorkGroup, AthenaError> {
        let group = self.group(scope, name)?;
        if group.state == "DISABLED" {
            return Err(AthenaError::input(format!("WorkGroup {} is disabled.", group.name)));
        }
        Ok(group)
    }

    /// How many bytes a query of this workgroup may read.
    pub(super) fn cutoff(&self, kept: &Kept) -> Result<Option<u64>, AthenaError> {
        let region = self.region_of(kept)?;
        let scope = Scope { account: String::new(), region };
        let group = self.group(&scope, Some(&kept.execution.work_group))?;
        Ok(group.configuration["BytesScannedCutoffPerQuery"].as_u64())
    }
}

/// The ARN of a workgroup.
fn arn(scope: &Scope, name: &str) -> String {
    format!("arn:aws:athena:{}:{}:workgroup/{name}", scope.region, scope.account)
}

fn primary() -> WorkGroup {
    WorkGroup {
        name: PRIMARY.to_owned(),
        state: "ENABLED".to_owned(),
        configuration: Value::Object(defaults(false)),
        description: String::new(),
        creation_time: 0,
    }
}

fn defaults(is_made: bool) -> Map<String, Value> {
    let all = json!({
        "ResultConfiguration": {},
        "EnforceWorkGroupConfiguration": is_made,
        "PublishCloudWatchMetricsEnabled": false,
        "RequesterPaysEnabled": false,
        "EnableMinimumEncryptionConfiguration": false,
        "EngineVersion": EngineVersion::default(),
    });
    all.as_object().cloned().unwrap_or_default()
}

fn check_name(name: &str) -> Result<(), AthenaError> {
    let fits = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    if !name.is_empty() && name.len() <= 128 && name.chars().all(fits) {
        return Ok(());
    }
    let message = format!(
        "1 validation error detected: Value '{name}' at 'name' failed to satisfy constraint: \
         Member must satisfy regular expression pattern: [a-zA-Z0-9._-]{{1,128}}"
    );
    Err(AthenaError::input(message))
}

/// The least limit of bytes that a workgroup may have.
const LEAST_CUTOFF: i64 = 10_000_000;

fn checked(mut configuration: Map<String, Value>) -> Result<Value, AthenaError> {
    if let Some(location) =
        configuration.get("ResultConfiguration").and_then(|result| result["OutputLocation"].as_str())
    {
        start::check_location(location)?;
    }
    if let Some(cutoff) =
        configuration.get("BytesScannedCutoffPerQuery").and_then(Value::as_i64).filter(|cutoff| *cutoff < LEAST_CUTOFF)
    {
        let message = format!(
            "1 validation error detected: Value '{cutoff}' at 'configuration.bytesScannedCutoffPerQuery' failed to \
             satisfy constraint: Member must have value greater than or equal to {LEAST_CUTOFF}"
        );
        return Err(AthenaError::input(message));
    }
    let version = json!(EngineVersion::default());
    let selected = configuration.get("EngineVersion").and_then(|version| version["SelectedEngineVersion"].as_str());
    let selected = selected.map(str::to_owned);
    let mut version = version;
    if let Some(selected) = selected {
        version["SelectedEngineVersion"] = selected.into();
    }
    configuration.insert("EngineVersion".to_owned(), version);
    Ok(Value::Object(configuration))
}

/// The configuration with `ConfigurationUpdates`: `RemoveX` takes X away.
fn updated(mut before: Map<String, Value>, updates: &Map<String, Value>) -> Map<String, Value> {
    for (member, value) in updates {
        match member.strip_prefix("Remove") {
            Some(removed) if *value == json!(true) => {
                before.remove(removed);
            }
            Some(_) => {}
            None => match (member.strip_suffix("Updates"), value.as_object()) {
                (Some(inner), Some(changes)) => {
                    let known = before.remove(inner).and_then(|known| known.as_object().cloned()).unwrap_or_default();
                    before.insert(inner.to_owned(), Value::Object(updated(known, changes)));
                }
                _ => {
                    before.insert(member.clone(), value.clone());
                }
            },
        }
    }
    before
}
