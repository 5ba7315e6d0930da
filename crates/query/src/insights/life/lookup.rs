//! The operations on lookup tables.

use super::{
    CreateLookupTableInput, CreateLookupTableOutput, DeleteLookupTableInput, DescribeLookupTablesInput,
    DescribeLookupTablesOutput, GetLookupTableInput, GetLookupTableOutput, LookupTableShape, Outcome, Queries,
    QueryStatus, UpdateLookupTableInput, UpdateLookupTableOutput, bounded, place, refused, table,
};
use crate::insights::{InsightsError, lookup::LookupTable, lookup::quoted};

/// Bytes of a table's CSV at most.
const LARGEST: usize = 10 << 20;

/// A lookup table as the catalogue keeps it.
#[derive(Debug, Clone, Default)]
pub(super) struct StoredLookup {
    pub(super) name: String,
    pub(super) description: Option<String>,
    pub(super) body: String,
    /// Unix milliseconds.
    pub(super) updated: i64,
}

impl Queries {
    /// `CreateLookupTable`: of CSV, or of the rows of a query that has ended.
    ///
    /// # Errors
    /// The name is none or taken, what is given is no table, and those of the disk.
    pub fn create_lookup_table(
        &self,
        input: &CreateLookupTableInput,
        region: &str,
        now: i64,
    ) -> Result<CreateLookupTableOutput, InsightsError> {
        let name = &input.lookup_table_name;
        let fits = (1..=256).contains(&name.len()) && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if !fits {
            return Err(refused(
                "lookupTableName",
                name,
                "Member must satisfy regular expression pattern: [a-zA-Z0-9_]+",
            ));
        }
        let body = self.body(input.table_body.as_deref(), input.query_id.as_deref())?;
        let stored = StoredLookup { name: name.clone(), description: input.description.clone(), body, updated: now };
        let made = self.shared.catalogue.change(|transaction| table::put_lookup(transaction, &stored, true))?;
        if !made {
            return Err(InsightsError::AlreadyExists(format!("The lookup table {name} already exists")));
        }
        Ok(CreateLookupTableOutput { lookup_table_arn: self.lookup_arn(region, name), created_at: now })
    }

    /// `UpdateLookupTable`: all rows anew, and the description, if it is given.
    ///
    /// # Errors
    /// There is no such table, what is given is none, and those of the disk.
    pub fn update_lookup_table(
        &self,
        input: &UpdateLookupTableInput,
        now: i64,
    ) -> Result<UpdateLookupTableOutput, InsightsError> {
        let known = self.known_lookup(&input.lookup_table_arn)?;
        let body = self.body(input.table_body.as_deref(), input.query_id.as_deref())?;
        let description = input.description.clone().or(known.description);
        let stored = StoredLookup { name: known.name, description, body, updated: now };
        self.shared.catalogue.change(|transaction| table::put_lookup(transaction, &stored, false))?;
        Ok(UpdateLookupTableOutput { lookup_table_arn: input.lookup_table_arn.clone(), last_updated_time: now })
    }

    /// `GetLookupTable`.
    ///
    /// # Errors
    /// There is no such table, and those of the disk.
    pub fn get_lookup_table(&self, input: &GetLookupTableInput) -> Result<GetLookupTableOutput, InsightsError> {
        let stored = self.known_lookup(&input.lookup_table_arn)?;
        Ok(GetLookupTableOutput {
            lookup_table_arn: input.lookup_table_arn.clone(),
            lookup_table_name: stored.name,
            description: stored.description,
            size_bytes: i64::try_from(stored.body.len()).unwrap_or(i64::MAX),
            table_body: stored.body,
            last_updated_time: stored.updated,
        })
    }

    /// `DescribeLookupTables`: by name.
    ///
    /// # Errors
    /// The page makes no sense, and those of the disk.
    pub fn describe_lookup_tables(
        &self,
        input: &DescribeLookupTablesInput,
        region: &str,
    ) -> Result<DescribeLookupTablesOutput, InsightsError> {
        let (most, from) = (bounded("maxResults", input.max_results, 100)?, place(input.next_token.as_deref())?);
        let prefix = input.lookup_table_name_prefix.as_deref().unwrap_or_default();
        let mut all = self.shared.catalogue.change(table::lookup_names)?;
        all.retain(|name| name.starts_with(prefix));
        let end = from.saturating_add(most);
        let next_token = (end < all.len()).then(|| end.to_string());
        let shape = |stored: StoredLookup| {
            let table = LookupTable::parse(&stored.body).unwrap_or_default();
            LookupTableShape {
                lookup_table_arn: self.lookup_arn(region, &stored.name),
                lookup_table_name: stored.name,
                description: stored.description,
                table_fields: table.fields,
                records_count: i64::try_from(table.rows.len()).unwrap_or(i64::MAX),
                size_bytes: i64::try_from(stored.body.len()).unwrap_or(i64::MAX),
                last_updated_time: stored.updated,
            }
        };
        let mut lookup_tables = Vec::new();
        for name in all.iter().skip(from).take(most) {
            // One after the other: a body may have many megabytes.
            lookup_tables
                .extend(self.shared.catalogue.change(|transaction| table::lookup(transaction, name))?.map(shape));
        }
        Ok(DescribeLookupTablesOutput { lookup_tables, next_token })
    }

    /// `DeleteLookupTable`.
    ///
    /// # Errors
    /// There is no such table, and those of the disk.
    pub fn delete_lookup_table(&self, input: &DeleteLookupTableInput) -> Result<(), InsightsError> {
        let stored = self.known_lookup(&input.lookup_table_arn)?;
        self.shared.catalogue.change(|transaction| table::delete_lookup(transaction, &stored.name))
    }

    /// The table that an ARN, or a name, is of.
    fn known_lookup(&self, arn: &str) -> Result<StoredLookup, InsightsError> {
        let name = arn.rsplit_once("lookup-table:").map_or(arn, |(_, name)| name);
        let found = self.shared.catalogue.change(|transaction| table::lookup(transaction, name))?;
        found.ok_or_else(|| InsightsError::NotFound(format!("The lookup table {arn} does not exist")))
    }

    fn lookup_arn(&self, region: &str, name: &str) -> String {
        format!("arn:aws:logs:{region}:{}:lookup-table:{name}", self.shared.insights.account)
    }

    /// The CSV that is given, or that of a query's rows.
    fn body(&self, given: Option<&str>, query: Option<&str>) -> Result<String, InsightsError> {
        let body = match (given, query) {
            (Some(body), None) => body.to_owned(),
            (None, Some(id)) => self.rows_of(id)?,
            _ => {
                let message = "exactly one of tableBody and queryId is given".to_owned();
                return Err(InsightsError::InvalidParameter(message));
            }
        };
        if body.len() > LARGEST {
            return Err(InsightsError::InvalidParameter(format!("a lookup table has at most {LARGEST} bytes")));
        }
        LookupTable::parse(&body).map(|_| body).map_err(InsightsError::InvalidParameter)
    }

    /// The rows of a query that has ended, as CSV.
    fn rows_of(&self, id: &str) -> Result<String, InsightsError> {
        let (Outcome { status, rows, .. }, _) = self.shared.ended(id, 0..usize::MAX)?;
        if status != QueryStatus::Complete {
            let message =
                format!("The query {id} is {}: a lookup table is made of one that is Complete", status.text());
            return Err(InsightsError::InvalidParameter(message));
        }
        let mut fields: Vec<&str> = Vec::new();
        for cell in rows.iter().flat_map(|row| row.iter()).filter(|cell| cell.field != "@ptr") {
            if !fields.contains(&cell.field.as_str()) {
                fields.push(&cell.field);
            }
        }
        let line = |cells: Vec<String>| cells.join(",") + "\n";
        let mut body = line(fields.iter().map(|field| quoted(field)).collect());
        for row in &rows {
            let cell = |field: &&str| {
                row.iter().find(|cell| cell.field == *field).map_or_else(String::new, |cell| quoted(&cell.value))
            };
            body.push_str(&line(fields.iter().map(cell).collect()));
        }
        Ok(body)
    }
}
