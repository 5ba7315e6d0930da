//! Log groups: streams of events, appended, kept, read.

mod event;

pub use event::{Committed, InputEvent, Records, Tap};
