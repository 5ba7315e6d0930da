//! The recording thread, and the capturing thread that it starts for each definition.

use std::{
    cell::RefCell,
    sync::{
        Arc,
        mpsc::{self, SyncSender},
    },
    thread,
};

use weir_agent::{Appended, CaptureNeeds, CaptureOptions, NewBatch};
use weir_capture::live::{Capture, Event};
use weir_host::{Predictor, Rules};
use weir_network::Interface;

use super::shared::Shared;
use crate::clock;

/// Windows that may wait between the two threads.
const QUEUE: usize = 16;

/// Records what the server asks for, until the agent ends.
pub fn record(shared: &Arc<Shared>, options: &CaptureOptions) {
    let mut generation = 0;
    while let Some((next, needs)) = shared.wait_for_orders(generation) {
        generation = next;
        if let Some(needs) = needs {
            record_until_changed(shared, options, generation, needs);
        }
        shared.record(true, |recorder| recorder.ended());
    }
}

fn record_until_changed(shared: &Arc<Shared>, options: &CaptureOptions, generation: u64, needs: CaptureNeeds) {
    let (events, received) = mpsc::sync_channel(QUEUE);
    let capturing = {
        let (shared, options) = (Arc::clone(shared), options.clone());
        thread::spawn(move || capture(&shared, &options, generation, &needs, &events))
    };
    for event in received {
        handle(shared, &options.rules, &event);
    }
    if capturing.join().is_err() {
        shared.capturing(generation, Err("the capturing thread broke off".into()));
    }
}

/// Nothing but the sink may take time here.
fn capture(
    shared: &Shared,
    options: &CaptureOptions,
    generation: u64,
    needs: &CaptureNeeds,
    events: &SyncSender<Event>,
) {
    let capture = match Capture::open(options.live(needs), options.choose(needs), &clock::nanoseconds) {
        Ok(capture) => capture,
        Err(error) => return shared.capturing(generation, Err(error.to_string())),
    };
    let tier = capture.tier();
    tracing::info!("capturing by {}: {}", tier.tier, tier.why);
    shared.captures_by(format!("{}: {}", tier.tier, tier.why));
    shared.capturing(generation, Ok(capture.stopper()));
    let predictor = RefCell::new(Predictor::new(Arc::clone(&options.rules)));
    let judge = |interface: &Interface, direction, packet: &_, time_ns| {
        predictor.borrow_mut().judge(interface, direction, packet, time_ns)
    };
    let ended = capture.run(clock::nanoseconds, judge, |event| {
        if let Event::Removed { interface, .. } = &event {
            predictor.borrow_mut().forget(&interface.id);
        }
        // The other side ends only after this one.
        let _ = events.send(event);
    });
    if let Err(error) = ended {
        shared.capturing(generation, Err(error.to_string()));
    }
}

fn handle(shared: &Shared, rules: &Rules, event: &Event) {
    match event {
        Event::Added { name, interface } => tracing::info!("recording {name} as {}", interface.id),
        Event::Removed { name, .. } => tracing::info!("{name} is gone; recording it ended"),
        Event::Failed { error, .. } => tracing::warn!("{error}"),
        Event::Unlisted(error) => tracing::warn!("{error}"),
        Event::Trouble(error) => tracing::warn!("{error}"),
        Event::Window(_) => {}
    }
    let news = !matches!(event, Event::Window(_));
    // What takes a while is done without the lock: those who report and ask do not wait for it.
    let Some(making) = shared.record(news, |recorder| recorder.handle(event)) else { return };
    match making.batches(rules) {
        Ok(batches) => batches.into_iter().for_each(|batch| keep(shared, batch)),
        Err(error) => tracing::error!("a window is lost: {error}"),
    }
}

fn keep(shared: &Shared, batch: NewBatch) {
    let records = batch.records;
    let appended = shared.spool().append(batch);
    match appended {
        Ok(Appended::Spooled { dropped: 0 }) => {}
        Ok(Appended::Spooled { dropped }) => {
            tracing::warn!("the spool is full: dropped its {dropped} oldest batches; they become SKIPDATA");
        }
        Ok(Appended::Lost) => tracing::warn!("the spool is full: dropped {records} records; they become SKIPDATA"),
        Err(error) => tracing::error!("dropped {records} records, which become SKIPDATA: {error}"),
    }
    shared.spooled();
}
