//! `outlier`: numbers that are too far from the middle half of all.

use datafusion::{
    functions::core::expr_fn::coalesce,
    functions_aggregate::percentile_cont::percentile_cont_udaf,
    logical_expr::{Expr as PlanExpr, WindowFunctionDefinition, lit, not, when},
};

use super::{Planner, Stage, command::check_name, ours, running::Window};
use crate::insights::{
    InsightsError,
    tree::{Name, Outlier},
    value::{Kind, Value},
};

impl Planner<'_> {
    pub(super) fn outlier(&self, mut stage: Stage, outlier: &Outlier) -> Result<Stage, InsightsError> {
        let mut far: Option<PlanExpr> = None;
        for field in &outlier.fields {
            let (next, this) = self.outliers_of(stage, outlier, field)?;
            stage = next;
            far = Some(far.into_iter().fold(this.clone(), PlanExpr::or));
        }
        match far.filter(|_| outlier.remove) {
            Some(far) => Ok(Stage { plan: stage.plan.filter(not(far)).map_err(ours)?, ..stage }),
            None => Ok(stage),
        }
    }

    /// Deals with one field, and says which rows are too far.
    fn outliers_of(&self, stage: Stage, outlier: &Outlier, field: &Name) -> Result<(Stage, PlanExpr), InsightsError> {
        check_name(&field.text, field.span)?;
        let value = stage.scope.resolve(&field.text);
        let number = value.clone().into_number();
        let quarter = |share: f64| {
            let function = WindowFunctionDefinition::AggregateUDF(percentile_cont_udaf());
            Window::of_all(function, vec![number.clone(), lit(share)])
        };
        let (stage, first) = self.windowed(stage, quarter(0.25))?;
        let (mut stage, third) = self.windowed(stage, quarter(0.75))?;
        let reach = lit(outlier.factor) * (third.clone() - first.clone());
        let (least, most) = (first - reach.clone(), third + reach);
        let (above, below) = (number.clone().gt(most.clone()), number.lt(least.clone()));
        let far = if outlier.lower { above.clone().or(below.clone()) } else { above.clone() };
        let far_name = self.hidden("far");
        stage = self.define(stage, &far_name, Value::new(coalesce(vec![far, lit(false)]), Kind::Bool))?;
        if !outlier.remove {
            let bound = |bound: PlanExpr| Value::new(bound, Kind::Number).into_text();
            let mut case = when(above, bound(most));
            if outlier.lower {
                case = case.when(below, bound(least));
            }
            // Other values stay as they are written.
            let value = case.otherwise(value.into_text()).map_err(ours)?;
            stage = self.define(stage, &field.text, Value::new(value, Kind::Text))?;
        }
        let far = super::column(&far_name);
        if outlier.mark {
            let mark = format!("{}_outlier", field.text);
            stage = self.define(stage, &mark, Value::new(far.clone(), Kind::Bool))?;
            stage.output.add(&mark);
        }
        Ok((stage, far))
    }
}
