//! Data catalogues, and what is in the one of this server: databases and tables.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::keep::Key;
use super::shapes::page;
use super::{Athena, AthenaError, ListInput, Scope, Tag};
use crate::metastore::MetastoreError;

const KIND: &str = "catalog";

/// The catalogue of this server.
const OWN: &str = "AwsDataCatalog";

/// A data catalogue to make or change.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[allow(missing_docs, reason = "the members are those of AWS")]
pub struct DataCatalogInput {
    pub name: String,
    pub r#type: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parameters: Option<Map<String, Value>>,
    #[serde(default, skip_serializing)]
    pub tags: Vec<Tag>,
}

/// Which.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[allow(missing_docs, reason = "the members are those of AWS")]
pub struct NameInput {
    #[serde(default)]
    pub name: String,
    #[serde(default)]
    pub catalog_name: String,
    #[serde(default)]
    pub database_name: String,
    #[serde(default)]
    pub table_name: String,
}

/// One.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
#[allow(missing_docs, reason = "the members are those of AWS")]
pub struct DataCatalogOutput {
    pub data_catalog: Value,
}

/// A page of them.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
#[allow(missing_docs, reason = "the members are those of AWS")]
pub struct ListDataCatalogsOutput {
    pub data_catalogs_summary: Vec<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_token: Option<String>,
}

impl Athena {
    /// CreateDataCatalog. It is kept and described; queries read the catalogue of this server.
    ///
    /// # Errors
    /// When it is there.
    pub fn create_data_catalog(
        &self,
        scope: &Scope,
        input: &DataCatalogInput,
    ) -> Result<DataCatalogOutput, AthenaError> {
        if input.name.eq_ignore_ascii_case(OWN) || !self.make(Key::new(scope, KIND, "", &input.name), input)? {
            return Err(AthenaError::input(format!("DataCatalog {} has already been created", input.name)));
        }
        let arn = format!("arn:aws:athena:{}:{}:datacatalog/{}", scope.region, scope.account, input.name);
        self.set_tags(scope, &arn, &input.tags)?;
        self.get_data_catalog(scope, &input.name)
    }

    /// UpdateDataCatalog.
    ///
    /// # Errors
    /// When it is not there.
    pub fn update_data_catalog(&self, scope: &Scope, input: &DataCatalogInput) -> Result<(), AthenaError> {
        self.get_data_catalog(scope, &input.name)?;
        self.put(Key::new(scope, KIND, "", &input.name), input)
    }

    /// DeleteDataCatalog.
    ///
    /// # Errors
    /// When it is not there, or is that of this server.
    pub fn delete_data_catalog(&self, scope: &Scope, name: &str) -> Result<DataCatalogOutput, AthenaError> {
        let mut gone = self.get_data_catalog(scope, name)?;
        if !self.remove(Key::new(scope, KIND, "", name))? {
            return Err(AthenaError::input(format!("DataCatalog {name} cannot be deleted")));
        }
        gone.data_catalog["Status"] = "DELETE_COMPLETE".into();
        Ok(gone)
    }

    /// GetDataCatalog.
    ///
    /// # Errors
    /// When it is not there.
    pub fn get_data_catalog(&self, scope: &Scope, name: &str) -> Result<DataCatalogOutput, AthenaError> {
        if name.eq_ignore_ascii_case(OWN) {
            let parameters = json!({ "catalog-id": scope.account });
            return Ok(DataCatalogOutput {
                data_catalog: json!({ "Name": OWN, "Type": "GLUE", "Parameters": parameters }),
            });
        }
        let found: Option<DataCatalogInput> = self.read(Key::new(scope, KIND, "", name))?;
        let found = found.ok_or_else(|| AthenaError::input(format!("DataCatalog {name} was not found")))?;
        let mut data_catalog = json!(found);
        data_catalog["Status"] = "CREATE_COMPLETE".into();
        Ok(DataCatalogOutput { data_catalog })
    }

    /// ListDataCatalogs.
    ///
    /// # Errors
    /// When the token is none.
    pub fn list_data_catalogs(&self, scope: &Scope, input: &ListInput) -> Result<ListDataCatalogsOutput, AthenaError> {
        let others: Vec<DataCatalogInput> = self.all(&scope.region, KIND, None)?;
        let summary = |name: &str, kind: &str| json!({ "CatalogName": name, "Type": kind });
        let own = summary(OWN, "GLUE");
        let all: Vec<Value> = std::iter::once(own)
            .chain(others.iter().map(|other| {
                let mut other = summary(&other.name, &other.r#type);
                other["Status"] = "CREATE_COMPLETE".into();
                other
            }))
            .collect();
        let (data_catalogs_summary, next_token) = page(all, input, 50)?;
        Ok(ListDataCatalogsOutput { data_catalogs_summary, next_token })
    }

    /// GetDatabase.
    ///
    /// # Errors
    /// When it, or the catalogue, is not there.
    pub fn get_database(&self, scope: &Scope, input: &NameInput) -> Result<Value, AthenaError> {
        self.check_catalog(scope, &input.catalog_name)?;
        let found = self.engine.database(&scope.account, &input.database_name)?;
        Ok(json!({ "Database": database(&found) }))
    }

    /// ListDatabases.
    ///
    /// # Errors
    /// When the catalogue is not there.
    pub fn list_databases(&self, scope: &Scope, catalog: &str, input: &ListInput) -> Result<Value, AthenaError> {
        self.check_catalog(scope, catalog)?;
        let all = self.engine.databases(&scope.account)?.iter().map(database).collect();
        let (page, next_token) = page(all, input, 50)?;
        Ok(json!({ "DatabaseList": page, "NextToken": next_token }))
    }

    /// GetTableMetadata.
    ///
    /// # Errors
    /// When it, the database, or the catalogue is not there.
    pub async fn get_table_metadata(&self, scope: &Scope, input: &NameInput) -> Result<Value, AthenaError> {
        self.check_catalog(scope, &input.catalog_name)?;
        let found = self.engine.table(&scope.account, &input.database_name, &input.table_name).await?;
        Ok(json!({ "TableMetadata": table(&found) }))
    }

    /// ListTableMetadata: those whose name fits the expression.
    ///
    /// # Errors
    /// When the database or the catalogue is not there, or the expression is none.
    pub async fn list_table_metadata(
        &self,
        scope: &Scope,
        catalog: &str,
        input: &ListInput,
    ) -> Result<Value, AthenaError> {
        self.check_catalog(scope, catalog)?;
        let name = input.database_name.as_deref().unwrap_or_default();
        let found = self.engine.tables_like(&scope.account, name, input.expression.as_deref()).await;
        let all = found.map_err(|error| match error {
            MetastoreError::Invalid(message) => AthenaError::input(message),
            other => other.into(),
        })?;
        let all = all.iter().map(table).collect();
        let (page, next_token) = page(all, input, 50)?;
        Ok(json!({ "TableMetadataList": page, "NextToken": next_token }))
    }

    fn check_catalog(&self, scope: &Scope, name: &str) -> Result<(), AthenaError> {
        self.get_data_catalog(scope, name).map(|_| ())
    }
}

/// A database of Glue's as Athena shows it.
fn database(found: &Value) -> Value {
    let mut shown = json!({ "Name": found["Name"] });
    for member in ["Description", "Parameters"] {
        if !found[member].is_null() {
            shown[member] = found[member].clone();
        }
    }
    shown
}

/// A table of Glue's as Athena shows it: what is told of its storage is among the parameters.
fn table(found: &Value) -> Value {
    let storage = &found["StorageDescriptor"];
    let mut parameters = found["Parameters"].as_object().cloned().unwrap_or_default();
    let classes = [("inputformat", "InputFormat"), ("location", "Location"), ("outputformat", "OutputFormat")];
    for (name, member) in classes {
        parameters.insert(name.to_owned(), storage[member].clone());
    }
    parameters.insert("serde.serialization.lib".to_owned(), storage["SerdeInfo"]["SerializationLibrary"].clone());
    for (name, value) in storage["SerdeInfo"]["Parameters"].as_object().into_iter().flatten() {
        parameters.insert(format!("serde.param.{name}"), value.clone());
    }
    parameters.retain(|_, value| !value.is_null());
    let or_empty = |value: &Value| if value.is_null() { json!([]) } else { value.clone() };
    json!({
        "Name": found["Name"],
        "CreateTime": found["CreateTime"],
        "TableType": found["TableType"],
        "Columns": or_empty(&storage["Columns"]),
        "PartitionKeys": or_empty(&found["PartitionKeys"]),
        "Parameters": parameters,
    })
}
