//! The rule of a composite alarm: a formula over the states of other alarms.
//!
//! `ALARM("name")`, `OK(name)`, `INSUFFICIENT_DATA(arn)`, `TRUE`, `FALSE`, `NOT`, `AND`, `OR`, brackets, and
//! `AT_LEAST(2 or 50%, ALARM or NOT OK, (name, name))`. `NOT` binds before `AND`, `AND` before `OR`.

use std::collections::BTreeSet;

use super::{AlarmError, state::StateValue};

/// Longest text of a rule.
pub(super) const LONGEST: usize = 10_240;

/// How deep brackets and `NOT` may nest.
const DEEPEST: usize = 100;

/// A parsed rule. Alarms are named as they stand there: by name or by ARN.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Rule {
    Always(bool),
    Is(StateValue, String),
    Not(Box<Rule>),
    All(Vec<Rule>),
    Any(Vec<Rule>),
    AtLeast { least: Least, not: bool, state: StateValue, alarms: Vec<String> },
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Least {
    Count(usize),
    Percent(f64),
}

impl Rule {
    /// Reads a rule.
    ///
    /// # Errors
    /// What is wrong with it, and where: bytes from its beginning, from 1.
    pub(super) fn parse(text: &str) -> Result<Self, AlarmError> {
        if text.len() > LONGEST {
            return Err(AlarmError::validation(format!("AlarmRule must not be longer than {LONGEST} characters.")));
        }
        let mut parser = Parser { text, at: 0, depth: 0 };
        let rule = parser.any()?;
        parser.space();
        if parser.at < text.len() { Err(parser.error("AND, OR or the end")) } else { Ok(rule) }
    }

    /// Whether it holds, `state` telling the state of an alarm.
    pub(super) fn holds(&self, state: &impl Fn(&str) -> StateValue) -> bool {
        match self {
            Self::Always(truth) => *truth,
            Self::Is(value, alarm) => state(alarm) == *value,
            Self::Not(rule) => !rule.holds(state),
            Self::All(rules) => rules.iter().all(|rule| rule.holds(state)),
            Self::Any(rules) => rules.iter().any(|rule| rule.holds(state)),
            Self::AtLeast { least, not, state: value, alarms } => {
                let count = alarms.iter().filter(|alarm| (state(alarm) == *value) != *not).count();
                match least {
                    Least::Count(least) => count >= *least,
                    Least::Percent(least) => count as f64 * 100.0 >= least * alarms.len() as f64,
                }
            }
        }
    }

    /// The alarms that it uses, as they are named there.
    pub(super) fn alarms(&self) -> BTreeSet<&str> {
        match self {
            Self::Always(_) => BTreeSet::new(),
            Self::Is(_, alarm) => BTreeSet::from([alarm.as_str()]),
            Self::Not(rule) => rule.alarms(),
            Self::All(rules) | Self::Any(rules) => rules.iter().flat_map(Self::alarms).collect(),
            Self::AtLeast { alarms, .. } => alarms.iter().map(String::as_str).collect(),
        }
    }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
}

impl<'a> Parser<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn space(&mut self) {
        self.at = self.text.len() - self.rest().trim_start().len();
    }

    fn error(&self, wanted: &str) -> AlarmError {
        let found = self.rest().chars().next().map_or("the end".to_owned(), |letter| format!("`{letter}`"));
        let at = self.at + 1;
        AlarmError::validation(format!(
            "Invalid AlarmRule at position {at}: unexpected {found}, {wanted} should stand here"
        ))
    }

    fn sign(&mut self, sign: char) -> Result<(), AlarmError> {
        self.space();
        if !self.rest().starts_with(sign) {
            return Err(self.error(&format!("`{sign}`")));
        }
        self.at += sign.len_utf8();
        Ok(())
    }

    fn is(&mut self, sign: char) -> bool {
        self.sign(sign).is_ok()
    }

    /// Takes a word if it is the next.
    fn word(&mut self, word: &str) -> bool {
        self.space();
        let found = self.peek() == word;
        self.at += if found { word.len() } else { 0 };
        found
    }

    fn peek(&self) -> &'a str {
        let end = self.rest().find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
        &self.rest()[..end.unwrap_or(self.rest().len())]
    }

    fn any(&mut self) -> Result<Rule, AlarmError> {
        let mut rules = vec![self.all()?];
        while self.word("OR") {
            rules.push(self.all()?);
        }
        Ok(Rule::Any(rules))
    }

    fn all(&mut self) -> Result<Rule, AlarmError> {
        let mut rules = vec![self.one()?];
        while self.word("AND") {
            rules.push(self.one()?);
        }
        Ok(Rule::All(rules))
    }

    fn one(&mut self) -> Result<Rule, AlarmError> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(AlarmError::validation(format!("AlarmRule must not nest deeper than {DEEPEST}.")));
        }
        let rule = self.atom()?;
        self.depth -= 1;
        Ok(rule)
    }

    fn atom(&mut self) -> Result<Rule, AlarmError> {
        if self.is('(') {
            let rule = self.any()?;
            self.sign(')')?;
            return Ok(rule);
        }
        if self.word("NOT") {
            return Ok(Rule::Not(Box::new(self.one()?)));
        }
        if self.word("TRUE") {
            return Ok(Rule::Always(true));
        }
        if self.word("FALSE") {
            return Ok(Rule::Always(false));
        }
        if self.word("AT_LEAST") {
            return self.at_least();
        }
        let state = self.state("ALARM, OK, INSUFFICIENT_DATA, AT_LEAST, NOT, TRUE, FALSE or `(`")?;
        self.sign('(')?;
        let alarm = self.alarm()?;
        self.sign(')')?;
        Ok(Rule::Is(state, alarm))
    }

    fn state(&mut self, wanted: &str) -> Result<StateValue, AlarmError> {
        self.space();
        let state = StateValue::of(self.peek()).ok_or_else(|| self.error(wanted))?;
        self.at += state.text().len();
        Ok(state)
    }

    fn at_least(&mut self) -> Result<Rule, AlarmError> {
        self.sign('(')?;
        self.space();
        let at = self.at;
        let end =
            self.rest().find(|letter: char| !letter.is_ascii_digit() && letter != '.').unwrap_or(self.rest().len());
        let number = &self.rest()[..end];
        self.at += end;
        let least = if self.rest().starts_with('%') {
            self.at += 1;
            number.parse().ok().filter(|percent| (0.0..=100.0).contains(percent)).map(Least::Percent)
        } else {
            number.parse().ok().filter(|count| *count > 0).map(Least::Count)
        };
        let Some(least) = least else {
            self.at = at;
            return Err(self.error("a number of alarms or a percentage"));
        };
        self.sign(',')?;
        let not = self.word("NOT");
        let state = self.state("ALARM, OK or INSUFFICIENT_DATA")?;
        self.sign(',')?;
        self.sign('(')?;
        let mut alarms = vec![self.alarm()?];
        while self.is(',') {
            alarms.push(self.alarm()?);
        }
        self.sign(')')?;
        self.sign(')')?;
        if matches!(least, Least::Count(count) if count > alarms.len()) {
            self.at = at;
            return Err(self.error("a number not greater than that of the alarms"));
        }
        Ok(Rule::AtLeast { least, not, state, alarms })
    }

    /// A name or ARN; in quotes when it holds a space, comma or bracket.
    fn alarm(&mut self) -> Result<String, AlarmError> {
        self.space();
        if !self.rest().starts_with('"') {
            let end = self.rest().find(|letter: char| letter.is_whitespace() || "(),\"".contains(letter));
            let name = &self.rest()[..end.unwrap_or(self.rest().len())];
            if name.is_empty() {
                return Err(self.error("the name of an alarm"));
            }
            self.at += name.len();
            return Ok(name.to_owned());
        }
        let mut name = String::new();
        let mut letters = self.rest().char_indices().skip(1);
        while let Some((place, letter)) = letters.next() {
            match letter {
                '"' if name.is_empty() => return Err(self.error("the name of an alarm")),
                '"' => {
                    self.at += place + 1;
                    return Ok(name);
                }
                '\\' => name.extend(letters.next().map(|(_, letter)| letter)),
                _ => name.push(letter),
            }
        }
        Err(self.error("a name that ends with a quote"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Alarms `a…` are in alarm, `o…` are OK, all others have insufficient data.
    fn state(alarm: &str) -> StateValue {
        match alarm.as_bytes()[0] {
            b'a' => StateValue::Alarm,
            b'o' => StateValue::Ok,
            _ => StateValue::InsufficientData,
        }
    }

    #[test]
    fn rules_hold_or_not() {
        for (rule, expected) in [
            ("TRUE", true),
            ("FALSE", false),
            ("ALARM(a)", true),
            ("ALARM( \"a b, (c)\" )", true),
            ("ALARM(\"a \\\"quoted\\\"\")", true),
            ("OK(o)", true),
            ("OK(a)", false),
            ("INSUFFICIENT_DATA(x)", true),
            ("ALARM(arn:aws:cloudwatch:us-east-1:123456789012:alarm:x)", true),
            ("NOT ALARM(a)", false),
            ("NOT NOT ALARM(a)", true),
            ("ALARM(a) AND OK(o)", true),
            ("ALARM(a) AND OK(a)", false),
            ("ALARM(a) OR OK(a) AND FALSE", true),
            ("(ALARM(a) OR OK(a)) AND FALSE", false),
            ("NOT ALARM(o) AND ALARM(a)", true),
            ("ALARM(o)\n  OR (ALARM(a)\tAND NOT (OK(a)))", true),
            ("AT_LEAST(2, ALARM, (a1, a2, o))", true),
            ("AT_LEAST(3, ALARM, (a1, a2, o))", false),
            ("AT_LEAST(50%, ALARM, (a1, o))", true),
            ("AT_LEAST(51%, ALARM, (a1, o))", false),
            ("AT_LEAST(2, NOT OK, (a1, o, x))", true),
            ("AT_LEAST(1, OK, (\"a b\", a2)) OR TRUE", true),
        ] {
            assert_eq!(Rule::parse(rule).expect(rule).holds(&state), expected, "{rule}");
        }
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        for (rule, at) in [
            ("", 1),
            ("ALARM", 6),
            ("ALARM()", 7),
            ("ALARM(\"\")", 7),
            ("ALARM(a", 8),
            ("ALARM(\"a", 7),
            ("ALARM(a b)", 9),
            ("alarm(a)", 1),
            ("ALARM(a) ALARM(b)", 10),
            ("ALARM(a) AND", 13),
            ("(ALARM(a)", 10),
            ("ALARM(a))", 9),
            ("AT_LEAST(0, ALARM, (a))", 10),
            ("AT_LEAST(2, ALARM, (a))", 10),
            ("AT_LEAST(101%, ALARM, (a))", 10),
            ("AT_LEAST(1, TRUE, (a))", 13),
            ("AT_LEAST(1, ALARM, a)", 20),
            ("AT_LEAST(1, ALARM, (a)", 23),
        ] {
            let message = Rule::parse(rule).expect_err(rule).to_string();
            assert!(message.contains(&format!("at position {at}:")), "{rule}: {message}");
        }
        assert!(Rule::parse(&"(".repeat(9000)).is_err());
        assert!(Rule::parse(&"NOT ".repeat(2000)).is_err());
        assert!(Rule::parse(&"x".repeat(LONGEST + 1)).is_err());
    }

    #[test]
    fn the_alarms_of_a_rule_are_told() {
        let rule = Rule::parse("ALARM(a) AND NOT (OK(\"b c\") OR AT_LEAST(1, OK, (d, a)))").expect("good");
        assert_eq!(rule.alarms().into_iter().collect::<Vec<_>>(), ["a", "b c", "d"]);
    }
}
