//! Named queries: kept texts.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::groups::PRIMARY;
use super::keep::Key;
use super::shapes::page;
use super::{Athena, AthenaError, ListInput, Scope};
use crate::engine::DEFAULT_DATABASE;
use crate::insights::Sample;
use crate::questions::QUESTIONS;

const KIND: &str = "named";

/// A named query.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[allow(missing_docs, reason = "the members are those of AWS")]
pub struct NamedQuery {
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    pub database: String,
    pub query_string: String,
    pub named_query_id: String,
    pub work_group: String,
}

/// A named query to make.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[allow(missing_docs, reason = "the members are those of AWS")]
pub struct CreateNamedQueryInput {
    pub name: String,
    pub description: Option<String>,
    pub database: String,
    pub query_string: String,
    pub client_request_token: Option<String>,
    pub work_group: Option<String>,
}

/// A named query to change.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[allow(missing_docs, reason = "the members are those of AWS")]
pub struct UpdateNamedQueryInput {
    pub named_query_id: String,
    pub name: String,
    pub description: Option<String>,
    pub query_string: String,
}

/// Which.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[allow(missing_docs, reason = "the members are those of AWS")]
pub struct NamedQueryInput {
    pub named_query_id: String,
}

/// Which ones.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[allow(missing_docs, reason = "the members are those of AWS")]
pub struct BatchGetNamedInput {
    #[serde(default)]
    pub named_query_ids: Vec<String>,
}

/// One.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
#[allow(missing_docs, reason = "the members are those of AWS")]
pub struct NamedQueryOutput {
    pub named_query: NamedQuery,
}

/// Several, and ids of which there are none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
#[allow(missing_docs, reason = "the members are those of AWS")]
pub struct BatchGetNamedOutput {
    pub named_queries: Vec<NamedQuery>,
    pub unprocessed_named_query_ids: Vec<serde_json::Value>,
}

/// A page of ids.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
#[allow(missing_docs, reason = "the members are those of AWS")]
pub struct ListNamedQueriesOutput {
    pub named_query_ids: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_token: Option<String>,
}

/// A named query as it is kept.
#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    query: NamedQuery,
    token: Option<String>,
    /// For the order of lists.
    created: i64,
}

impl Athena {
    /// CreateNamedQuery. The same token gives the same query.
    ///
    /// # Errors
    /// When there is no such workgroup, or the token stood for another query.
    pub fn create_named_query(
        &self,
        scope: &Scope,
        input: &CreateNamedQueryInput,
        now: i64,
    ) -> Result<NamedQueryInput, AthenaError> {
        let group = self.group(scope, input.work_group.as_deref())?.name;
        if let Some(token) = &input.client_request_token {
            let known: Vec<Kept> = self.all(&scope.region, KIND, None)?;
            if let Some(known) = known.into_iter().find(|known| known.token.as_ref() == Some(token)) {
                let same = known.query.query_string == input.query_string && known.query.name == input.name;
                if same {
                    return Ok(NamedQueryInput { named_query_id: known.query.named_query_id });
                }
                return Err(AthenaError::invalid(
                    "IDEMPOTENT_PARAMETER_MISMATCH",
                    "Idempotent parameters do not match",
                ));
            }
        }
        let id = Uuid::new_v4().to_string();
        let query = NamedQuery {
            name: input.name.clone(),
            description: input.description.clone(),
            database: input.database.clone(),
            query_string: input.query_string.clone(),
            named_query_id: id.clone(),
            work_group: group,
        };
        self.put(
            Key::new(scope, KIND, "", &id),
            &Kept { query, token: input.client_request_token.clone(), created: now },
        )?;
        Ok(NamedQueryInput { named_query_id: id })
    }

    /// GetNamedQuery.
    ///
    /// # Errors
    /// When it is not there.
    pub fn get_named_query(&self, scope: &Scope, id: &str) -> Result<NamedQueryOutput, AthenaError> {
        if let Some(named_query) = question(id) {
            return Ok(NamedQueryOutput { named_query });
        }
        Ok(NamedQueryOutput { named_query: self.named(scope, id)?.query })
    }

    /// UpdateNamedQuery.
    ///
    /// # Errors
    /// When it is not there, or comes with Weir.
    pub fn update_named_query(&self, scope: &Scope, input: &UpdateNamedQueryInput) -> Result<(), AthenaError> {
        own(&input.named_query_id)?;
        let mut kept = self.named(scope, &input.named_query_id)?;
        kept.query.name.clone_from(&input.name);
        kept.query.query_string.clone_from(&input.query_string);
        kept.query.description = input.description.clone().or(kept.query.description);
        self.put(Key::new(scope, KIND, "", &input.named_query_id), &kept)
    }

    /// DeleteNamedQuery.
    ///
    /// # Errors
    /// When it is not there, or comes with Weir.
    pub fn delete_named_query(&self, scope: &Scope, id: &str) -> Result<(), AthenaError> {
        own(id)?;
        if self.remove(Key::new(scope, KIND, "", id))? { Ok(()) } else { Err(missing(id)) }
    }

    /// BatchGetNamedQuery.
    ///
    /// # Errors
    /// When the catalogue cannot be read.
    pub fn batch_get_named_query(
        &self,
        scope: &Scope,
        input: &BatchGetNamedInput,
    ) -> Result<BatchGetNamedOutput, AthenaError> {
        let (mut found, mut unknown) = (Vec::new(), Vec::new());
        for id in &input.named_query_ids {
            let kept = match question(id) {
                None => self.read::<Kept>(Key::new(scope, KIND, "", id))?.map(|kept| kept.query),
                question => question,
            };
            match kept {
                Some(query) => found.push(query),
                None => unknown.push(serde_json::json!({
                    "NamedQueryId": id, "ErrorCode": "INVALID_INPUT", "ErrorMessage": missing(id).to_string(),
                })),
            }
        }
        Ok(BatchGetNamedOutput { named_queries: found, unprocessed_named_query_ids: unknown })
    }

    /// ListNamedQueries of a workgroup, the latest first; behind those of the primary one what comes with Weir.
    ///
    /// # Errors
    /// When there is no such workgroup.
    pub fn list_named_queries(&self, scope: &Scope, input: &ListInput) -> Result<ListNamedQueriesOutput, AthenaError> {
        let group = self.group(scope, input.work_group.as_deref())?.name;
        let mut all: Vec<Kept> = self.all(&scope.region, KIND, None)?;
        all.retain(|kept| kept.query.work_group == group);
        all.sort_by_key(|kept| std::cmp::Reverse(kept.created));
        let own = all.into_iter().map(|kept| kept.query.named_query_id);
        let questions = QUESTIONS.iter().filter(|_| group == PRIMARY).map(id_of);
        let (named_query_ids, next_token) = page(own.chain(questions).collect(), input, 50)?;
        Ok(ListNamedQueriesOutput { named_query_ids, next_token })
    }

    fn named(&self, scope: &Scope, id: &str) -> Result<Kept, AthenaError> {
        self.read(Key::new(scope, KIND, "", id))?.ok_or_else(|| missing(id))
    }
}

fn id_of(question: &Sample) -> String {
    question.id("athena")
}

/// The question of this id that comes with Weir.
fn question(id: &str) -> Option<NamedQuery> {
    let question = QUESTIONS.iter().find(|question| id_of(question) == id)?;
    Some(NamedQuery {
        name: question.name.to_owned(),
        description: Some(question.title.to_owned()),
        database: DEFAULT_DATABASE.to_owned(),
        query_string: question.query.to_owned(),
        named_query_id: id.to_owned(),
        work_group: PRIMARY.to_owned(),
    })
}

/// Refuses the id of a question that comes with Weir.
fn own(id: &str) -> Result<(), AthenaError> {
    match question(id) {
        None => Ok(()),
        Some(question) => {
            Err(AthenaError::input(format!("NamedQuery {} comes with Weir and stays as it is", question.name)))
        }
    }
}

fn missing(id: &str) -> AthenaError {
    AthenaError::input(format!("NamedQuery {id} was not found"))
}
