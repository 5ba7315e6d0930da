//! What a query has found while it still reads: rows are known in their order only when all of them are.

use std::sync::{Arc, Mutex, PoisonError};

use datafusion::{
    arrow::{
        array::{ArrayRef, AsArray as _},
        compute::{SortColumn, SortOptions, concat_batches, lexsort_to_indices, take_record_batch},
        error::ArrowError,
        record_batch::RecordBatch,
    },
    logical_expr::SortExpr,
};

/// Rows that are kept at most.
const MOST: usize = 1000;

/// The first rows that a query found.
#[derive(Debug)]
pub(super) struct Seen {
    /// Where the columns begin that the answer is sorted by.
    keys: usize,
    order: Vec<SortOptions>,
    /// How many rows the answer has at most.
    limit: usize,
    batches: Mutex<Vec<RecordBatch>>,
}

impl Seen {
    /// Of rows whose last columns, from this place on, are what they are sorted by, and so many of which are asked for.
    pub(super) fn new(keys: usize, order: &[SortExpr], limit: Option<usize>) -> Self {
        let options = |key: &SortExpr| SortOptions { descending: !key.asc, nulls_first: key.nulls_first };
        Self {
            keys,
            order: order.iter().map(options).collect(),
            limit: limit.unwrap_or(MOST),
            batches: Mutex::default(),
        }
    }

    /// What keeps rows.
    pub(super) fn tap(self: &Arc<Self>) -> Arc<dyn Fn(&RecordBatch) + Send + Sync> {
        let seen = Arc::clone(self);
        Arc::new(move |batch| seen.add(batch))
    }

    fn add(&self, batch: &RecordBatch) {
        let mut batches = self.batches.lock().unwrap_or_else(PoisonError::into_inner);
        let room = MOST.saturating_sub(batches.iter().map(RecordBatch::num_rows).sum());
        if room > 0 && batch.num_rows() > 0 {
            batches.extend(compact(&batch.slice(0, room.min(batch.num_rows()))));
        }
    }

    /// The rows so far, sorted; none when there are none.
    pub(super) fn sorted(&self) -> Result<Option<RecordBatch>, ArrowError> {
        let batches = self.batches.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let Some(first) = batches.first() else { return Ok(None) };
        let rows = concat_batches(&first.schema(), &batches)?;
        if self.order.is_empty() {
            return Ok(Some(rows.slice(0, self.limit.min(rows.num_rows()))));
        }
        let key =
            |(column, options): (_, &SortOptions)| SortColumn { values: Arc::clone(column), options: Some(*options) };
        let keys: Vec<SortColumn> = rows.columns().iter().skip(self.keys).zip(&self.order).map(key).collect();
        take_record_batch(&rows, &lexsort_to_indices(&keys, Some(self.limit))?).map(Some)
    }
}

/// The same rows, without the texts of those that were filtered out: they would be kept beside the query's limit of memory.
fn compact(batch: &RecordBatch) -> Result<RecordBatch, ArrowError> {
    let column = |column: &ArrayRef| -> ArrayRef {
        match column.as_string_view_opt() {
            Some(texts) => Arc::new(texts.gc()),
            None => Arc::clone(column),
        }
    };
    RecordBatch::try_new(batch.schema(), batch.columns().iter().map(column).collect())
}
