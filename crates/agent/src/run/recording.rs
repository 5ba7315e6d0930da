//! The recording thread, and the capturing thread that it starts for each definition.

use std::{
    sync::{
        Arc,
        mpsc::{self, SyncSender},
    },
    thread,
};

use weir_agent::{Appended, CaptureOptions, NewBatch};
use weir_capture::{
    live::{Capture, Event},
    tracker::Judgement,
};
use weir_network::Interface;
use weir_uplink::Recording;

use super::shared::Shared;
use crate::clock;

/// Windows that may wait between the two threads.
const QUEUE: usize = 16;

/// Records what the server asks for, until the agent ends.
pub fn record(shared: &Arc<Shared>, options: &CaptureOptions) {
    let mut generation = 0;
    while let Some((next, recordings)) = shared.wait_for_orders(generation) {
        generation = next;
        record_until_changed(shared, options, generation, recordings);
        shared.record(true, |recorder| recorder.ended());
    }
}

fn record_until_changed(shared: &Arc<Shared>, options: &CaptureOptions, generation: u64, recordings: Vec<Recording>) {
    let (events, received) = mpsc::sync_channel(QUEUE);
    let capturing = {
        let (shared, options) = (Arc::clone(shared), options.clone());
        thread::spawn(move || capture(&shared, &options, generation, &recordings, &events))
    };
    for event in received {
        handle(shared, &event);
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
    recordings: &[Recording],
    events: &SyncSender<Event>,
) {
    let Some(live) = options.live(recordings) else { return };
    let capture = match Capture::open(live, options.choose(recordings), &clock::nanoseconds) {
        Ok(capture) => capture,
        Err(error) => return shared.capturing(generation, Err(error.to_string())),
    };
    let tier = capture.tier();
    tracing::info!("capturing by {}: {}", tier.tier, tier.why);
    shared.captures_by(format!("{}: {}", tier.tier, tier.why));
    shared.capturing(generation, Ok(capture.stopper()));
    let judge = |_: &Interface, _, _: &_, _| Judgement::SEEN;
    // The other side ends only after this one.
    let ended = capture.run(clock::nanoseconds, judge, |event| drop(events.send(event)));
    if let Err(error) = ended {
        shared.capturing(generation, Err(error.to_string()));
    }
}

fn handle(shared: &Shared, event: &Event) {
    match event {
        Event::Added { name, interface } => tracing::info!("recording {name} as {}", interface.id),
        Event::Removed { name, .. } => tracing::info!("{name} is gone; recording it ended"),
        Event::Failed { error, .. } => tracing::warn!("{error}"),
        Event::Unlisted(error) => tracing::warn!("{error}"),
        Event::Trouble(error) => tracing::warn!("{error}"),
        Event::Window(_) => {}
    }
    let news = !matches!(event, Event::Window(_));
    match shared.record(news, |recorder| recorder.handle(event)) {
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
