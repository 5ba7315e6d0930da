//! The body of a dashboard. Source: Dashboard Body Structure and Syntax in the CloudWatch API reference.

use serde::Serialize;
use serde_json::Value;

/// What is wrong with a body, and where.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(in super::super) struct Problem {
    /// A path into the body.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) data_path: Option<String>,
    /// In words.
    pub(super) message: String,
}

/// Widgets of a dashboard, at most.
const MOST_WIDGETS: usize = 500;
/// Columns of the grid.
const COLUMNS: i64 = 24;
const TYPES: [&str; 6] = ["metric", "text", "log", "alarm", "explorer", "custom"];

/// What is odd, but no reason not to keep it.
///
/// # Errors
/// What is no dashboard.
pub(super) fn check(body: &str) -> Result<Vec<Problem>, Vec<Problem>> {
    let Ok(Value::Object(body)) = serde_json::from_str(body) else {
        return Err(vec![Problem {
            data_path: None,
            message: "The field DashboardBody must be a valid JSON object".to_owned(),
        }]);
    };
    let Some(widgets) = body.get("widgets") else {
        return Ok(vec![at("", "Should have required property 'widgets'")]);
    };
    let Some(widgets) = widgets.as_array() else {
        return Err(vec![at("/widgets", "Should be array")]);
    };
    if widgets.len() > MOST_WIDGETS {
        return Err(vec![at("/widgets", &format!("Should NOT have more than {MOST_WIDGETS} items"))]);
    }
    Ok(widgets.iter().enumerate().flat_map(|(number, widget)| check_widget(number, widget)).collect())
}

fn check_widget(number: usize, widget: &Value) -> Vec<Problem> {
    let path = format!("/widgets/{number}");
    let Some(members) = widget.as_object() else { return vec![at(&path, "Should be object")] };
    let mut problems = Vec::new();
    match members.get("type").and_then(Value::as_str) {
        None => problems.push(at(&path, "Should have required property 'type'")),
        Some(kind) if !TYPES.contains(&kind) => {
            problems.push(at(&format!("{path}/type"), &format!("Should be one of {}", TYPES.join(", "))));
        }
        Some(_) => {}
    }
    if !members.get("properties").is_some_and(Value::is_object) {
        problems.push(at(&path, "Should have required property 'properties'"));
    }
    for (member, least, most) in [("x", 0, COLUMNS - 1), ("y", 0, i64::MAX), ("width", 1, COLUMNS), ("height", 1, 1000)]
    {
        let fits = |value: &Value| value.as_i64().is_some_and(|value| (least..=most).contains(&value));
        if members.get(member).is_some_and(|value| !fits(value)) {
            let message =
                if most == i64::MAX { format!("Should be >= {least}") } else { format!("Should be {least} to {most}") };
            problems.push(at(&format!("{path}/{member}"), &message));
        }
    }
    problems
}

fn at(path: &str, message: &str) -> Problem {
    Problem { data_path: Some(path.to_owned()), message: message.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        let good =
            r#"{"widgets":[{"type":"text","x":0,"y":7,"width":3,"height":3,"properties":{"markdown":"Hello"}}]}"#;
        assert_eq!(check(good), Ok(Vec::new()));
        for no_dashboard in ["", "[]", "{\"asd\"", "5", r#"{"widgets":5}"#] {
            assert!(check(no_dashboard).is_err(), "{no_dashboard}");
        }
        let odd = check(r#"{"widgets":[{"type":"pie","x":24},5]}"#).expect("kept");
        let places: Vec<_> = odd.iter().filter_map(|problem| problem.data_path.as_deref()).collect();
        assert_eq!(places, ["/widgets/0/type", "/widgets/0", "/widgets/0/x", "/widgets/1"]);
        assert_eq!(check("{}").expect("kept").len(), 1);
    }
}
