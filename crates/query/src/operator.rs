//! Operators where Trino's are stricter than DataFusion's: sums of whole numbers that overflow fail, and so do places
//! that an array or a map does not have; what is reckoned with times and intervals is what Trino reckons.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, Datum};
use datafusion::arrow::compute::kernels::numeric;
use datafusion::arrow::datatypes::{DataType, Field};
use datafusion::arrow::error::ArrowError;
use datafusion::common::{DFSchema, Result, ScalarValue, plan_err};
use datafusion::error::DataFusionError;
use datafusion::functions::expr_fn::get_field;
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::planner::{ExprPlanner, PlannerResult, RawBinaryExpr, RawFieldAccessExpr};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ExprSchemable, GetFieldAccess, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    Volatility,
};
use datafusion::physical_expr_common::datum::apply;
use datafusion::sql::sqlparser::ast::BinaryOperator;

use crate::check::{comparable, is_plain, place};
use crate::error::{Code, Error};
use crate::function::{self, type_name};

mod negate;
mod temporal;

pub(crate) use negate::{NAME as NEGATE, negate};
use temporal::{Operation, Temporal};

/// Plans these operators; it has to stand in front of DataFusion's planners.
pub(crate) fn planner() -> Arc<dyn ExprPlanner> {
    let sum = |operation| Arc::new(ScalarUDF::from(Sum::new(operation)));
    let temporal = |operation| Arc::new(ScalarUDF::from(Temporal::new(operation)));
    let all = [Operation::Plus, Operation::Minus, Operation::Times, Operation::Divide];
    Arc::new(Operators { of_integers: all.map(sum), of_times: all.map(temporal), subscript: function::subscript() })
}

#[derive(Debug)]
struct Operators {
    /// Sum, difference, product, quotient.
    of_integers: [Arc<ScalarUDF>; 4],
    of_times: [Arc<ScalarUDF>; 4],
    subscript: Arc<ScalarUDF>,
}

impl ExprPlanner for Operators {
    fn plan_binary_op(&self, expr: RawBinaryExpr, schema: &DFSchema) -> Result<PlannerResult<RawBinaryExpr>> {
        let (Ok(left), Ok(right)) = (expr.left.get_type(schema), expr.right.get_type(schema)) else {
            return Ok(PlannerResult::Original(expr));
        };
        let types = (left, right);
        let (operation, at) = match expr.op {
            BinaryOperator::Plus => (Operation::Plus, 0),
            BinaryOperator::Minus => (Operation::Minus, 1),
            BinaryOperator::Multiply => (Operation::Times, 2),
            BinaryOperator::Divide => (Operation::Divide, 3),
            _ if is_comparison(&expr.op) && !is_plain(&types.0, &types.1) && !comparable(&types.0, &types.1) => {
                return Err(mismatch(&expr, &types));
            }
            _ => return Ok(PlannerResult::Original(expr)),
        };
        if temporal::is_temporal(&types.0) || temporal::is_temporal(&types.1) {
            return match temporal::types(operation, &types.0, &types.1) {
                Some(_) => Ok(PlannerResult::Planned(call(&self.of_times[at], vec![expr.left, expr.right]))),
                None => Err(mismatch(&expr, &types)),
            };
        }
        if types.0.is_integer() && types.1.is_integer() {
            return Ok(PlannerResult::Planned(call(&self.of_integers[at], vec![expr.left, expr.right])));
        }
        Ok(PlannerResult::Original(expr))
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
            GetFieldAccess::NamedStructField { name } if matches!(of, DataType::Map(..) | DataType::List(_)) => {
                Box::new(Expr::Literal(name, None))
            }
            field_access => return Ok(PlannerResult::Original(RawFieldAccessExpr { expr, field_access })),
        };
        match (of, number(&key)) {
            (DataType::Struct(fields), Some(place)) => {
                let at = usize::try_from(place).ok().and_then(|place| place.checked_sub(1));
                match at.and_then(|at| fields.get(at)) {
                    Some(field) => Ok(PlannerResult::Planned(get_field(expr, field.name().as_str()))),
                    None => plan_err!("a row of {} fields has none at {place}", fields.len()),
                }
            }
            (of, _) => {
                let by = key.get_type(schema)?;
                let fits = match &of {
                    DataType::List(_) => by.is_integer() || by.is_null(),
                    DataType::Map(entry, _) => map_key(entry).is_some_and(|key| comparable(key, &by)),
                    _ => true,
                };
                if !fits {
                    let message = format!("Cannot use {} for subscript of {}", type_name(&by), type_name(&of));
                    return Err(Error { code: Code::TypeMismatch, position: place(&expr), message }.into_datafusion());
                }
                Ok(PlannerResult::Planned(call(&self.subscript, vec![expr, *key])))
            }
        }
    }
}

fn map_key(entry: &Field) -> Option<&DataType> {
    match entry.data_type() {
        DataType::Struct(pair) => pair.first().map(|key| key.data_type()),
        _ => None,
    }
}

const fn is_comparison(op: &BinaryOperator) -> bool {
    use BinaryOperator::{Eq, Gt, GtEq, Lt, LtEq, NotEq};
    matches!(op, Eq | NotEq | Lt | LtEq | Gt | GtEq)
}

/// That Trino does not have the operation; the place is near to that of the operator.
fn mismatch(expr: &RawBinaryExpr, (left, right): &(DataType, DataType)) -> DataFusionError {
    let message = format!("Cannot apply operator: {} {} {}", type_name(left), expr.op, type_name(right));
    let position = place(&expr.left);
    Error { code: Code::TypeMismatch, position, message }.into_datafusion()
}

/// A whole number of the statement.
fn number(key: &Expr) -> Option<i64> {
    match key {
        Expr::Cast(cast) => number(&cast.expr),
        Expr::Literal(ScalarValue::Int64(place), _) => *place,
        _ => None,
    }
}

fn call(function: &Arc<ScalarUDF>, args: Vec<Expr>) -> Expr {
    Expr::ScalarFunction(ScalarFunction::new_udf(Arc::clone(function), args))
}

/// A sum, difference, product or quotient of whole numbers, of the larger of their types.
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
            Operation::Divide => "division",
        }
    }

    fn compute(&self, left: &dyn Datum, right: &dyn Datum) -> std::result::Result<ArrayRef, ArrowError> {
        match self.operation {
            Operation::Plus => numeric::add(left, right),
            Operation::Minus => numeric::sub(left, right),
            Operation::Times => numeric::mul(left, right),
            Operation::Divide => numeric::div(left, right),
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
            Operation::Divide => "$divide",
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
