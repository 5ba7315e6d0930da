//! Resources of Athena and Glue.

use serde_json::{Value, json};

use super::{
    Kind, Made, Was, Work,
    work::{found, merged},
};
use crate::{
    ApiError,
    ServiceName::{Athena, Glue},
    services::cloudformation::template::text,
};

pub(super) const KINDS: &[Kind] = &[
    Kind::new("AWS::Athena::WorkGroup", create_group, delete_group)
        .requires(&["Name"])
        .shows(&["CreationTime"])
        .found(|work| {
            let name = work.text("Name").unwrap_or_default();
            work.shown(Athena, "GetWorkGroup", json!({"WorkGroup": name}), &name)
        })
        .changes(update_group, &["Name"]),
    Kind::new("AWS::Athena::NamedQuery", create_query, delete_query)
        .requires(&["Database", "QueryString"])
        .shows(&["NamedQueryId"])
        .found(|work| {
            let all = work.listed(Athena, "ListNamedQueries", work.same(&["WorkGroup"]), "/NamedQueryIds")?;
            Ok(all.iter().filter_map(text).collect())
        }),
    Kind::new("AWS::Glue::Database", create_database, delete_database)
        .requires(&["DatabaseInput"])
        .found(|work| {
            let (name, _) = named(work, "DatabaseInput");
            work.shown(Glue, "GetDatabase", json!({"Name": name}), &name)
        })
        .changes(update_database, &["CatalogId"]),
    Kind::new("AWS::Glue::Table", create_table, delete_table)
        .requires(&["DatabaseName", "TableInput"])
        .found(|work| {
            let (name, _) = named(work, "TableInput");
            work.shown(Glue, "GetTable", json!({"DatabaseName": work.get("DatabaseName"), "Name": name}), &name)
        })
        .changes(update_table, &["CatalogId", "DatabaseName"]),
];

fn create_group(work: &Work<'_>) -> Result<Made, ApiError> {
    let given =
        work.pick(&[("Name", "Name"), ("Description", "Description"), ("WorkGroupConfiguration", "Configuration")]);
    work.call(Athena, "CreateWorkGroup", merged(given, json!({"Tags": work.tags()})))?;
    if work.text("State").is_some_and(|state| state == "DISABLED") {
        work.call(Athena, "UpdateWorkGroup", json!({"WorkGroup": work.get("Name"), "State": "DISABLED"}))?;
    }
    Ok(Made::of(work.text("Name").unwrap_or_default()).with("CreationTime", (work.call.now / 1000).to_string()))
}

fn update_group(work: &Work<'_>, was: &Was<'_>) -> Result<Made, ApiError> {
    let given = work.pick(&[
        ("Name", "WorkGroup"),
        ("Description", "Description"),
        ("State", "State"),
        ("WorkGroupConfiguration", "ConfigurationUpdates"),
    ]);
    work.call(Athena, "UpdateWorkGroup", given)?;
    Ok(was.made.clone())
}

fn delete_group(work: &Work<'_>, was: &Was<'_>) -> Result<(), ApiError> {
    let recursive = was.properties.get("RecursiveDeleteOption").and_then(text).is_some_and(|text| text == "true");
    work.remove(Athena, "DeleteWorkGroup", json!({"WorkGroup": was.made.physical, "RecursiveDeleteOption": recursive}))
}

fn create_query(work: &Work<'_>) -> Result<Made, ApiError> {
    let name = work.text("Name").unwrap_or_else(|| work.name.clone());
    let given = work.same(&["Database", "Description", "QueryString", "WorkGroup"]);
    let id = found(&work.call(Athena, "CreateNamedQuery", merged(given, json!({"Name": name})))?, "/NamedQueryId")?;
    Ok(Made::of(&id).with("NamedQueryId", id))
}

fn delete_query(work: &Work<'_>, was: &Was<'_>) -> Result<(), ApiError> {
    work.remove(Athena, "DeleteNamedQuery", json!({"NamedQueryId": was.made.physical}))
}

/// The name in an input of Glue, or one that is made.
fn named(work: &Work<'_>, property: &str) -> (String, Value) {
    let input = work.get(property).cloned().unwrap_or_default();
    let name = input.get("Name").and_then(text).unwrap_or_else(|| work.name.to_lowercase());
    (name.clone(), merged(input, json!({"Name": name})))
}

fn create_database(work: &Work<'_>) -> Result<Made, ApiError> {
    let (name, input) = named(work, "DatabaseInput");
    work.call(Glue, "CreateDatabase", json!({"DatabaseInput": input}))?;
    Ok(Made::of(name))
}

fn update_database(work: &Work<'_>, was: &Was<'_>) -> Result<Made, ApiError> {
    let (_, input) = named(work, "DatabaseInput");
    work.call(Glue, "UpdateDatabase", json!({"Name": was.made.physical, "DatabaseInput": input}))?;
    Ok(was.made.clone())
}

fn delete_database(work: &Work<'_>, was: &Was<'_>) -> Result<(), ApiError> {
    work.remove(Glue, "DeleteDatabase", json!({"Name": was.made.physical}))
}

fn create_table(work: &Work<'_>) -> Result<Made, ApiError> {
    let (name, input) = named(work, "TableInput");
    work.call(Glue, "CreateTable", json!({"DatabaseName": work.get("DatabaseName"), "TableInput": input}))?;
    Ok(Made::of(name))
}

fn update_table(work: &Work<'_>, was: &Was<'_>) -> Result<Made, ApiError> {
    let (_, input) = named(work, "TableInput");
    let input = merged(input, json!({"Name": was.made.physical}));
    work.call(Glue, "UpdateTable", json!({"DatabaseName": work.get("DatabaseName"), "TableInput": input}))?;
    Ok(was.made.clone())
}

fn delete_table(work: &Work<'_>, was: &Was<'_>) -> Result<(), ApiError> {
    let database = was.properties.get("DatabaseName");
    work.remove(Glue, "DeleteTable", json!({"DatabaseName": database, "Name": was.made.physical}))
}
