//! Webhooks: JSON of another shape than that of SNS.

use serde_json::{Map, Value};

/// The most bytes of a template.
const TEMPLATE_LIMIT: usize = 64 * 1024;
/// What may stand between `{{` and `}}`, besides `attribute.NAME` and `message.FIELD`.
const PLACEHOLDERS: &[&str] = &[
    "type",
    "message_id",
    "topic_arn",
    "topic",
    "subscription_arn",
    "subject",
    "message",
    "text",
    "timestamp",
    "subscribe_url",
    "unsubscribe_url",
];

/// How a notice becomes the body of a webhook.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Template {
    /// `{"text": …}` in Slack's markup, which Mattermost and others read too.
    Slack,
    /// JSON whose texts hold placeholders.
    Json(Value),
}

/// What placeholders stand for.
#[derive(Debug, Default)]
pub(crate) struct Fields {
    /// Texts by name.
    pub(crate) texts: Map<String, Value>,
    /// The message, if it is JSON.
    pub(crate) message: Option<Value>,
}

impl Template {
    /// `slack`, or JSON. Says what is wrong.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        if text == "slack" {
            return Ok(Self::Slack);
        }
        if text.len() > TEMPLATE_LIMIT {
            return Err(format!("it has {} bytes, more than {TEMPLATE_LIMIT}", text.len()));
        }
        let template: Value =
            serde_json::from_str(text).map_err(|error| format!("neither `slack` nor JSON: {error}"))?;
        check(&template)?;
        Ok(Self::Json(template))
    }

    /// The body.
    pub(crate) fn body(&self, fields: &Fields) -> String {
        match self {
            Self::Slack => slack(fields).to_string(),
            Self::Json(template) => filled(template, fields).to_string(),
        }
    }
}

impl Fields {
    fn text(&self, name: &str) -> Option<&str> {
        self.texts.get(name).and_then(Value::as_str)
    }

    /// None when the notice has no such thing.
    fn value(&self, name: &str) -> Option<&Value> {
        match name.strip_prefix("message.") {
            Some(path) => path.split('.').try_fold(self.message.as_ref()?, |value, key| match value {
                Value::Array(elements) => elements.get(key.parse::<usize>().ok()?),
                value => value.get(key),
            }),
            None => self.texts.get(name),
        }
    }
}

fn slack(fields: &Fields) -> Value {
    let escaped = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let text = escaped(fields.text("text").unwrap_or_default());
    let text = match fields.text("subject") {
        Some(subject) => format!("*{}*\n{text}", escaped(subject)),
        None => text,
    };
    serde_json::json!({ "text": text })
}

/// A piece of a text.
enum Piece<'a> {
    Literal(&'a str),
    Placeholder(&'a str),
}

fn pieces(text: &str) -> Result<Vec<Piece<'_>>, String> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((literal, behind)) = rest.split_once("{{") {
        let (name, behind) = behind.split_once("}}").ok_or_else(|| format!("`{{{{` without `}}}}` in `{text}`"))?;
        pieces.push(Piece::Literal(literal));
        pieces.push(Piece::Placeholder(name.trim()));
        rest = behind;
    }
    pieces.push(Piece::Literal(rest));
    Ok(pieces)
}

fn check(template: &Value) -> Result<(), String> {
    match template {
        Value::String(text) => pieces(text)?.iter().try_for_each(|piece| match piece {
            Piece::Placeholder(name) if !is_placeholder(name) => Err(format!(
                "unknown placeholder `{name}`: use {}, attribute.NAME or message.FIELD",
                PLACEHOLDERS.join(", ")
            )),
            _ => Ok(()),
        }),
        Value::Array(elements) => elements.iter().try_for_each(check),
        Value::Object(fields) => fields.values().try_for_each(check),
        _ => Ok(()),
    }
}

fn is_placeholder(name: &str) -> bool {
    let prefixed = |prefix: &str| name.strip_prefix(prefix).is_some_and(|rest| !rest.is_empty());
    PLACEHOLDERS.contains(&name) || prefixed("attribute.") || prefixed("message.")
}

fn filled(template: &Value, fields: &Fields) -> Value {
    match template {
        Value::String(text) => filled_text(text, fields),
        Value::Array(elements) => elements.iter().map(|element| filled(element, fields)).collect(),
        Value::Object(object) => object.iter().map(|(key, value)| (key.clone(), filled(value, fields))).collect(),
        plain => plain.clone(),
    }
}

/// A text that is one placeholder becomes its value, which may be a number; else values stand in the text.
fn filled_text(text: &str, fields: &Fields) -> Value {
    let pieces = pieces(text).unwrap_or_default();
    if let [Piece::Literal(""), Piece::Placeholder(name), Piece::Literal("")] = pieces.as_slice() {
        return fields.value(name).cloned().unwrap_or_else(|| Value::String(String::new()));
    }
    let piece = |piece: &Piece<'_>| match piece {
        Piece::Literal(text) => (*text).to_owned(),
        Piece::Placeholder(name) => match fields.value(name) {
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
            None => String::new(),
        },
    };
    Value::String(pieces.iter().map(piece).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fields() -> Fields {
        let texts = json!({
            "subject": "ALARM: \"a\" <b> & c", "text": "line 1\nline 2", "message": "{}", "attribute.team": "blue",
        });
        let message =
            json!({ "NewStateValue": "ALARM", "Trigger": { "Threshold": 1.5, "Dimensions": [{ "name": "x" }] } });
        Fields { texts: texts.as_object().expect("an object").clone(), message: Some(message) }
    }

    fn body(template: &str) -> Value {
        let body = Template::parse(template).expect("good").body(&fields());
        serde_json::from_str(&body).expect("JSON")
    }

    #[test]
    fn slack_gets_a_text_in_its_markup() {
        let text = "*ALARM: \"a\" &lt;b&gt; &amp; c*\nline 1\nline 2";
        assert_eq!(body("slack"), json!({ "text": text }));
        let only_text = Fields { texts: json!({ "text": "a" }).as_object().expect("an object").clone(), message: None };
        assert_eq!(Template::Slack.body(&only_text), r#"{"text":"a"}"#);
    }

    #[test]
    fn placeholders_are_filled_wherever_a_text_stands() {
        let template = r#"{"title": "{{ subject }}!", "list": ["{{text}}", {"team": "{{attribute.team}}"}], "n": 1}"#;
        let filled = json!({
            "title": "ALARM: \"a\" <b> & c!", "list": ["line 1\nline 2", { "team": "blue" }], "n": 1,
        });
        assert_eq!(body(template), filled);
    }

    #[test]
    fn a_field_of_the_message_keeps_its_type_when_it_stands_alone() {
        let template = r#"{"v": "{{message.Trigger.Threshold}}", "t": "above {{message.Trigger.Threshold}}",
            "d": "{{message.Trigger.Dimensions.0.name}}", "none": "{{message.x.y}}", "gone": "[{{attribute.x}}]"}"#;
        assert_eq!(body(template), json!({ "v": 1.5, "t": "above 1.5", "d": "x", "none": "", "gone": "[]" }));
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        let refused = |text: &str| Template::parse(text).expect_err("refused");
        assert!(refused("{").contains("neither `slack` nor JSON"));
        assert!(refused(r#"{"a": ["{{colour}}"]}"#).contains("unknown placeholder `colour`: use type,"));
        assert!(refused(r#""{{message."}"#).contains("JSON"));
        assert!(refused(r#"{"a": "{{message"}"#).contains("without `}}`"));
        assert!(refused(r#"{"a": "{{message.}}"}"#).contains("unknown placeholder"));
        assert!(refused(&format!("\"{}\"", "x".repeat(70_000))).contains("more than 65536"));
    }
}
