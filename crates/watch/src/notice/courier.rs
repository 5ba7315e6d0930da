//! Says what is to be sent, and what becomes of what was not delivered.

use std::{
    collections::{BTreeSet, HashMap},
    ops::ControlFlow,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use rusqlite::Transaction;

use super::{
    Carrier, Failure, NoticeError, Parcel, letter,
    letter_box::{self, LetterError},
    pace::{Pace, Turn},
    parcel::parcel,
    queue::{self, Queued, Trouble},
    signature::{Keys, Signer},
};
use crate::{
    queue::{Letter, QueueError, SendMessageInput, queue_place},
    topic::{Answer, TopicError, Topics, count, counted, fraction},
};

/// How long to wait when a dead letter could not be written.
const LETTER_WAIT_MS: i64 = 60_000;
/// How often what has run out is removed.
const SWEEP_MS: u64 = 60_000;
/// The most that is moved to later turns at a time: what is due behind it must not wait, nor the catalogue.
const MOST_MOVED: usize = 1_000;
/// The most mails a second, as SNS has it.
const MAILS_PER_SECOND: u32 = 10;

/// Keeps the queue of deliveries moving. Threads may share it.
///
/// A delivery that [`Courier::due`] has given is not given again before [`Courier::finished`] was told of it, but
/// after a restart it is: a notice comes at least once, and twice only after a crash between its being sent and this
/// being written down. It is the same notice then, with the same message id.
#[derive(Debug)]
pub struct Courier {
    topics: Topics,
    data: PathBuf,
    signer: Signer,
    /// Held by who puts messages into queues: in the order in which they were published, and before somebody is told so.
    filling: Mutex<()>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Given, and not finished; or finished, and that not written down.
    out: BTreeSet<i64>,
    /// Waited for their turn, and need not again.
    in_turn: BTreeSet<i64>,
    finished: Vec<Finished>,
    pace: Pace,
    swept: i64,
}

#[derive(Debug)]
struct Finished {
    id: i64,
    result: Result<(), Failure>,
    time: i64,
}

/// A delivery that is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// For [`Courier::finished`].
    pub id: i64,
    /// The subscription, for messages about it: the endpoint may be a secret.
    pub subscription_arn: String,
    /// What to send.
    pub parcel: Parcel,
}

/// What became of deliveries since the catalogue was made, and what waits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counters {
    /// Delivered.
    pub sent: u64,
    /// Tries that failed.
    pub failed_attempts: u64,
    /// Still in the queue.
    pub waiting: u64,
    /// Given up; each is a file among the dead letters.
    pub dead: u64,
    /// Not wanted any more: their subscription ended before they were delivered.
    pub cancelled: u64,
}

impl Courier {
    /// A courier for the queue of these topics. Its key and the dead letters are in the data directory.
    pub fn new(topics: Topics, data: &Path) -> Self {
        Self {
            topics,
            data: data.to_owned(),
            signer: Signer::new(data),
            filling: Mutex::default(),
            state: Mutex::default(),
        }
    }

    /// Up to `limit` deliveries that are due.
    ///
    /// # Errors
    /// When the catalogue refuses; what has finished is then written down another time.
    pub fn due(&self, now: i64, limit: u32) -> Result<Vec<Outgoing>, NoticeError> {
        let filling = self.filling.lock().unwrap_or_else(PoisonError::into_inner);
        let mut state = self.state();
        self.settle(&mut state)?;
        let sweeps = now.abs_diff(state.swept) >= SWEEP_MS;
        let queued = self.change(|transaction| {
            if sweeps {
                queue::sweep(transaction, now)?;
            }
            let (mut ready, mut later) = (Vec::new(), Vec::new());
            Queued::due(transaction, now, |queued| {
                if ready.len() >= limit as usize || later.len() >= MOST_MOVED {
                    return ControlFlow::Break(());
                }
                if !state.out.contains(&queued.id) {
                    match state.turn(&queued, now) {
                        turn if turn <= now => ready.push(queued),
                        turn => later.push((queued.id, turn)),
                    }
                }
                ControlFlow::Continue(())
            })?;
            later.into_iter().try_for_each(|(id, turn)| queue::delay(transaction, id, turn))?;
            Ok(ready)
        })?;
        state.pace.forget(now);
        state.swept = if sweeps { now } else { state.swept };
        state.out.extend(queued.iter().map(|queued| queued.id));
        drop(state);
        let (letters, others): (Vec<Queued>, Vec<Queued>) = queued.into_iter().partition(Queued::is_for_a_queue);
        for queued in &letters {
            self.put(queued, now);
        }
        drop(filling);
        Ok(others.iter().filter_map(|queued| self.outgoing(queued, now)).collect())
    }

    /// Puts a message that was just published into the queues that subscribe to its topic, so that whoever published it
    /// finds it there. What fails is due as every other delivery.
    ///
    /// # Errors
    /// When the catalogue refuses.
    pub fn fill_queues(&self, message_id: &str, now: i64) -> Result<(), NoticeError> {
        let _filling = self.filling.lock().unwrap_or_else(PoisonError::into_inner);
        let mut state = self.state();
        // What has failed, and is not written down, must not be passed by what is behind it.
        self.settle(&mut state)?;
        let queued = self.change(|transaction| Queued::for_queues(transaction, message_id))?;
        state.out.extend(queued.iter().map(|queued| queued.id));
        drop(state);
        let mut stuck = BTreeSet::new();
        for queued in &queued {
            let subscription = &queued.subscription.arn;
            if stuck.contains(subscription) {
                self.state().out.remove(&queued.id);
            } else if !self.put(queued, now) && queued.is_in_order() {
                stuck.insert(subscription.clone());
            }
        }
        Ok(())
    }

    /// What became of a delivery.
    ///
    /// # Errors
    /// When it cannot be written down now. It will be with the next call of this or [`Courier::due`]; until then the
    /// delivery is not given again.
    pub fn finished(&self, id: i64, result: Result<(), Failure>, now: i64) -> Result<(), NoticeError> {
        let mut state = self.state();
        state.finished.push(Finished { id, result, time: now });
        self.settle(&mut state)
    }

    /// Sends up to `limit` of what is due, one after the other. How many were tried.
    ///
    /// # Errors
    /// When the catalogue refuses.
    pub fn deliver(&self, carrier: &dyn Carrier, limit: u32, now: impl Fn() -> i64) -> Result<usize, NoticeError> {
        let due = self.due(now(), limit)?;
        for outgoing in &due {
            let result = carrier.carry(&outgoing.parcel);
            self.finished(outgoing.id, result, now())?;
        }
        Ok(due.len())
    }

    /// The figures.
    ///
    /// # Errors
    /// When the catalogue refuses.
    pub fn counters(&self) -> Result<Counters, NoticeError> {
        self.change(|transaction| {
            let waiting = "SELECT count(*) FROM topic_delivery";
            let waiting: i64 = transaction.query_row(waiting, [], |row| row.get(0))?;
            Ok(Counters {
                sent: counted(transaction, "sent")?,
                failed_attempts: counted(transaction, "failed_attempts")?,
                waiting: waiting.unsigned_abs(),
                dead: counted(transaction, "dead")?,
                cancelled: counted(transaction, "cancelled")?,
            })
        })
    }

    /// Up to `limit` deliveries that have failed and wait; those that have failed most often, first.
    ///
    /// # Errors
    /// When the catalogue refuses.
    pub fn troubles(&self, limit: u32) -> Result<Vec<Trouble>, NoticeError> {
        self.change(|transaction| queue::troubles(transaction, limit))
    }

    /// Answers whoever asks for the certificate that a notice names; none when the path is another one.
    pub fn answer(&self, path: &str) -> Option<Answer> {
        self.signer.answer(path)
    }

    fn outgoing(&self, queued: &Queued, now: i64) -> Option<Outgoing> {
        match parcel(queued, self.topics.links(), || self.keys()) {
            Ok(parcel) => Some(Outgoing { id: queued.id, subscription_arn: queued.subscription.arn.clone(), parcel }),
            Err(problem) => {
                self.failed(queued, Failure::Transient(problem), now);
                None
            }
        }
    }

    fn keys(&self) -> Result<Arc<Keys>, String> {
        self.signer.keys().map_err(|error| error.to_string())
    }

    /// Puts a message into its queue: in this region it is there, and the delivery done, in one transaction. Whether it is done
    /// with; else it is tried again.
    fn put(&self, queued: &Queued, now: i64) -> bool {
        let Err(failure) = self.try_put(queued, now) else { return true };
        self.failed(queued, failure, now);
        self.change(|transaction| Queued::one(transaction, queued.id)).is_ok_and(|left| left.is_none())
    }

    fn try_put(&self, queued: &Queued, now: i64) -> Result<(), Failure> {
        let message = letter_box::message(queued, self.topics.links(), || self.keys()).map_err(Failure::Transient)?;
        let (arn, letter) = (&queued.subscription.endpoint, letter_box::sent_by_sns(now));
        let queues = self.topics.queues();
        let is_here = queues.holds(arn);
        if !is_here {
            self.put_elsewhere(arn, &message, letter)?;
        }
        let put = self.topics.catalogue().change(|transaction| {
            if is_here {
                queues.put_in(transaction, arn, &message, letter)?;
            }
            queue::remove(transaction, queued.id)
                .and_then(|()| count(transaction, "sent", 1))
                .map_err(LetterError::Topic)
        });
        put.map_err(|error| error.failure())?;
        self.state().out.remove(&queued.id);
        if is_here {
            queues.ring();
        }
        Ok(())
    }

    /// Into a queue of another region, which has a catalogue of its own: what crashes before the delivery is written down
    /// is sent again.
    fn put_elsewhere(&self, arn: &str, message: &SendMessageInput, letter: Letter<'_>) -> Result<(), Failure> {
        let region = queue_place(arn).map(|place| place.region).unwrap_or_default();
        let queues = self.topics.queues_in(region).map_err(Failure::Transient)?;
        let taken = queues.ok_or(QueueError::NonExistentQueue).and_then(|queues| queues.take_in(arn, message, letter));
        taken.map_err(|error| LetterError::from(error).failure())
    }

    fn failed(&self, queued: &Queued, failure: Failure, now: i64) {
        // Cannot be written down: it stays among the finished, and is tried again with the next call.
        let _ = self.finished(queued.id, Err(failure), now);
    }

    /// Writes down what has finished, in one transaction.
    fn settle(&self, state: &mut State) -> Result<(), NoticeError> {
        if state.finished.is_empty() {
            return Ok(());
        }
        let buried = self.bury(&state.finished)?;
        self.change(|transaction| {
            state.finished.iter().try_for_each(|finished| write_down(transaction, finished, buried.get(&finished.id)))
        })?;
        for finished in state.finished.drain(..) {
            state.out.remove(&finished.id);
            state.in_turn.remove(&finished.id);
        }
        Ok(())
    }

    /// Writes dead letters of what is given up, before it leaves the queue. Nobody else waits for the disk meanwhile. What
    /// is not written down after that is written again, to the same files.
    fn bury(&self, finished: &[Finished]) -> Result<HashMap<i64, Buried>, NoticeError> {
        let failed: Vec<&Finished> = finished.iter().filter(|finished| finished.result.is_err()).collect();
        if failed.is_empty() {
            return Ok(HashMap::new());
        }
        let dead = self.change(|transaction| {
            let mut dead = Vec::new();
            for Finished { id, result, time } in failed {
                let (Err(failure), Some(queued)) = (result, Queued::one(transaction, *id)?) else { continue };
                if failure.is_last(&queued) {
                    dead.push((queued, failure.problem(), *time));
                }
            }
            Ok(dead)
        })?;
        let bury = |(queued, problem, time): (Queued, &str, i64)| {
            let subscription = &queued.subscription.arn;
            let written = letter::write(&self.data, &queued, problem, time);
            match &written {
                Ok(path) => tracing::warn!(subscription, problem, letter = %path.display(), "a notice was given up"),
                Err(error) => {
                    tracing::warn!(subscription, problem, %error, "a dead letter cannot be written; the notice waits");
                }
            }
            (queued.id, written.map_or(Buried::NotYet, |_| Buried::Safe))
        };
        Ok(dead.into_iter().map(bury).collect())
    }

    fn change<T>(&self, work: impl FnOnce(&Transaction<'_>) -> Result<T, TopicError>) -> Result<T, NoticeError> {
        Ok(self.topics.catalogue().change(work)?)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What became of a dead letter.
#[derive(Debug, Clone, Copy)]
enum Buried {
    Safe,
    NotYet,
}

impl Failure {
    /// Whether a delivery that fails so is given up.
    fn is_last(&self, queued: &Queued) -> bool {
        match self {
            Self::Transient(_) => queued.retries().wait_ms(queued.failures + 1, 0.0).is_none(),
            Self::Permanent(_) => true,
        }
    }
}

fn write_down(transaction: &Transaction<'_>, finished: &Finished, buried: Option<&Buried>) -> Result<(), TopicError> {
    let Finished { id, result, time } = finished;
    let Err(failure) = result else {
        queue::remove(transaction, *id)?;
        return count(transaction, "sent", 1);
    };
    count(transaction, "failed_attempts", 1)?;
    let Some(queued) = Queued::one(transaction, *id)? else {
        return Ok(());
    };
    match buried {
        Some(Buried::Safe) => {
            queue::remove(transaction, queued.id)?;
            count(transaction, "dead", 1)
        }
        Some(Buried::NotYet) => queue::delay(transaction, queued.id, time + LETTER_WAIT_MS),
        None => {
            // There is no wait when its policy was changed just now: the next failure is the last one then.
            let wait = queued.retries().wait_ms(queued.failures + 1, fraction()?).unwrap_or_default();
            let (subscription, problem) = (&queued.subscription.arn, failure.problem());
            tracing::info!(subscription, problem, wait, "a notice was not delivered; it will be tried again");
            queued.postpone(transaction, problem, time + wait)
        }
    }
}

impl State {
    /// When a delivery may be sent: now, or later so that its endpoint is not told too fast.
    fn turn(&mut self, queued: &Queued, now: i64) -> i64 {
        if self.in_turn.remove(&queued.id) {
            return now;
        }
        let subscription = &queued.subscription;
        let turn = match subscription.protocol.is_mail() {
            true => self.pace.turn("mail", MAILS_PER_SECOND, now),
            false => match queued.policy().receives_per_second() {
                Some(rate) => self.pace.turn(&subscription.arn, rate, now),
                None => Turn::At(now),
            },
        };
        match turn {
            Turn::At(turn) => {
                if turn > now {
                    self.in_turn.insert(queued.id);
                }
                turn
            }
            Turn::AskAgain(later) => later,
        }
    }
}
