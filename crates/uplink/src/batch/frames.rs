//! The frames of an Arrow IPC stream: a marker, the length of the message, the message, and its body.

use arrow::ipc::{Message, MessageHeader, root_as_message};

use super::ROWS_LIMIT;
use crate::UplinkError;

const MARKER: [u8; 4] = [0xff; 4];

/// Checks that every length in the stream is one that the stream has, and that there is nothing in it but a schema,
/// plain record batches, and the end.
pub(super) fn check(stream: &[u8]) -> Result<(), UplinkError> {
    let mut rest = stream;
    let mut first = true;
    while let Some((message, after)) = frame(rest)? {
        check_message(&message, first)?;
        rest = after;
        first = false;
    }
    if first { Err(UplinkError::batch("it is empty")) } else { Ok(()) }
}

/// The first message, and what follows its body; none at the end of the stream.
fn frame(stream: &[u8]) -> Result<Option<(Message<'_>, &[u8])>, UplinkError> {
    let (marker, rest) = split(stream, 4)?;
    let (length, rest) = split(rest, 4)?;
    if marker != MARKER {
        return Err(UplinkError::batch("it is no Arrow IPC stream"));
    }
    let length = length.try_into().map_or(0, u32::from_le_bytes);
    if length == 0 {
        return if rest.is_empty() { Ok(None) } else { Err(UplinkError::batch("something follows its end")) };
    }
    let (message, rest) = split(rest, u64::from(length))?;
    let message =
        root_as_message(message).map_err(|error| UplinkError::batch(format_args!("a damaged message: {error}")))?;
    let length = u64::try_from(message.bodyLength()).map_err(|_| UplinkError::batch("a body of negative length"))?;
    let (_, rest) = split(rest, length)?;
    Ok(Some((message, rest)))
}

fn split(bytes: &[u8], at: u64) -> Result<(&[u8], &[u8]), UplinkError> {
    let split = usize::try_from(at).ok().and_then(|at| bytes.split_at_checked(at));
    split.ok_or_else(|| UplinkError::batch("it ends too early"))
}

fn check_message(message: &Message<'_>, first: bool) -> Result<(), UplinkError> {
    match (message.header_type(), first) {
        (MessageHeader::Schema, true) => Ok(()),
        (MessageHeader::RecordBatch, false) => check_batch(message),
        (kind, _) => Err(UplinkError::batch(format_args!("unexpected {kind:?}"))),
    }
}

fn check_batch(message: &Message<'_>) -> Result<(), UplinkError> {
    let batch = message.header_as_record_batch().ok_or_else(|| UplinkError::batch("a record batch without header"))?;
    if batch.compression().is_some() {
        return Err(UplinkError::batch("its buffers are compressed once more"));
    }
    let rows = u64::try_from(batch.length()).unwrap_or(u64::MAX);
    if rows > ROWS_LIMIT {
        return Err(UplinkError::TooLarge { what: "records", limit: ROWS_LIMIT });
    }
    let lengths = batch.nodes().into_iter().flatten().map(|node| node.length());
    let buffers = batch.buffers().into_iter().flatten().map(|buffer| (buffer.offset(), buffer.length()));
    let inside = |(offset, length): (i64, i64)| {
        offset >= 0 && length >= 0 && offset.checked_add(length).is_some_and(|end| end <= message.bodyLength())
    };
    if lengths.into_iter().any(|length| length != batch.length()) || !buffers.into_iter().all(inside) {
        return Err(UplinkError::batch("its lengths contradict each other"));
    }
    Ok(())
}
