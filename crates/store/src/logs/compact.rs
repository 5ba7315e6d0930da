//! Segments: made of what is in memory, merged, dropped when their time is over.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    rc::Rc,
    sync::Arc,
};

use arrow::compute::interleave_record_batch;
use weir_record::Format;

use super::{
    Committed, EventKey, Events, LogStore, LogsError,
    groups::Group,
    limits::expiry,
    merge::{Direction, Loaded, Merge, Piece, Select},
    queue::lock,
    segment::{Segment, SegmentWriter, Summary},
    tables::{exchange, write_stream},
};

/// Events that are written to a segment at a time.
const CHUNK_ROWS: usize = if cfg!(test) { 5 } else { 8192 };
/// When the next poll is wanted, in milliseconds.
const POLL: i64 = 1_000;

/// What a new segment is made of, for one format.
struct Material {
    format: Option<Format>,
    pieces: Vec<Piece>,
    stored_bytes: u64,
}

impl Material {
    /// All of these segments, which have one format.
    fn of(segments: &[Arc<Segment>]) -> Self {
        let everything = (EventKey::at(0), EventKey::last_at(EventKey::LATEST));
        Self {
            format: segments.first().and_then(|segment| segment.summary.format.clone()),
            pieces: segments.iter().map(|segment| Piece::segment(Arc::clone(segment), everything)).collect(),
            stored_bytes: segments.iter().map(|segment| segment.summary.stored_bytes).sum(),
        }
    }
}

impl LogStore {
    /// Does what is due: makes segments, merges them, drops what has expired, removes append-log files that are no longer
    /// needed. Says when it wants to be called again, Unix milliseconds.
    ///
    /// What fails is counted, and tried again at the next call.
    pub fn poll(&self, now: i64) -> i64 {
        let steps: [&dyn Fn() -> Result<(), LogsError>; 4] =
            [&|| self.segment_due(now), &|| self.merge_due(), &|| self.expire(now), &|| self.release()];
        let mut failure = None;
        for step in steps {
            if let Err(error) = step() {
                failure = Some(error.to_string());
            }
        }
        lock(&self.failures).upkeep = failure;
        now.saturating_add(POLL)
    }

    /// Makes segments of everything in memory; for a clean end, and for tests.
    ///
    /// # Errors
    /// When the disk refuses; what is not in segments is in the append log.
    pub fn flush(&self) -> Result<(), LogsError> {
        let _segmenting = lock(&self.segmenting);
        while let Some(group) = self.largest_group() {
            self.segment_group(group)?;
        }
        self.release()
    }

    /// Makes segments when too much is in memory: whoever appends faster than [`poll`](Self::poll) works does the work.
    pub(super) fn make_room(&self) -> Result<(), LogsError> {
        if lock(&self.groups).memory <= self.options.memory_limit {
            return Ok(());
        }
        let _segmenting = lock(&self.segmenting);
        while lock(&self.groups).memory > self.options.memory_limit {
            let Some(group) = self.largest_group() else { break };
            self.segment_group(group)?;
        }
        // Files that stay are no reason to refuse an append.
        self.release().or_else(|error| {
            lock(&self.failures).upkeep = Some(error.to_string());
            Ok(())
        })
    }

    fn segment_due(&self, now: i64) -> Result<(), LogsError> {
        let _segmenting = lock(&self.segmenting);
        let old = |group: &Group| {
            let oldest = group.recent.front().map(|recent| recent.batch.ingestion_time);
            oldest.is_some_and(|oldest| now.abs_diff(oldest) >= self.options.segment_age.unsigned_abs())
        };
        let is_due = |group: &&Group| old(group) || group.memory() >= self.options.segment_memory;
        let due: Vec<i64> = lock(&self.groups).iter().filter(is_due).map(|group| group.id).collect();
        due.into_iter().try_for_each(|group| self.segment_group(group))
    }

    fn largest_group(&self) -> Option<i64> {
        let groups = lock(&self.groups);
        let largest = groups.iter().max_by_key(|group| group.memory());
        largest.filter(|group| !group.recent.is_empty()).map(|group| group.id)
    }

    /// Makes segments of a group's oldest batches, one for each format.
    fn segment_group(&self, group: i64) -> Result<(), LogsError> {
        let batches = self.oldest_batches(group);
        let Some(last) = batches.last().map(|(batch, _)| batch.position) else { return Ok(()) };
        let mut by_format: BTreeMap<Option<String>, Material> = BTreeMap::new();
        for (batch, stored_bytes) in batches {
            let format = batch.records.as_ref().map(|records| records.format.clone());
            let material = by_format.entry(format.as_ref().map(ToString::to_string)).or_insert_with(|| Material {
                format,
                pieces: Vec::new(),
                stored_bytes: 0,
            });
            material.pieces.extend(Piece::batch(batch));
            material.stored_bytes += stored_bytes;
        }
        self.replace(group, by_format.into_values().collect(), &[], Some(last))
    }

    /// A group's oldest batches with what their messages count, as many as make a segment.
    fn oldest_batches(&self, group: i64) -> Vec<(Arc<Committed>, u64)> {
        let groups = lock(&self.groups);
        let mut memory = 0;
        let recent = groups.by_id(group).into_iter().flat_map(|group| &group.recent).take_while(|recent| {
            let wanted = memory < self.options.segment_memory;
            memory += recent.memory;
            wanted
        });
        recent.map(|recent| (Arc::clone(&recent.batch), recent.stored_bytes)).collect()
    }

    /// Merges segments until no group has many of about the same size. What cannot be merged holds up no other.
    fn merge_due(&self) -> Result<(), LogsError> {
        let _merging = lock(&self.merging);
        let mut failed = BTreeSet::new();
        let mut outcome = Ok(());
        while let Some((group, segments)) = self.mergeable(&failed) {
            let old: Vec<i64> = segments.iter().map(|segment| segment.summary.number).collect();
            if let Err(error) = self.replace(group, vec![Material::of(&segments)], &old, None) {
                failed.extend(old);
                outcome = Err(error);
            }
        }
        outcome
    }

    /// Segments of a group that are to become one, without those that could not be merged.
    fn mergeable(&self, failed: &BTreeSet<i64>) -> Option<(i64, Vec<Arc<Segment>>)> {
        let groups = lock(&self.groups);
        groups.iter().find_map(|group| {
            let mut tiers: BTreeMap<_, Vec<&Arc<Segment>>> = BTreeMap::new();
            let small =
                |summary: &Summary| summary.rows < self.options.merge_rows / 2 && !failed.contains(&summary.number);
            for segment in group.segments.iter().filter(|segment| small(&segment.summary)) {
                let format = segment.summary.format.as_ref().map(ToString::to_string);
                // Of about the same size: up to eight times the smallest.
                tiers.entry((format, segment.summary.rows.max(1).ilog2() / 3)).or_default().push(segment);
            }
            let full = tiers.into_values().find(|tier| tier.len() >= self.options.merge_segments.max(2))?;
            Some((group.id, full.into_iter().take(self.options.merge_segments.max(2)).cloned().collect()))
        })
    }

    /// Drops the segments whose events have all expired, if the clock can be believed.
    fn expire(&self, now: i64) -> Result<(), LogsError> {
        let mut clock = lock(&self.merging);
        let Some(now) = clock.believe(now) else { return Ok(()) };
        let expired = |group: &Group| {
            let before = expiry(group.retention_days, now)?;
            let over = group.segments.iter().filter(|segment| segment.summary.times.1 < before);
            let over: Vec<_> = over.map(|segment| (segment.summary.number, segment.summary.rows)).collect();
            (!over.is_empty()).then_some((group.id, over))
        };
        let expired: Vec<_> = lock(&self.groups).iter().filter_map(expired).collect();
        for (group, segments) in expired {
            let old: Vec<i64> = segments.iter().map(|(number, _)| *number).collect();
            self.replace(group, Vec::new(), &old, None)?;
            lock(&self.counters).expired_events += segments.iter().map(|(_, rows)| rows).sum::<u64>();
        }
        Ok(())
    }

    /// Removes append-log files whose batches are all in segments, and settled by the tap.
    fn release(&self) -> Result<(), LogsError> {
        let settled = self.tap.settled();
        // Held so that nothing is written meanwhile: what is not published yet is in the last file, which stays.
        let mut journal = lock(&self.journal);
        let groups = lock(&self.groups);
        let oldest = groups.iter().filter_map(|group| group.recent.front()).map(|recent| recent.batch.position).min();
        drop(groups);
        let segmented = oldest.unwrap_or(journal.next()).saturating_sub(1);
        journal.release(segmented.min(settled))
    }

    /// Writes segments, and puts them in the place of old ones and of batches in memory: in one transaction, so that a
    /// crash leaves the one or the other.
    fn replace(
        &self,
        group: i64,
        material: Vec<Material>,
        old: &[i64],
        segmented: Option<u64>,
    ) -> Result<(), LogsError> {
        let folder = self.group_folder(group);
        let mut new = NewSegments(Vec::new());
        for material in material {
            if let Some(summary) = self.write_segment(group, &folder, material)? {
                new.0.push(Arc::new(Segment::new(&folder, summary)));
            }
        }
        let summaries: Vec<Summary> = new.0.iter().map(|segment| segment.summary.clone()).collect();
        let streams = lock(&self.groups).changed_streams(group);
        let there = self.catalogue.change(|transaction| {
            for (name, stream) in &streams {
                write_stream(transaction, group, name, stream)?;
            }
            exchange(transaction, group, &summaries, old, segmented)
        })?;
        if there {
            lock(&self.counters).segments += summaries.len() as u64;
            let mut groups = lock(&self.groups);
            groups.exchange(group, std::mem::take(&mut new.0), old, segmented);
            groups.streams_are_kept(group, &streams);
        }
        Ok(())
    }

    /// Writes a segment; `None` when nothing of the material is left.
    fn write_segment(&self, group: i64, folder: &Path, material: Material) -> Result<Option<Summary>, LogsError> {
        let number = {
            let mut next = lock(&self.next_segment);
            *next += 1;
            *next - 1
        };
        let deleted = lock(&self.groups).by_id(group).map(|group| group.deleted_streams.clone()).unwrap_or_default();
        let select = |loaded: &Loaded| {
            let rows = (0_u32..).take(loaded.events.len());
            Ok(rows.filter(|row| !deleted.had_event(&loaded.events, *row as usize)).collect())
        };
        let mut writer = SegmentWriter::create(folder, number, material.format.as_ref())?;
        let counts = write_sorted(&mut writer, material.pieces, material.format.as_ref(), &select)?;
        if counts.written == 0 {
            return Ok(None);
        }
        // Of events that were deleted with their stream the bytes are not known: they count as the others do.
        let share = u128::from(material.stored_bytes) * u128::from(counts.written) / u128::from(counts.examined);
        writer.finish(u64::try_from(share).unwrap_or(material.stored_bytes)).map(Some)
    }
}

/// Segments that are in the catalogue soon; dropped before, their files go.
struct NewSegments(Vec<Arc<Segment>>);

impl Drop for NewSegments {
    fn drop(&mut self) {
        self.0.iter().for_each(|segment| segment.drop_file());
    }
}

struct Counts {
    written: u64,
    examined: u64,
}

/// Writes the selected events of all pieces in their order.
fn write_sorted(
    writer: &mut SegmentWriter,
    pieces: Vec<Piece>,
    format: Option<&Format>,
    select: &Select<'_>,
) -> Result<Counts, LogsError> {
    let mut merge = Merge::new(pieces, Direction::Forward, select);
    let mut written = 0;
    let mut rows = Vec::with_capacity(CHUNK_ROWS);
    loop {
        let next = merge.next().transpose()?;
        let ended = next.is_none();
        rows.extend(next);
        if rows.len() == CHUNK_ROWS || (ended && !rows.is_empty()) {
            writer.write(&gather(&rows, format)?)?;
            written += rows.len() as u64;
            rows.clear();
        }
        if ended {
            return Ok(Counts { written, examined: merge.examined });
        }
    }
}

/// The rows as one batch.
fn gather(rows: &[(Rc<Loaded>, usize)], format: Option<&Format>) -> Result<Events, LogsError> {
    let mut places: BTreeMap<*const Loaded, usize> = BTreeMap::new();
    let mut batches = Vec::new();
    let mut indices = Vec::with_capacity(rows.len());
    for (loaded, row) in rows {
        let place = *places.entry(Rc::as_ptr(loaded)).or_insert_with(|| {
            batches.push(loaded.events.columns());
            batches.len() - 1
        });
        indices.push((place, *row));
    }
    let batch = interleave_record_batch(&batches, &indices).map_err(LogsError::columns("merge", "events"))?;
    Ok(Events::new(batch, format.cloned()))
}
