//! Any text as an object key: what is taken is written back the same, what is refused has a place.

#![no_main]

use libfuzzer_sys::fuzz_target;
use weir_record::{ObjectKey, publish_interval};

fuzz_target!(|text: &str| {
    match text.parse::<ObjectKey>() {
        Ok(key) => {
            assert_eq!(key.to_string(), text);
            assert_eq!(key.time(), publish_interval(key.time()));
            assert!(text.starts_with(&key.prefix().all()) && text.starts_with(&key.prefix().day(key.time())));
            let made = key.prefix().key(key.flow_log_id(), key.time(), key.hash(), key.file_format());
            assert_eq!(made.as_ref(), Ok(&key));
        }
        Err(error) => assert!(error.column >= 1 && error.column <= text.len() + 1, "{error}"),
    }
});
