//! Any bytes as a capture file: reading ends, and a file that is cut gives the first frames of the whole one.

#![no_main]

use libfuzzer_sys::fuzz_target;
use weir_capture::pcap::PcapReader;
use weir_record::compression::{Compression, detect};

/// A compressed file may be a thousand times as large inside; longer ones only cost time.
const COMPRESSED_MAX: usize = 4096;

fuzz_target!(|input: &[u8]| {
    let [first, second, file @ ..] = input else { return };
    if detect(file) != Compression::None && file.len() > COMPRESSED_MAX {
        return;
    }
    let whole = frames(file);
    let cut = usize::from(u16::from_be_bytes([*first, *second])) % (file.len() + 1);
    let part = frames(&file[..cut]);
    if detect(file) == Compression::None {
        assert!(part.len() <= whole.len(), "{} frames, not {}", part.len(), whole.len());
    }
    // Damaged compression may end either of them earlier, but not change it.
    let both = part.len().min(whole.len());
    assert_eq!(part[..both], whole[..both]);
});

/// Time, interface and bytes of every frame, also of those behind damage that can be stepped over.
fn frames(file: &[u8]) -> Vec<(u64, u32, Vec<u8>)> {
    let Ok(mut reader) = PcapReader::new(file) else { return Vec::new() };
    let mut found = Vec::new();
    let mut position = 0;
    loop {
        match reader.next_frame() {
            Ok(Some(frame)) => {
                assert!(frame.data.len() <= frame.wire_len as usize);
                let _ = frame.parse();
                found.push((frame.time_ns, frame.interface.index, frame.data.to_vec()));
            }
            Ok(None) => return found,
            Err(error) => assert!(!error.to_string().is_empty()),
        }
        assert!(reader.position() >= position, "never backwards");
        position = reader.position();
    }
}
