//! The plan of a scan: each thread reads its part of the log groups, piece by piece.

use std::{
    collections::BTreeSet,
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use datafusion::{
    arrow::{
        array::AsArray,
        datatypes::SchemaRef,
        record_batch::{RecordBatch, RecordBatchOptions},
    },
    common::{Result, internal_err, tree_node::TreeNodeRecursion},
    error::DataFusionError,
    execution::TaskContext,
    physical_expr::{
        EquivalenceProperties, PhysicalExpr,
        utils::{collect_columns, reassign_expr_columns},
    },
    physical_plan::{
        DisplayAs, DisplayFormatType, ExecutionPlan, Partitioning, PlanProperties, SendableRecordBatchStream,
        execution_plan::{Boundedness, EmissionType, SchedulingType},
        stream::RecordBatchStreamAdapter,
    },
};
use futures::stream;
use weir_store::logs::{Events, Scan};

use super::{
    Column, EventTable,
    columns::{Origin, build},
};
use crate::insights::run::Statistics;

/// Reads events, and gives those that a predicate holds for.
pub(super) struct EventScan {
    part: Arc<Part>,
    /// What each thread reads, until it does.
    scans: Vec<Mutex<Option<(Scan, Origin)>>>,
    properties: Arc<PlanProperties>,
}

/// What all threads share.
struct Part {
    output: Vec<Column>,
    schema: SchemaRef,
    /// The predicate, its columns, and their schema.
    filter: Option<(Arc<dyn PhysicalExpr>, Vec<Column>, SchemaRef)>,
    statistics: Arc<Statistics>,
}

impl EventScan {
    /// `predicate` is over the whole table. At most so many threads read a log group.
    pub(super) fn new(
        table: &EventTable,
        projection: &[usize],
        predicate: Option<Arc<dyn PhysicalExpr>>,
        scans: Vec<Scan>,
        threads: usize,
    ) -> Result<Self> {
        let of = |places: &[usize]| places.iter().filter_map(|place| table.columns.get(*place).cloned()).collect();
        let output: Vec<Column> = of(projection);
        let schema = Arc::new(table.schema.project(projection)?);
        let filter = match predicate {
            Some(predicate) => {
                let places: BTreeSet<usize> = collect_columns(&predicate).iter().map(|column| column.index()).collect();
                let places: Vec<usize> = places.into_iter().collect();
                let schema = Arc::new(table.schema.project(&places)?);
                Some((reassign_expr_columns(predicate, &schema)?, of(&places), schema))
            }
            None => None,
        };
        let columns = output.iter().chain(filter.iter().flat_map(|(_, columns, _)| columns));
        let needed = Column::needed(columns);
        let mut parts = Vec::new();
        for ((scan, group), number) in scans.into_iter().zip(table.extent.groups.iter()).zip(0..) {
            let origin = Origin { group: number, log: format!("{}:{group}", table.account).into() };
            let scan = match &needed {
                Some(fields) => scan.with_fields(fields),
                None => scan,
            };
            parts.extend(scan.split(threads).into_iter().map(|scan| Mutex::new(Some((scan, origin.clone())))));
        }
        let properties = PlanProperties::new(
            EquivalenceProperties::new(Arc::clone(&schema)),
            Partitioning::UnknownPartitioning(parts.len()),
            EmissionType::Incremental,
            Boundedness::Bounded,
        )
        .with_scheduling_type(SchedulingType::NonCooperative);
        let part = Part { output, schema, filter, statistics: Arc::clone(&table.statistics) };
        Ok(Self { part: Arc::new(part), scans: parts, properties: Arc::new(properties) })
    }
}

impl Part {
    /// The rows of some events that are wanted.
    fn rows(&self, events: &Events, origin: &Origin) -> Result<RecordBatch> {
        let Some((predicate, columns, schema)) = &self.filter else { return self.output(events, origin) };
        let options = RecordBatchOptions::new().with_row_count(Some(events.len()));
        let seen = build(columns.iter(), events, origin)?;
        let seen = RecordBatch::try_new_with_options(Arc::clone(schema), seen, &options)?;
        let found = predicate.evaluate(&seen)?.into_array(events.len())?;
        let values = found.as_boolean().values();
        let holds = found.nulls().map_or_else(|| values.clone(), |known| values & known.inner());
        self.output(&events.filtered(&holds)?, origin)
    }

    fn output(&self, events: &Events, origin: &Origin) -> Result<RecordBatch> {
        let options = RecordBatchOptions::new().with_row_count(Some(events.len()));
        let columns = build(self.output.iter(), events, origin)?;
        Ok(RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns, &options)?)
    }

    /// The rows of the next events.
    fn next(&self, (scan, origin): &mut (Scan, Origin)) -> Option<Result<RecordBatch>> {
        let before = scan.bytes();
        let events = match scan.next()? {
            Ok(events) => events,
            Err(error) => return Some(Err(DataFusionError::External(Box::new(error)))),
        };
        self.statistics.add_scanned(events.len() as u64, scan.bytes() - before);
        Some(self.rows(&events, origin))
    }
}

impl fmt::Debug for EventScan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventScan").field("columns", &self.part.output).finish_non_exhaustive()
    }
}

impl DisplayAs for EventScan {
    fn fmt_as(&self, _format: DisplayFormatType, f: &mut fmt::Formatter) -> fmt::Result {
        let columns: Vec<&str> = self.part.schema.fields().iter().map(|field| field.name().as_str()).collect();
        write!(f, "EventScan: threads={}, columns=[{}]", self.scans.len(), columns.join(", "))?;
        match &self.part.filter {
            Some((predicate, _, _)) => write!(f, ", predicate={predicate}"),
            None => Ok(()),
        }
    }
}

impl ExecutionPlan for EventScan {
    fn name(&self) -> &'static str {
        "EventScan"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        Vec::new()
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        if children.is_empty() { Ok(self) } else { internal_err!("a scan of log groups has no inputs") }
    }

    fn apply_expressions(
        &self,
        f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        self.part.filter.as_ref().map_or(Ok(TreeNodeRecursion::Continue), |(predicate, _, _)| f(predicate))
    }

    fn execute(&self, partition: usize, _context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let scan = self.scans.get(partition).map(|scan| scan.lock().unwrap_or_else(PoisonError::into_inner).take());
        let Some(Some(mut scan)) = scan else {
            return internal_err!("part {partition} of a scan of log groups is not there, or was read before");
        };
        let part = Arc::clone(&self.part);
        let batches = std::iter::from_fn(move || part.next(&mut scan));
        Ok(Box::pin(RecordBatchStreamAdapter::new(Arc::clone(&self.part.schema), stream::iter(batches))))
    }
}
