//! The scan of text and JSON objects: each thread reads its objects one after another, inflates
//! them (whole unless they are large), decodes the columns that the query needs, and drops the rows it does not.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{Result, internal_err};
use datafusion::error::DataFusionError;
use datafusion::execution::TaskContext;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::execution::runtime_env::RuntimeEnv;
use datafusion::physical_expr::utils::{collect_columns, reassign_expr_columns};
use datafusion::physical_expr::{EquivalenceProperties, PhysicalExpr};
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType, SchedulingType};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, Partitioning, PlanProperties, SendableRecordBatchStream,
};
use futures::{StreamExt, TryStreamExt, stream};
use object_store::ObjectStore;
use weir_store::Buckets;

use super::selection::Selection;
use super::unit::{Content, Decode};
use super::{Copies, Opened, SharedTexts, Unit};
use crate::error::{Code, Error};
use crate::lazy;
use crate::progress::Progress;

/// What every scan of a query shares.
#[derive(Debug)]
pub(crate) struct ScanContext {
    pub(crate) buckets: Buckets,
    pub(crate) progress: Arc<Progress>,
    pub(crate) skip_bad_objects: bool,
    pub(crate) opened: Arc<Opened>,
    pub(crate) texts: SharedTexts,
    /// Columnar copies of text, if they are kept.
    pub(crate) copies: Option<Arc<Copies>>,
}

impl ScanContext {
    /// Makes a store known to DataFusion, which finds stores by URL.
    pub(super) fn store_url(&self, store: &Arc<dyn ObjectStore>, runtime: &RuntimeEnv) -> Result<ObjectStoreUrl> {
        let address = Arc::as_ptr(store).cast::<()>() as usize;
        let url = ObjectStoreUrl::parse(format!("place://at-{address:x}"))?;
        runtime.register_object_store(url.as_ref(), Arc::clone(store));
        Ok(url)
    }
}

/// The plan of a scan.
#[derive(Debug)]
pub(super) struct TextScan {
    selection: Arc<Selection>,
    partitions: Vec<Arc<Vec<Unit>>>,
    limit: Option<usize>,
    context: Arc<ScanContext>,
    properties: Arc<PlanProperties>,
}

impl TextScan {
    /// `schema` is the whole table, its first `data_columns` columns are in the objects;
    /// `predicate` is over the whole table.
    pub(super) fn try_new(
        schema: SchemaRef,
        data_columns: usize,
        projection: &[usize],
        predicate: Option<Arc<dyn PhysicalExpr>>,
        partitions: Vec<Vec<Unit>>,
        limit: Option<usize>,
        context: Arc<ScanContext>,
    ) -> Result<Self> {
        let filtered: BTreeSet<usize> =
            predicate.iter().flat_map(collect_columns).map(|column| column.index()).collect();
        let needed: Vec<usize> =
            filtered.iter().copied().chain(projection.iter().copied()).collect::<BTreeSet<_>>().into_iter().collect();
        let needed_schema = Arc::new(schema.project(&needed)?);
        let output = Arc::new(schema.project(projection)?);
        let predicate = predicate.map(|predicate| lazy::condition(&predicate, &schema)).transpose()?;
        let predicate = predicate.map(|p| reassign_expr_columns(p, &needed_schema)).transpose()?;
        let place_of = |column: &usize| needed.binary_search(column).unwrap_or_default();
        let selection = Selection {
            output_columns: projection.iter().map(place_of).collect(),
            output: Arc::clone(&output),
            needed,
            needed_schema,
            table: schema,
            data_columns,
            predicate,
        };
        context.texts.expect(partitions.iter().flatten());
        let properties = PlanProperties::new(
            EquivalenceProperties::new(output),
            Partitioning::UnknownPartitioning(partitions.len()),
            EmissionType::Incremental,
            Boundedness::Bounded,
        )
        .with_scheduling_type(SchedulingType::NonCooperative);
        Ok(TextScan {
            selection: Arc::new(selection),
            partitions: partitions.into_iter().map(Arc::new).collect(),
            limit,
            context,
            properties: Arc::new(properties),
        })
    }
}

impl DisplayAs for TextScan {
    fn fmt_as(&self, _format: DisplayFormatType, f: &mut fmt::Formatter) -> fmt::Result {
        let objects: usize = self.partitions.iter().map(|units| units.len()).sum();
        write!(f, "TextScan: objects={objects}, threads={}", self.partitions.len())?;
        let columns: Vec<&str> = self.selection.output.fields().iter().map(|f| f.name().as_str()).collect();
        write!(f, ", columns=[{}]", columns.join(", "))?;
        if let Some(predicate) = &self.selection.predicate {
            write!(f, ", predicate={predicate}")?;
        }
        self.limit.map_or(Ok(()), |limit| write!(f, ", limit={limit}"))
    }
}

impl ExecutionPlan for TextScan {
    fn name(&self) -> &'static str {
        "TextScan"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        Vec::new()
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        if children.is_empty() { Ok(self) } else { internal_err!("a text scan has no inputs") }
    }

    fn apply_expressions(
        &self,
        f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        self.selection.predicate.as_ref().map_or(Ok(TreeNodeRecursion::Continue), f)
    }

    fn execute(&self, partition: usize, _context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let Some(units) = self.partitions.get(partition) else {
            return internal_err!("a text scan has no partition {partition}");
        };
        let (selection, context) = (Arc::clone(&self.selection), Arc::clone(&self.context));
        let (selecting, reading) = (Arc::clone(&selection), Arc::clone(&context));
        let batches = stream::iter(units.as_ref().clone())
            .map(move |unit| read(unit, Arc::clone(&selecting), Arc::clone(&reading)))
            .buffered(READ_AHEAD)
            .map_ok(move |read| match read {
                Some((unit, content)) => {
                    stream::iter(Decode::new(unit, content, Arc::clone(&selection), Arc::clone(&context))).boxed()
                }
                None => stream::empty().boxed(),
            })
            .try_flatten()
            .map_err(Error::into_datafusion);
        let batches = match self.limit {
            Some(limit) => cut(batches.boxed(), limit).boxed(),
            None => batches.boxed(),
        };
        Ok(Box::pin(RecordBatchStreamAdapter::new(Arc::clone(&self.selection.output), batches)))
    }
}

/// Objects in memory at a time, for each thread: the one that is decoded and the next.
const READ_AHEAD: usize = 2;

/// Local files above this size are read part by part, in bytes; they may be plain text.
pub(super) const LARGE: u64 = 64 << 20;

/// What the object holds; `None` when it cannot be read and is to be left out.
async fn read(
    unit: Unit,
    selection: Arc<Selection>,
    context: Arc<ScanContext>,
) -> Result<Option<(Unit, Content)>, Error> {
    if let Some(copies) = &context.copies
        && let Some(format) = selection.line_format(&unit.format)?
        && let Some(copy) = copies.reader(&unit.object, &format)
    {
        return Ok(Some((unit, Content::Copy(Box::new(copy)))));
    }
    if let Some(path) = unit.object.file.clone().filter(|_| unit.object.size() > LARGE) {
        return Ok(Some((unit, Content::File(path))));
    }
    match unit.place.read(&unit.object).await {
        Ok(bytes) => {
            context.progress.add_bytes(bytes.len() as u64);
            Ok(Some((unit, Content::Bytes(bytes))))
        }
        Err(error) if context.skip_bad_objects => {
            context.progress.add_bad_object(unit.object.name.to_string(), error.to_string(), false);
            Ok(None)
        }
        Err(error) => Err(Error::new(Code::BadObject, format!("{error}; `--skip-bad-objects` reads the rest"))),
    }
}

type Batches = stream::BoxStream<'static, Result<RecordBatch, DataFusionError>>;

/// The first `limit` rows.
fn cut(batches: Batches, limit: usize) -> impl futures::Stream<Item = Result<RecordBatch, DataFusionError>> + Send {
    stream::try_unfold((batches, limit), async |(mut batches, left)| {
        if left == 0 {
            return Ok(None);
        }
        Ok(batches.try_next().await?.map(|batch| {
            let batch = if batch.num_rows() > left { batch.slice(0, left) } else { batch };
            let left = left - batch.num_rows();
            (batch, (batches, left))
        }))
    })
}
