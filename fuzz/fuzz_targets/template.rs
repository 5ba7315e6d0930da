//! Any text as a template of CloudFormation, in JSON or YAML: read, checked, evaluated. What is refused is refused as the
//! caller's mistake.

#![no_main]

use libfuzzer_sys::fuzz_target;
use weir_fuzz::services::cloudformation::try_template;

fuzz_target!(|text: &str| {
    match try_template(text) {
        Ok(resources) => assert!(resources <= 500),
        Err(error) => {
            assert_eq!((error.code.as_ref(), error.status), ("ValidationError", 400), "{}", error.message);
            assert!(!error.message.is_empty());
        }
    }
});
