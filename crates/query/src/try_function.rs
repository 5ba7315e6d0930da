//! TRY(x): NULL in the rows where x fails, such as for a cast that does not fit or a division by zero.
//!
//! A function gets values, so TRY cannot be one as it stands. It is planned as the function [`TRY`],
//! and then each call becomes a function of the columns that x needs, which holds x itself.

use std::collections::HashMap;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, new_null_array};
use datafusion::arrow::compute::{cast, concat};
use datafusion::arrow::datatypes::{DataType, Schema, SchemaRef};
use datafusion::arrow::record_batch::{RecordBatch, RecordBatchOptions};
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{Column, DFSchema, Result, ScalarValue, plan_err};
use datafusion::error::DataFusionError;
use datafusion::execution::session_state::SessionState;
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::{
    ColumnarValue, Expr, ExprSchemable, LogicalPlan, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    Volatility,
};
use datafusion::physical_expr::PhysicalExpr;

use crate::check::input_schema;
use crate::error::Code;
use crate::trino_error;

/// What `TRY(x)` is planned as.
pub(crate) const TRY: &str = "$try";

/// The function for the planner.
pub(crate) fn planned() -> ScalarUDF {
    ScalarUDF::from(Planned(Signature::any(1, Volatility::Immutable)))
}

/// Makes every TRY of the plan one that runs.
pub(crate) fn resolve(plan: LogicalPlan, session: &SessionState) -> Result<LogicalPlan> {
    let resolved = plan.transform_up_with_subqueries(|node| {
        let schema = input_schema(&node)?;
        node.map_expressions(|expr| {
            expr.transform_up(|expr| match expr {
                Expr::ScalarFunction(call) if call.func.name() == TRY => {
                    resolve_call(call, &schema, session).map(Transformed::yes)
                }
                other => Ok(Transformed::no(other)),
            })
        })
    })?;
    Ok(resolved.data)
}

fn resolve_call(call: ScalarFunction, schema: &DFSchema, session: &SessionState) -> Result<Expr> {
    let shown = Expr::ScalarFunction(call.clone()).schema_name().to_string();
    let Some(inner) = call.args.into_iter().next() else { return plan_err!("TRY takes one argument") };
    let result = inner.get_type(schema)?;
    let mut columns: Vec<Column> = inner.column_refs().into_iter().cloned().collect();
    columns.sort();
    let fields = columns.iter().map(|column| {
        let (qualifier, field) = schema.qualified_field_from_column(column)?;
        Ok((qualifier.cloned(), Arc::clone(field)))
    });
    let needed = DFSchema::new_with_metadata(fields.collect::<Result<Vec<_>>>()?, HashMap::new())?;
    let inner = match session.create_physical_expr(inner, &needed) {
        Ok(inner) => inner,
        // It fails whatever the columns hold.
        Err(error) if is_caught(&error) => return Ok(Expr::Literal(ScalarValue::try_from(&result)?, None).alias(shown)),
        Err(error) => return Err(error),
    };
    let signature = Signature::user_defined(Volatility::Immutable);
    let function = Try { shown, inner, schema: Arc::clone(needed.inner()), result, signature };
    let args = columns.into_iter().map(Expr::Column).collect();
    Ok(Expr::ScalarFunction(ScalarFunction::new_udf(Arc::new(ScalarUDF::from(function)), args)))
}

/// Whether TRY makes NULL of a failure.
fn is_caught(error: &DataFusionError) -> bool {
    let code = trino_error::from_datafusion(error).code;
    matches!(
        code,
        Code::DivisionByZero | Code::InvalidCastArgument | Code::InvalidFunctionArgument | Code::NumericValueOutOfRange
    )
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Planned(Signature);

impl ScalarUDFImpl for Planned {
    fn name(&self) -> &str {
        TRY
    }

    fn signature(&self) -> &Signature {
        &self.0
    }

    fn return_type(&self, given: &[DataType]) -> Result<DataType> {
        Ok(given.first().cloned().unwrap_or(DataType::Null))
    }

    fn invoke_with_args(&self, _args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        plan_err!("TRY was not resolved")
    }
}

/// One TRY, over the columns that it needs.
#[derive(Debug)]
struct Try {
    shown: String,
    inner: Arc<dyn PhysicalExpr>,
    schema: SchemaRef,
    result: DataType,
    signature: Signature,
}

impl PartialEq for Try {
    fn eq(&self, other: &Self) -> bool {
        self.shown == other.shown && self.schema == other.schema
    }
}

impl Eq for Try {}

impl Hash for Try {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.shown.hash(state);
    }
}

impl Try {
    /// What the expression gives, with NULL for the rows where it fails.
    fn evaluate(&self, batch: &RecordBatch) -> Result<ArrayRef> {
        let rows = batch.num_rows();
        let value = self.inner.evaluate(batch).and_then(|value| value.into_array(rows));
        match value {
            Ok(array) => Ok(cast(&array, &self.result)?),
            Err(error) if !is_caught(&error) => Err(error),
            Err(_) if rows <= 1 => Ok(new_null_array(&self.result, rows)),
            Err(_) => {
                let half = rows / 2;
                let (low, high) =
                    (self.evaluate(&batch.slice(0, half))?, self.evaluate(&batch.slice(half, rows - half))?);
                Ok(concat(&[low.as_ref(), high.as_ref()])?)
            }
        }
    }
}

impl ScalarUDFImpl for Try {
    fn name(&self) -> &str {
        TRY
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _given: &[DataType]) -> Result<DataType> {
        Ok(self.result.clone())
    }

    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        Ok(given.to_vec())
    }

    fn schema_name(&self, _args: &[Expr]) -> Result<String> {
        Ok(self.shown.clone())
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let rows = if args.args.is_empty() { 1 } else { args.number_rows };
        let arrays = args.args.iter().zip(self.schema.fields()).map(|(arg, field)| {
            let array = arg.to_array(rows)?;
            if array.data_type() == field.data_type() { Ok(array) } else { Ok(cast(&array, field.data_type())?) }
        });
        let arrays = arrays.collect::<Result<Vec<_>>>()?;
        let nullable = self.schema.fields().iter().map(|field| field.as_ref().clone().with_nullable(true));
        let schema = Arc::new(Schema::new(nullable.collect::<Vec<_>>()));
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        let array = self.evaluate(&RecordBatch::try_new_with_options(schema, arrays, &options)?)?;
        if args.args.is_empty() {
            return Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&array, 0)?));
        }
        Ok(ColumnarValue::Array(array))
    }
}
