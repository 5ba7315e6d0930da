//! Operators where Trino's are stricter than DataFusion's: sums of whole numbers that overflow fail, and so do places
//! that an array or a map does not have.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, Datum};
use datafusion::arrow::compute::kernels::numeric;
use datafusion::arrow::datatypes::DataType;
use datafusion::arrow::error::ArrowError;
use datafusion::common::{DFSchema, Result, ScalarValue, plan_err};
use datafusion::functions::expr_fn::get_field;
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::planner::{ExprPlanner, PlannerResult, RawBinaryExpr, RawFieldAccessExpr};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ExprSchemable, GetFieldAccess, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    Volatility,
};
use datafusion::physical_expr_common::datum::apply;
use datafusion::sql::sqlparser::ast::BinaryOperator;

use crate::error::{Code, Error};
use crate::function::{self, type_name};

/// Plans these operators; it has to stand in front of DataFusion's planners.
pub(crate) fn planner() -> Arc<dyn ExprPlanner> {
    let sum = |operation| Arc::new(ScalarUDF::from(Sum::new(operation)));
    let [plus, minus, times] = [Operation::Plus, Operation::Minus, Operation::Times].map(sum);
    Arc::new(Operators { plus, minus, times, subscript: function::subscript() })
}

#[derive(Debug)]
struct Operators {
    plus: Arc<ScalarUDF>,
    minus: Arc<ScalarUDF>,
    times: Arc<ScalarUDF>,
    subscript: Arc<ScalarUDF>,
}

impl ExprPlanner for Operators {
    fn plan_binary_op(&self, expr: RawBinaryExpr, schema: &DFSchema) -> Result<PlannerResult<RawBinaryExpr>> {
        let operation = match expr.op {
            BinaryOperator::Plus => &self.plus,
            BinaryOperator::Minus => &self.minus,
            BinaryOperator::Multiply => &self.times,
            _ => return Ok(PlannerResult::Original(expr)),
        };
        if !expr.left.get_type(schema)?.is_integer() || !expr.right.get_type(schema)?.is_integer() {
            return Ok(PlannerResult::Original(expr));
        }
        Ok(PlannerResult::Planned(call(operation, vec![expr.left, expr.right])))
    }

    fn plan_field_access(
        &self,
        access: RawFieldAccessExpr,
        schema: &DFSchema,
    ) -> Result<PlannerResult<RawFieldAccessExpr>> {
        let of = access.expr.get_type(schema)?;
        let RawFieldAccessExpr { expr, field_access } = access;
        let key = match field_access {
            GetFieldAccess::ListIndex { key } => key,
            // A key that is a text.
            GetFieldAccess::NamedStructField { name } if matches!(of, DataType::Map(..)) => {
                Box::new(Expr::Literal(name, None))
            }
            field_access => return Ok(PlannerResult::Original(RawFieldAccessExpr { expr, field_access })),
        };
        match (of, place(&key)) {
            (DataType::Struct(fields), Some(place)) => {
                let at = usize::try_from(place).ok().and_then(|place| place.checked_sub(1));
                match at.and_then(|at| fields.get(at)) {
                    Some(field) => Ok(PlannerResult::Planned(get_field(expr, field.name().as_str()))),
                    None => plan_err!("a row of {} fields has none at {place}", fields.len()),
                }
            }
            _ => Ok(PlannerResult::Planned(call(&self.subscript, vec![expr, *key]))),
        }
    }
}

/// A whole number of the statement.
fn place(key: &Expr) -> Option<i64> {
    match key {
        Expr::Cast(cast) => place(&cast.expr),
        Expr::Literal(ScalarValue::Int64(place), _) => *place,
        _ => None,
    }
}

fn call(function: &Arc<ScalarUDF>, args: Vec<Expr>) -> Expr {
    Expr::ScalarFunction(ScalarFunction::new_udf(Arc::clone(function), args))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Operation {
    Plus,
    Minus,
    Times,
}

/// A sum, difference or product of whole numbers, of the larger of their types.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Sum {
    operation: Operation,
    signature: Signature,
}

impl Sum {
    fn new(operation: Operation) -> Self {
        Self { operation, signature: Signature::user_defined(Volatility::Immutable) }
    }

    /// What Trino calls it.
    const fn noun(&self) -> &'static str {
        match self.operation {
            Operation::Plus => "addition",
            Operation::Minus => "subtraction",
            Operation::Times => "multiplication",
        }
    }

    fn compute(&self, left: &dyn Datum, right: &dyn Datum) -> std::result::Result<ArrayRef, ArrowError> {
        match self.operation {
            Operation::Plus => numeric::add(left, right),
            Operation::Minus => numeric::sub(left, right),
            Operation::Times => numeric::mul(left, right),
        }
        .map_err(|error| match error {
            ArrowError::ArithmeticOverflow(text) => {
                let operands = text.rsplit(": ").next().unwrap_or_default();
                let of = type_name(left.get().0.data_type());
                let message = format!("{of} {} overflow: {operands}", self.noun());
                ArrowError::ExternalError(Box::new(Error::new(Code::NumericValueOutOfRange, message)))
            }
            other => other,
        })
    }
}

/// The larger of two types of whole numbers.
fn larger(given: &[DataType]) -> Result<DataType> {
    match given {
        [a, b] if a.is_integer() && b.is_integer() => {
            let width = |kind: &DataType| kind.primitive_width().unwrap_or(8);
            let signed = if width(a) >= width(b) { a } else { b };
            Ok(if signed.is_signed_integer() { signed.clone() } else { DataType::Int64 })
        }
        _ => plan_err!("{given:?} are not two whole numbers"),
    }
}

impl ScalarUDFImpl for Sum {
    fn name(&self) -> &str {
        match self.operation {
            Operation::Plus => "$plus",
            Operation::Minus => "$minus",
            Operation::Times => "$times",
        }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        larger(given).map(|of| vec![of; 2])
    }

    fn return_type(&self, given: &[DataType]) -> Result<DataType> {
        larger(given)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        match args.args.as_slice() {
            [left, right] => apply(left, right, |left, right| self.compute(left, right)),
            _ => plan_err!("{} takes two numbers", self.name()),
        }
    }
}
