//! Who waits for whom.

use std::{sync::mpsc, thread, time::Duration};

use super::*;

#[test]
fn an_append_does_not_wait_for_a_flush_that_waits_for_the_disk() {
    let (_, watcher) = fresh();
    watcher.put_metric_filter(&EVERY, input("errors", "ERROR", "1"), NOW).expect("put");
    let (send, appended) = mpsc::channel();
    thread::scope(|scope| {
        // As one who reads old data from a slow disk.
        let turn = watcher.metrics.turn();
        scope.spawn(|| watcher.flush(NOW).expect("flushed"));
        // Until the flush has come as far as it can.
        thread::sleep(Duration::from_millis(200));
        scope.spawn(|| {
            watcher.appended(&lines(1, NOW, &["an ERROR"]));
            send.send(()).expect("heard");
        });
        let came = appended.recv_timeout(Duration::from_secs(20));
        drop(turn);
        came.expect("the append waits");
    });
    assert_eq!(total(&watcher, "errors"), (1.0, 1.0));
}
