//! Numbers that may come as texts: a form has nothing else, and JSON has no other way to say `NaN`.

use serde::{Deserialize, Deserializer, de::Error};

/// A value or its text.
#[derive(Deserialize)]
#[serde(untagged)]
enum Said<T> {
    Plain(T),
    Text(String),
}

/// A number, a whole number, true or false, if it is there: for `deserialize_with`.
///
/// # Errors
/// When a text is none.
pub(crate) fn option<'de, T, D>(deserializer: D) -> Result<Option<T>, D::Error>
where
    T: Deserialize<'de> + std::str::FromStr,
    D: Deserializer<'de>,
{
    match Option::deserialize(deserializer)? {
        None => Ok(None),
        Some(Said::Plain(value)) => Ok(Some(value)),
        Some(Said::Text(text)) => match text.trim().parse() {
            Ok(value) => Ok(Some(value)),
            Err(_) => Err(D::Error::custom(format_args!("`{text}` is not a value of type {}", kind::<T>()))),
        },
    }
}

/// Numbers.
///
/// # Errors
/// When a text is none.
pub(crate) fn numbers<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<f64>, D::Error> {
    #[derive(Deserialize)]
    struct One(#[serde(deserialize_with = "number")] f64);
    let all: Vec<One> = Vec::deserialize(deserializer)?;
    Ok(all.into_iter().map(|One(number)| number).collect())
}

/// A number.
///
/// # Errors
/// When a text is none.
pub(crate) fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    option(deserializer)?.ok_or_else(|| D::Error::custom("a number is wanted"))
}

/// `i64`, `f64` or `bool`.
fn kind<T>() -> &'static str {
    std::any::type_name::<T>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(default)]
    struct Shape {
        #[serde(deserialize_with = "option")]
        whole: Option<i64>,
        #[serde(deserialize_with = "option")]
        flag: Option<bool>,
        #[serde(deserialize_with = "option")]
        number: Option<f64>,
        #[serde(deserialize_with = "numbers")]
        numbers: Vec<f64>,
    }

    #[test]
    fn texts_are_numbers_too() {
        let read = |text: &str| serde_json::from_str::<Shape>(text);
        let expected = Shape { whole: Some(5), flag: Some(true), number: Some(0.5), numbers: vec![1.0, 2.5] };
        let plain = r#"{"whole":5,"flag":true,"number":0.5,"numbers":[1,2.5]}"#;
        let texts = r#"{"whole":"5","flag":"true","number":"0.5","numbers":["1","2.5"]}"#;
        assert_eq!(read(plain).expect("plain"), expected);
        assert_eq!(read(texts).expect("texts"), expected);
        assert_eq!(read(r#"{"whole":null}"#).expect("nothing"), Shape::default());
        assert!(read(r#"{"number":"NaN"}"#).expect("no number").number.is_some_and(f64::is_nan));
        for bad in [r#"{"whole":"5.5"}"#, r#"{"whole":true}"#, r#"{"flag":"yes"}"#, r#"{"numbers":["x"]}"#] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
