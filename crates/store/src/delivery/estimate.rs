//! How large records will be in an object, known before they are encoded.

use weir_record::FileFormat;

/// Bytes a record takes in an object, learned from the objects that were delivered.
///
/// Encoding twice would cost as much again as delivery itself, and what compresses to how much changes slowly. So the
/// size of an object is estimated from its records, on the safe side: the first guess is above what real traffic
/// takes, a larger size is believed at once and a smaller one slowly, and a tenth is added.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Estimate {
    bytes_a_record: f64,
}

/// In smaller objects the header, or the footer of Parquet, weighs too much.
const ENOUGH_RECORDS: u64 = 4096;
const MARGIN: f64 = 1.1;

impl Estimate {
    /// For records of so many fields.
    pub(super) fn new(file_format: FileFormat, fields: usize) -> Self {
        let (record, field) = match file_format {
            FileFormat::PlainText | FileFormat::Parquet | FileFormat::Json => (0.0, 4.0),
            FileFormat::Cef | FileFormat::Ocsf => (16.0, 6.0),
        };
        #[allow(clippy::cast_precision_loss, reason = "formats have some dozen fields")]
        let fields = fields as f64;
        Self { bytes_a_record: record + field * fields }
    }

    /// What these records add to an object.
    pub(super) fn bytes(self, records: usize) -> u64 {
        #[allow(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "an estimate of a size far below 2^52"
        )]
        let bytes = (records as f64 * self.bytes_a_record * MARGIN).ceil() as u64;
        bytes
    }

    /// An object of so many records and bytes was made.
    pub(super) fn learn(&mut self, records: u64, bytes: u64) {
        if records < ENOUGH_RECORDS {
            return;
        }
        #[allow(clippy::cast_precision_loss, reason = "objects are far below 2^52 bytes")]
        let actual = bytes as f64 / records as f64;
        let slowly = (3.0 * self.bytes_a_record + actual) / 4.0;
        self.bytes_a_record = actual.max(slowly);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn larger_is_believed_at_once_and_smaller_slowly() {
        let mut estimate = Estimate::new(FileFormat::PlainText, 14);
        let thousand = |estimate: Estimate| estimate.bytes(1_000) / 100;
        assert_eq!(thousand(estimate), 616, "56 bytes a record and a tenth");
        estimate.learn(10_000, 1_000_000);
        assert_eq!(thousand(estimate), 1_100);
        estimate.learn(10, 10);
        assert_eq!(thousand(estimate), 1_100, "too small to tell");
        estimate.learn(10_000, 200_000);
        assert_eq!(thousand(estimate), 880);
        for _ in 0..50 {
            estimate.learn(10_000, 200_000);
        }
        assert_eq!(thousand(estimate), 220);
    }
}
