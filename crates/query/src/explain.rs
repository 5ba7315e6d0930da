//! EXPLAIN in other forms than a plan as text.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, BooleanArray, StringArray};
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::execution::session_state::SessionState;
use datafusion::logical_expr::LogicalPlan;
use datafusion::sql::sqlparser::ast::{Statement, UtilityOption};

use crate::error::{Code, Error};
use crate::trino_error::from_datafusion;

mod io;

/// What an EXPLAIN shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// The plan as text, which is DataFusion's.
    Text,
    /// The plan as a drawing for Graphviz.
    Graphviz,
    /// The plan as JSON.
    Json,
    /// That the query is one.
    Validate,
    /// Which tables it reads, as JSON.
    Io,
}

/// What this statement is to show, when it is an EXPLAIN.
///
/// # Errors
/// For an option that is not here, by its name.
pub(crate) fn form(statement: &Statement) -> Result<Option<Form>, Error> {
    let Statement::Explain { options, .. } = statement else { return Ok(None) };
    let mut form = Form::Text;
    for option in options.iter().flatten() {
        form = match (option.to_string().to_ascii_lowercase().as_str(), form) {
            ("type validate", _) | ("format text", Form::Validate) => Form::Validate,
            ("type io", _) | ("format json" | "format text", Form::Io) => Form::Io,
            ("format text" | "type logical" | "type distributed", form) => form,
            ("format graphviz", _) => Form::Graphviz,
            ("format json", _) => Form::Json,
            _ => return Err(not_here(option)),
        };
    }
    Ok(Some(form))
}

fn not_here(option: &UtilityOption) -> Error {
    let message = format!(
        "EXPLAIN ({option}) is not supported; FORMAT TEXT, GRAPHVIZ and JSON, TYPE LOGICAL, DISTRIBUTED, IO and VALIDATE are"
    );
    Error::new(Code::NotSupported, message)
}

/// The answer in a form other than text. `session` optimises, and has the names of the catalogue and the database.
///
/// # Errors
/// When the plan cannot be optimised, or Arrow does not make a row of it.
pub(crate) fn shown(plan: &LogicalPlan, form: Form, session: &SessionState) -> Result<RecordBatch, Error> {
    let text = |text: String| Arc::new(StringArray::from(vec![text])) as ArrayRef;
    let (name, shown) = match form {
        Form::Validate => ("Valid", Arc::new(BooleanArray::from(vec![true])) as ArrayRef),
        Form::Graphviz => ("Query Plan", text(plan.display_graphviz().to_string())),
        Form::Json => ("Query Plan", text(plan.display_pg_json().to_string())),
        Form::Io => {
            let names = &session.config_options().catalog;
            let tables = session
                .optimize(plan)
                .and_then(|plan| io::tables(&plan, &names.default_catalog, &names.default_schema));
            ("Query Plan", text(tables.map(|tables| format!("{tables:#}")).map_err(|error| from_datafusion(&error))?))
        }
        Form::Text => ("Query Plan", text(plan.display_indent().to_string())),
    };
    RecordBatch::try_from_iter([(name, shown)]).map_err(|error| Error::new(Code::Internal, error.to_string()))
}
