//! Answers that are streams of events. Source: the event stream encoding of Smithy, as awsJson has it.

use std::convert::Infallible;

use aws_smithy_eventstream::frame::write_message_to;
use aws_smithy_types::event_stream::{Header, HeaderValue, Message};
use bytes::Bytes;
use futures::{Stream, StreamExt as _, stream};
use serde_json::Value;
use tokio::sync::mpsc::Receiver;

/// What clients are told of the body.
pub(crate) const CONTENT_TYPE: &str = "application/vnd.amazon.eventstream";

/// One event of an answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// The member of the stream's union, such as `sessionUpdate`.
    pub name: &'static str,
    /// Whether it is an error, after which nothing comes.
    pub is_exception: bool,
    /// Its members.
    pub payload: Value,
}

/// The events of an answer: it ends when nobody can send any more.
pub type Events = Receiver<Event>;

/// The bytes of an answer. The first event says that there are no members besides the stream.
pub(crate) fn encoded(events: Events) -> impl Stream<Item = Result<Bytes, Infallible>> {
    let initial =
        Event { name: "initial-response", is_exception: false, payload: Value::Object(serde_json::Map::new()) };
    let rest = stream::unfold(events, |mut events| async move {
        let event = events.recv().await?;
        Some((Ok(event.encoded()), events))
    });
    stream::iter([Ok(initial.encoded())]).chain(rest)
}

impl Event {
    fn encoded(&self) -> Bytes {
        let kind = if self.is_exception { "exception" } else { "event" };
        let text = |name: &'static str, value: &'static str| Header::new(name, HeaderValue::String(value.into()));
        let name = if self.is_exception { ":exception-type" } else { ":event-type" };
        let message = Message::new(self.payload.to_string())
            .add_header(text(":message-type", kind))
            .add_header(text(name, self.name))
            .add_header(text(":content-type", "application/json"));
        let mut bytes = Vec::new();
        // Refused is only a header or a payload that is too long, and ours are not.
        let _ = write_message_to(&message, &mut bytes);
        bytes.into()
    }
}

#[cfg(test)]
mod tests {
    use aws_smithy_eventstream::frame::read_message_from;
    use serde_json::json;
    use tokio::sync::mpsc;

    use super::*;

    #[tokio::test]
    async fn events_are_framed_and_the_first_says_so() {
        let (sender, events) = mpsc::channel(2);
        let update = Event { name: "sessionUpdate", is_exception: false, payload: json!({"a": "x"}) };
        let end = Event { name: "SessionTimeoutException", is_exception: true, payload: json!({}) };
        for event in [update, end] {
            sender.send(event).await.expect("sent");
        }
        drop(sender);
        let frames: Vec<_> = encoded(events).collect().await;
        let read = |bytes: &Result<Bytes, Infallible>| {
            let message = read_message_from(bytes.clone().expect("bytes")).expect("a frame");
            let header = |header: &Header| header.value().as_string().expect("a text").as_str().to_owned();
            let headers: Vec<String> = message.headers().iter().take(2).map(header).collect();
            (headers.join(" "), String::from_utf8(message.payload().to_vec()).expect("a text"))
        };
        let read: Vec<_> = frames.iter().map(read).collect();
        assert_eq!(read[0], ("event initial-response".to_owned(), "{}".to_owned()));
        assert_eq!(read[1], ("event sessionUpdate".to_owned(), r#"{"a":"x"}"#.to_owned()));
        assert_eq!(read[2].0, "exception SessionTimeoutException");
    }
}
