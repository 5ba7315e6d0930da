//! Any text as a question, its first three lines, and a policy document of each kind: it is read or refused, and what was
//! read decides, in whatever order its statements stand. It is the same policy when it was kept.

#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use weir_fuzz::access::{
    Context,
    policy::{Caller, Document, Policy, PolicyKind, Question},
};

const ARN: &str = "arn:aws:iam::123456789012:user/division/alice";

fuzz_target!(|input: &str| {
    let mut parts = input.splitn(4, '\n');
    let (Some(action), Some(resource), Some(value), Some(text)) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return;
    };
    let contexts = [
        Context::default(),
        Context::default()
            .with("aws:username", value)
            .with("aws:SourceIp", value)
            .with("aws:CurrentTime", value)
            .with("aws:SecureTransport", value)
            .with_all("aws:TagKeys", value.split(',').map(str::to_owned)),
    ];
    let callers = [
        Caller::Nobody,
        Caller::Aws { account: "123456789012", arn: ARN, role: Some("arn:aws:iam::123456789012:role/r") },
        Caller::Service("delivery.logs.amazonaws.com"),
    ];
    for kind in [PolicyKind::Identity, PolicyKind::Session, PolicyKind::Trust, PolicyKind::Resource] {
        let Ok(document) = Document::parse(text, kind) else { continue };
        let kept = serde_json::to_string(&document).expect("JSON");
        assert_eq!(serde_json::from_str::<Document>(&kept).expect("kept"), document);
        assert_eq!(document.text(), text);
        let turned = turned(text).and_then(|text| Policy::parse(&text, kind).ok()).expect("the same statements");
        for (caller, context) in callers.iter().flat_map(|caller| contexts.iter().map(move |context| (caller, context)))
        {
            let question = Question { caller: *caller, action, resource, context };
            let policy = document.policy();
            assert_eq!(policy.denies(&question), turned.denies(&question));
            assert_eq!(policy.grants(&question), turned.grants(&question));
        }
    }
});

/// The same document with its last statement first.
fn turned(text: &str) -> Option<String> {
    let mut document: Value = serde_json::from_str(text).ok()?;
    if let Some(statements) = document.get_mut("Statement").and_then(Value::as_array_mut) {
        statements.reverse();
    }
    Some(document.to_string())
}
