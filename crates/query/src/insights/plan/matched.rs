//! Counts the events that pass: `recordsMatched`.

use std::{
    cmp::Ordering,
    collections::HashSet,
    fmt,
    hash::{Hash, Hasher},
    sync::Arc,
};

use async_trait::async_trait;
use datafusion::{
    catalog::Session,
    common::{DFSchemaRef, Result, internal_err, tree_node::TreeNodeRecursion},
    execution::{TaskContext, context::QueryPlanner},
    logical_expr::{
        Expr, Extension, LogicalPlan, LogicalPlanBuilder, UserDefinedLogicalNode, UserDefinedLogicalNodeCore,
        physical_planning_context::PhysicalPlanningContext,
    },
    physical_expr::PhysicalExpr,
    physical_plan::{
        DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties, SendableRecordBatchStream,
        stream::RecordBatchStreamAdapter,
    },
    physical_planner::{DefaultPhysicalPlanner, ExtensionPlanner, PhysicalPlanner},
};
use futures::StreamExt;

use super::ours;
use crate::insights::{InsightsError, run::Statistics};

/// The plan, with its rows counted as matched.
pub(super) fn counted(
    plan: LogicalPlanBuilder,
    statistics: &Arc<Statistics>,
) -> Result<LogicalPlanBuilder, InsightsError> {
    let input = plan.build().map_err(ours)?;
    let node: Arc<dyn UserDefinedLogicalNode> =
        Arc::new(Matched { input: Arc::new(input), statistics: Arc::clone(statistics) });
    Ok(LogicalPlanBuilder::from(LogicalPlan::Extension(Extension { node })))
}

/// Gives the rows that it is given.
#[derive(Clone)]
struct Matched {
    input: Arc<LogicalPlan>,
    statistics: Arc<Statistics>,
}

impl fmt::Debug for Matched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Matched")
    }
}

impl PartialEq for Matched {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.statistics, &other.statistics) && self.input == other.input
    }
}

impl Eq for Matched {}

impl Hash for Matched {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.input.hash(state);
    }
}

impl PartialOrd for Matched {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        self.input.partial_cmp(&other.input)
    }
}

impl UserDefinedLogicalNodeCore for Matched {
    fn name(&self) -> &str {
        "Matched"
    }

    fn inputs(&self) -> Vec<&LogicalPlan> {
        vec![&self.input]
    }

    fn schema(&self) -> &DFSchemaRef {
        self.input.schema()
    }

    fn expressions(&self) -> Vec<Expr> {
        Vec::new()
    }

    /// Every column: what is filtered behind it was matched.
    fn prevent_predicate_push_down_columns(&self) -> HashSet<String> {
        self.input.schema().fields().iter().map(|field| field.name().clone()).collect()
    }

    fn fmt_for_explain(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("Matched")
    }

    fn with_exprs_and_inputs(&self, _exprs: Vec<Expr>, mut inputs: Vec<LogicalPlan>) -> Result<Self> {
        match inputs.len() {
            1 => Ok(Self { input: Arc::new(inputs.swap_remove(0)), statistics: Arc::clone(&self.statistics) }),
            count => internal_err!("matched rows come from one input, not {count}"),
        }
    }

    fn necessary_children_exprs(&self, output_columns: &[usize]) -> Option<Vec<Vec<usize>>> {
        Some(vec![output_columns.to_vec()])
    }
}

/// Plans queries of this language.
#[derive(Debug)]
pub(in crate::insights) struct MatchedPlanner;

#[async_trait]
impl QueryPlanner for MatchedPlanner {
    async fn create_physical_plan(&self, plan: &LogicalPlan, session: &dyn Session) -> Result<Arc<dyn ExecutionPlan>> {
        let planner = DefaultPhysicalPlanner::with_extension_planners(vec![Arc::new(MatchedPlanner)]);
        planner.create_physical_plan(plan, session).await
    }
}

#[async_trait]
impl ExtensionPlanner for MatchedPlanner {
    async fn plan_extension(
        &self,
        _planner: &dyn PhysicalPlanner,
        node: &dyn UserDefinedLogicalNode,
        _logical_inputs: &[&LogicalPlan],
        physical_inputs: &[Arc<dyn ExecutionPlan>],
        _session: &dyn Session,
        _context: &PhysicalPlanningContext,
    ) -> Result<Option<Arc<dyn ExecutionPlan>>> {
        let (Some(matched), [input]) = (node.as_any().downcast_ref::<Matched>(), physical_inputs) else {
            return Ok(None);
        };
        Ok(Some(Arc::new(MatchedExec { input: Arc::clone(input), statistics: Arc::clone(&matched.statistics) })))
    }
}

struct MatchedExec {
    input: Arc<dyn ExecutionPlan>,
    statistics: Arc<Statistics>,
}

impl fmt::Debug for MatchedExec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MatchedExec")
    }
}

impl DisplayAs for MatchedExec {
    fn fmt_as(&self, _format: DisplayFormatType, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("MatchedExec")
    }
}

impl ExecutionPlan for MatchedExec {
    fn name(&self) -> &'static str {
        "MatchedExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        self.input.properties()
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn maintains_input_order(&self) -> Vec<bool> {
        vec![true]
    }

    fn benefits_from_input_partitioning(&self) -> Vec<bool> {
        vec![false]
    }

    fn with_new_children(self: Arc<Self>, mut children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        match children.len() {
            1 => Ok(Arc::new(Self { input: children.swap_remove(0), statistics: Arc::clone(&self.statistics) })),
            count => internal_err!("matched rows come from one input, not {count}"),
        }
    }

    fn apply_expressions(
        &self,
        _f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let statistics = Arc::clone(&self.statistics);
        let batches = self.input.execute(partition, context)?.inspect(move |batch| {
            if let Ok(batch) = batch {
                statistics.add_matched(batch.num_rows() as u64);
            }
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.input.schema(), batches)))
    }
}
