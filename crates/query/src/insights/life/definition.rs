//! Saved queries.

use super::{
    DeleteQueryDefinitionInput, DescribeQueryDefinitionsInput, DescribeQueryDefinitionsOutput, LANGUAGE,
    PutQueryDefinitionInput, PutQueryDefinitionOutput, Queries, QueryDefinition, SuccessOutput, bounded, place,
    refused, table,
};
use crate::insights::{InsightsError, Query, SAMPLES, Sample};

const LONGEST_NAME: usize = 255;

impl Queries {
    /// `PutQueryDefinition`: saves a query, or changes a saved one.
    ///
    /// # Errors
    /// The query is none, the name is too long, there is no such definition, and those of the disk.
    pub fn put_query_definition(
        &self,
        input: &PutQueryDefinitionInput,
        now: i64,
    ) -> Result<PutQueryDefinitionOutput, InsightsError> {
        if input.name.is_empty() {
            return Err(refused("name", "", "Member must have length greater than or equal to 1"));
        }
        if input.name.chars().count() > LONGEST_NAME {
            let constraint = format!("Member must have length less than or equal to {LONGEST_NAME}");
            return Err(refused("name", &input.name, &constraint));
        }
        if let Some(language) = input.query_language.as_deref().filter(|language| *language != LANGUAGE) {
            let message = format!("queryLanguage {language} is not supported here: use {LANGUAGE}");
            return Err(InsightsError::InvalidParameter(message));
        }
        Query::parse(&input.query_string)?;
        input.query_definition_id.as_deref().map_or(Ok(()), own)?;
        let new = || uuid::Uuid::new_v4().to_string();
        let definition = QueryDefinition {
            query_language: LANGUAGE.to_owned(),
            query_definition_id: input.query_definition_id.clone().unwrap_or_else(new),
            name: input.name.clone(),
            query_string: input.query_string.clone(),
            last_modified: now,
            log_group_names: input.log_group_names.clone().unwrap_or_default(),
        };
        let is_new = input.query_definition_id.is_none();
        let put =
            self.shared.catalogue.change(|transaction| table::put_definition(transaction, &definition, is_new))?;
        let query_definition_id = definition.query_definition_id;
        if put {
            Ok(PutQueryDefinitionOutput { query_definition_id })
        } else {
            Err(no_definition(&query_definition_id))
        }
    }

    /// `DescribeQueryDefinitions`: the saved queries by name, and those that come with Weir, in a folder of their own.
    ///
    /// # Errors
    /// The page makes no sense, and those of the disk.
    pub fn describe_query_definitions(
        &self,
        input: &DescribeQueryDefinitionsInput,
    ) -> Result<DescribeQueryDefinitionsOutput, InsightsError> {
        let most = bounded("maxResults", input.max_results, 1000)?;
        let from = place(input.next_token.as_deref())?;
        let prefix = input.query_definition_name_prefix.as_deref().unwrap_or_default();
        if input.query_language.as_deref().is_some_and(|language| language != LANGUAGE) {
            return Ok(DescribeQueryDefinitionsOutput::default());
        }
        let mut all = self.shared.catalogue.change(table::definitions)?;
        all.extend(SAMPLES.iter().map(definition));
        all.sort_by(|a, b| a.name.cmp(&b.name));
        all.retain(|definition| definition.name.starts_with(prefix));
        let end = from.saturating_add(most);
        let next_token = (end < all.len()).then(|| end.to_string());
        let query_definitions = all.into_iter().skip(from).take(most).collect();
        Ok(DescribeQueryDefinitionsOutput { query_definitions, next_token })
    }

    /// `DeleteQueryDefinition`.
    ///
    /// # Errors
    /// There is no such definition, and those of the disk.
    pub fn delete_query_definition(&self, input: &DeleteQueryDefinitionInput) -> Result<SuccessOutput, InsightsError> {
        let id = &input.query_definition_id;
        own(id)?;
        let deleted = self.shared.catalogue.change(|transaction| table::delete_definition(transaction, id))?;
        if deleted { Ok(SuccessOutput { success: true }) } else { Err(no_definition(id)) }
    }
}

/// The folder of the queries that come with Weir.
const FOLDER: &str = "Weir";

/// A query that comes with Weir.
fn definition(sample: &Sample) -> QueryDefinition {
    QueryDefinition {
        query_language: LANGUAGE.to_owned(),
        query_definition_id: id_of(sample),
        name: format!("{FOLDER}/{}", sample.title),
        query_string: sample.query.to_owned(),
        last_modified: 0,
        log_group_names: Vec::new(),
    }
}

fn id_of(sample: &Sample) -> String {
    sample.id("insights")
}

/// Refuses the id of a query that comes with Weir.
fn own(id: &str) -> Result<(), InsightsError> {
    match SAMPLES.iter().find(|sample| id_of(sample) == id) {
        None => Ok(()),
        Some(sample) => {
            let message = format!("The query definition {FOLDER}/{} comes with Weir and stays as it is", sample.title);
            Err(InsightsError::InvalidParameter(message))
        }
    }
}

fn no_definition(id: &str) -> InsightsError {
    InsightsError::NotFound(format!("The query definition {id} does not exist"))
}
