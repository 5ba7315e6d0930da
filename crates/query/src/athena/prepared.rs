//! Prepared statements of a workgroup.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::keep::Key;
use super::shapes::page;
use super::{Athena, AthenaError, ListInput, Scope};
use crate::error::{Code, Error};

const KIND: &str = "prepared";

/// A prepared statement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[allow(missing_docs, reason = "the members are those of AWS")]
pub struct PreparedStatement {
    pub statement_name: String,
    pub query_statement: String,
    pub work_group_name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    pub last_modified_time: i64,
}

/// A prepared statement to make, change, get or delete.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[allow(missing_docs, reason = "the members are those of AWS")]
pub struct PreparedInput {
    pub statement_name: String,
    pub work_group: String,
    #[serde(default)]
    pub query_statement: String,
    pub description: Option<String>,
}

/// Names of prepared statements.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[allow(missing_docs, reason = "the members are those of AWS")]
pub struct BatchGetPreparedInput {
    #[serde(default)]
    pub prepared_statement_names: Vec<String>,
    pub work_group: String,
}

/// One.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
#[allow(missing_docs, reason = "the members are those of AWS")]
pub struct PreparedOutput {
    pub prepared_statement: PreparedStatement,
}

/// Several, and names of which there are none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
#[allow(missing_docs, reason = "the members are those of AWS")]
pub struct BatchGetPreparedOutput {
    pub prepared_statements: Vec<PreparedStatement>,
    pub unprocessed_prepared_statement_names: Vec<Value>,
}

/// A page of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
#[allow(missing_docs, reason = "the members are those of AWS")]
pub struct ListPreparedOutput {
    pub prepared_statements: Vec<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_token: Option<String>,
}

impl Athena {
    /// CreatePreparedStatement.
    ///
    /// # Errors
    /// When there is no such workgroup, or the statement is there.
    pub fn create_prepared_statement(&self, scope: &Scope, input: &PreparedInput, now: i64) -> Result<(), AthenaError> {
        let group = self.group(scope, Some(&input.work_group))?.name;
        let made = self.make(Key::new(scope, KIND, &group, &input.statement_name), &statement(input, &group, now))?;
        if made {
            return Ok(());
        }
        Err(AthenaError::input(format!(
            "Prepared Statement {} already exists in WorkGroup {group}",
            input.statement_name
        )))
    }

    /// UpdatePreparedStatement.
    ///
    /// # Errors
    /// When it is not there.
    pub fn update_prepared_statement(&self, scope: &Scope, input: &PreparedInput, now: i64) -> Result<(), AthenaError> {
        let before = self.get_prepared_statement(scope, input)?.prepared_statement;
        let mut statement = statement(input, &before.work_group_name, now);
        statement.description = statement.description.or(before.description);
        self.put(Key::new(scope, KIND, &before.work_group_name, &input.statement_name), &statement)
    }

    /// GetPreparedStatement.
    ///
    /// # Errors
    /// When it, or the workgroup, is not there.
    pub fn get_prepared_statement(&self, scope: &Scope, input: &PreparedInput) -> Result<PreparedOutput, AthenaError> {
        let group = self.group(scope, Some(&input.work_group))?.name;
        let found = self.read(Key::new(scope, KIND, &group, &input.statement_name))?;
        let prepared_statement = found.ok_or_else(|| missing(&input.statement_name, &group))?;
        Ok(PreparedOutput { prepared_statement })
    }

    /// DeletePreparedStatement.
    ///
    /// # Errors
    /// When it is not there.
    pub fn delete_prepared_statement(&self, scope: &Scope, input: &PreparedInput) -> Result<(), AthenaError> {
        let group = self.group(scope, Some(&input.work_group))?.name;
        let gone = self.remove(Key::new(scope, KIND, &group, &input.statement_name))?;
        if gone { Ok(()) } else { Err(missing(&input.statement_name, &group)) }
    }

    /// BatchGetPreparedStatement.
    ///
    /// # Errors
    /// When the workgroup is not there.
    pub fn batch_get_prepared_statement(
        &self,
        scope: &Scope,
        input: &BatchGetPreparedInput,
    ) -> Result<BatchGetPreparedOutput, AthenaError> {
        let group = self.group(scope, Some(&input.work_group))?.name;
        let (mut found, mut unknown) = (Vec::new(), Vec::new());
        for name in &input.prepared_statement_names {
            match self.read(Key::new(scope, KIND, &group, name))? {
                Some(statement) => found.push(statement),
                None => unknown.push(json!({
                    "StatementName": name,
                    "ErrorCode": "STATEMENT_NOT_FOUND",
                    "ErrorMessage": missing(name, &group).to_string(),
                })),
            }
        }
        Ok(BatchGetPreparedOutput { prepared_statements: found, unprocessed_prepared_statement_names: unknown })
    }

    /// ListPreparedStatements.
    ///
    /// # Errors
    /// When there is no such workgroup.
    pub fn list_prepared_statements(
        &self,
        scope: &Scope,
        input: &ListInput,
    ) -> Result<ListPreparedOutput, AthenaError> {
        let group = self.group(scope, input.work_group.as_deref())?.name;
        let all: Vec<PreparedStatement> = self.all(&scope.region, KIND, Some(&group))?;
        let (page, next_token) = page(all, input, 50)?;
        let summary = |one: PreparedStatement| json!({ "StatementName": one.statement_name, "LastModifiedTime": one.last_modified_time });
        Ok(ListPreparedOutput { prepared_statements: page.into_iter().map(summary).collect(), next_token })
    }

    /// PREPARE.
    pub(super) fn prepare(&self, region: &str, group: &str, name: &str, query: &str, now: i64) -> Result<(), Error> {
        self.engine.kind_of(query)?;
        let statement = PreparedStatement {
            statement_name: name.to_owned(),
            query_statement: query.to_owned(),
            work_group_name: group.to_owned(),
            description: None,
            last_modified_time: now,
        };
        let made =
            self.make(Key { region, kind: KIND, scope: group, name }, &statement).map_err(|error| kept(&error))?;
        if made {
            return Ok(());
        }
        let message = format!("Prepared Statement {name} already exists in WorkGroup {group}");
        Err(Error::new(Code::InvalidParameterUsage, message))
    }

    /// DEALLOCATE PREPARE.
    pub(super) fn deallocate(&self, region: &str, group: &str, name: &str) -> Result<(), Error> {
        let gone = self.remove(Key { region, kind: KIND, scope: group, name }).map_err(|error| kept(&error))?;
        if gone { Ok(()) } else { Err(Error::new(Code::InvalidParameterUsage, missing(name, group).to_string())) }
    }

    /// The query of a prepared statement.
    pub(super) fn prepared_query(&self, region: &str, group: &str, name: &str) -> Result<String, Error> {
        let all: Vec<PreparedStatement> = self.all(region, KIND, Some(group)).map_err(|error| kept(&error))?;
        // In SQL a name has no case.
        let found = all.into_iter().find(|statement| statement.statement_name.eq_ignore_ascii_case(name));
        let found = found.map(|statement| statement.query_statement);
        found.ok_or_else(|| Error::new(Code::InvalidParameterUsage, missing(name, group).to_string()))
    }
}

fn kept(error: &AthenaError) -> Error {
    Error::new(Code::Catalogue, error.to_string())
}

fn statement(input: &PreparedInput, group: &str, now: i64) -> PreparedStatement {
    PreparedStatement {
        statement_name: input.statement_name.clone(),
        query_statement: input.query_statement.clone(),
        work_group_name: group.to_owned(),
        description: input.description.clone(),
        last_modified_time: now,
    }
}

fn missing(name: &str, group: &str) -> AthenaError {
    let message = format!("Prepared Statement {name} not found in WorkGroup {group}");
    AthenaError::NotFound { message, resource: name.to_owned() }
}
