//! Steps, and what is said of each.

use std::{
    thread,
    time::{Duration, Instant},
};

use anyhow::{Result, anyhow};

use super::aws::Aws;
use crate::clock;

/// How long what must come by itself may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often is looked.
const LOOK: Duration = Duration::from_millis(100);

/// Steps, one after another.
pub struct Story {
    pub aws: Aws,
    steps: u32,
    begun: Instant,
}

impl Story {
    pub fn new(aws: Aws) -> Self {
        Self { aws, steps: 0, begun: clock::steady() }
    }

    /// Does a step, and says what was expected, what was seen, and how long it took.
    ///
    /// # Errors
    /// What was seen instead.
    pub fn step<T>(&mut self, expected: &str, work: impl FnOnce(&Aws) -> Result<(T, String)>) -> Result<T> {
        self.steps += 1;
        let begun = clock::steady();
        let done = work(&self.aws);
        let (number, took) = (self.steps, begun.elapsed().as_secs_f64());
        match done {
            Ok((value, seen)) => {
                println!("ok      {number:>2}  {took:>6.2} s  {expected}: {seen}");
                Ok(value)
            }
            Err(error) => {
                println!("NOT OK  {number:>2}  {took:>6.2} s  {expected}: {}", crate::sentence(&error));
                Err(error)
            }
        }
    }

    /// All steps are done.
    pub fn end(&self) {
        println!("all {} steps as expected, in {:.1} s", self.steps, self.begun.elapsed().as_secs_f64());
    }
}

/// Looks until something is there.
///
/// # Errors
/// Those of looking, or that it did not come.
pub fn wait_for<T>(what: &str, mut look: impl FnMut() -> Result<Option<T>>) -> Result<T> {
    let begun = clock::steady();
    loop {
        if let Some(found) = look()? {
            return Ok(found);
        }
        if begun.elapsed() > PATIENCE {
            return Err(anyhow!("{what} did not come within {} s", PATIENCE.as_secs()));
        }
        thread::sleep(LOOK);
    }
}
