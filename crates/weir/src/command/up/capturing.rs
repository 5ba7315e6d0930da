//! The capturing thread: captures until it is stopped. What breaks off, or cannot begin, is tried again.

use std::{
    cell::RefCell,
    sync::{
        Arc,
        mpsc::{Sender, SyncSender},
    },
    time::Duration,
};

use weir_capture::{
    live::{self, Capture, Event, LiveError},
    tracker::Judgement,
};
use weir_host::{Containers, Devices, Predictor, Rules};
use weir_network::Interface;

use super::recorder::Shared;
use crate::{clock, settings::Settings};

/// How long to wait after the first failure; twice as long after each further one.
const FIRST_WAIT: Duration = Duration::from_secs(1);
/// A capture that lasted longer than this went well: the next failure is a first one.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// What the recording thread is told.
pub(super) enum News {
    Captured(Event),
    /// The capture ended, and another may follow.
    Ended,
}

/// What is captured, and how.
pub(super) struct Capturing {
    options: live::Options,
    devices: Arc<Devices>,
    containers: Containers,
    rules: Arc<Rules>,
    predictor: RefCell<Predictor>,
}

impl Capturing {
    pub(super) fn new(settings: &Settings, options: live::Options, devices: Arc<Devices>, rules: Arc<Rules>) -> Self {
        // What AWS clients defined decides only where it is put in force.
        let by_file = settings.network.is_some();
        let predictor = Predictor::new(Arc::clone(&rules));
        let predictor = if by_file { predictor } else { predictor.only_on(&settings.enforce) };
        let containers = Containers::watch_if(devices.may_be_guests(), &settings.container_socket);
        Self { options, devices, containers, rules, predictor: RefCell::new(predictor) }
    }

    /// Captures until it is stopped; without anybody who `keeps` what is captured, only as long as it works. `begun` is told
    /// how it began: an interface that another Weir has is the end.
    pub(super) fn run(
        self,
        keeps: bool,
        shared: &Shared,
        news: &SyncSender<News>,
        begun: &Sender<Result<(), LiveError>>,
    ) {
        let open = || self.open(shared);
        let opened = match open() {
            Err(error @ LiveError::InUse { .. }) => return drop(begun.send(Err(error))),
            Err(error) => {
                shared.capture_failed(&error);
                Err(error)
            }
            opened => opened,
        };
        for name in weir_host::absent(&self.devices) {
            shared.error(format!("there is no interface {name} yet; it is recorded when it comes"));
        }
        let _ = begun.send(Ok(()));
        let capture = |capture| {
            let ended = self.capture(capture, news);
            if let Err(error) = &ended {
                let _ = news.send(News::Ended);
                shared.capture_failed(error);
            }
            ended
        };
        let retry = || open().inspect_err(|error| shared.capture_failed(error));
        again_and_again(opened, retry, capture, |wait| keeps && shared.pause(wait));
    }

    fn open(&self, shared: &Shared) -> Result<Capture, LiveError> {
        let (devices, containers) = (Arc::clone(&self.devices), self.containers.clone());
        let choose = weir_host::choose(devices, containers, Some(Arc::clone(&self.rules)));
        let capture = Capture::open(self.options.clone(), choose, &now_ns)?;
        shared.capture_began(&capture);
        Ok(capture)
    }

    /// Nothing but the sink may take time here.
    fn capture(&self, capture: Capture, news: &SyncSender<News>) -> Result<(), LiveError> {
        let judge = |interface: &Interface, direction, packet: &_, time_ns| -> Judgement {
            self.predictor.borrow_mut().judge(interface, direction, packet, time_ns)
        };
        let ended = capture.run(now_ns, judge, |event| {
            if let Event::Removed { interface, .. } = &event {
                self.predictor.borrow_mut().forget(&interface.id);
            }
            // The other side ends only after this one.
            let _ = news.send(News::Captured(event));
        });
        ended.map(drop)
    }
}

fn now_ns() -> i64 {
    i64::try_from(clock::now().as_nanos()).unwrap_or(i64::MAX)
}

/// Opens and captures until a capture ends by itself, or `pause` says that it is over.
fn again_and_again<C>(
    mut opened: Result<C, LiveError>,
    mut open: impl FnMut() -> Result<C, LiveError>,
    mut capture: impl FnMut(C) -> Result<(), LiveError>,
    mut pause: impl FnMut(Duration) -> bool,
) {
    let mut wait = FIRST_WAIT;
    loop {
        let begun = clock::steady();
        if opened.and_then(&mut capture).is_ok() {
            return;
        }
        if begun.elapsed() > LONGEST_WAIT {
            wait = FIRST_WAIT;
        }
        if !pause(wait) {
            return;
        }
        wait = (wait * 2).min(LONGEST_WAIT);
        opened = open();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fails_is_tried_again_after_longer_and_longer_waits_until_it_ends_by_itself() {
        let (mut opens, mut captures, mut waits) = (0, 0, Vec::new());
        let open = || {
            opens += 1;
            if opens % 2 == 0 { Ok(()) } else { Err(LiveError::Permission) }
        };
        let capture = |()| {
            captures += 1;
            if captures < 5 { Err(LiveError::Permission) } else { Ok(()) }
        };
        let pause = |wait: Duration| {
            waits.push(wait.as_secs());
            true
        };
        again_and_again(Err(LiveError::Permission), open, capture, pause);
        assert_eq!((opens, captures), (10, 5));
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60, 60, 60]);
    }

    #[test]
    fn nothing_is_tried_again_when_it_is_over() {
        let capture = |()| panic!("nothing was opened");
        again_and_again(Err(LiveError::Permission), || panic!("it is over"), capture, |_| false);
    }
}
