//! Events as tokens: parted by spaces, kept together by quotes and brackets.

/// Where a token stands in its event, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Token {
    /// Where it begins, its quote or bracket included.
    outer: usize,
    start: usize,
    end: usize,
}

/// Splits an event into tokens, behind those that are in `tokens` already.
///
/// A token that begins with `"` or `[` ends with the next `"` or `]`, and loses both; what follows without a space is
/// another token. Without the closing one it is a token like any other. Several spaces are one.
pub(crate) fn split(text: &str, tokens: &mut Vec<Token>) {
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(&first) = bytes.get(at) {
        let closing = match first {
            b' ' => {
                at += 1;
                continue;
            }
            b'"' => Some(b'"'),
            b'[' => Some(b']'),
            _ => None,
        };
        let enclosed = closing.and_then(|closing| memchr::memchr(closing, &bytes[at + 1..]));
        let token = match enclosed {
            Some(length) => Token { outer: at, start: at + 1, end: at + 1 + length },
            None => Token { outer: at, start: at, end: word_end(bytes, at) },
        };
        tokens.push(token);
        at = token.end + usize::from(enclosed.is_some());
    }
}

/// Words are short: a search made for long texts would take longer to begin.
fn word_end(bytes: &[u8], start: usize) -> usize {
    bytes[start..].iter().position(|byte| *byte == b' ').map_or(bytes.len(), |length| start + length)
}

/// Which token of an event, or which of its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Source {
    /// The token with so many before it.
    Left(usize),
    /// The token with so many after it.
    Right(usize),
    /// The token with so many before it, and everything after it: what the last slot takes.
    Rest(usize),
}

impl Source {
    /// The index of the token, if there is one; for [`Source::Rest`] of the first one.
    pub(crate) fn index(self, tokens: usize) -> Option<usize> {
        match self {
            Self::Left(index) | Self::Rest(index) => Some(index).filter(|index| *index < tokens),
            Self::Right(behind) => tokens.checked_sub(behind + 1),
        }
    }

    /// What stands there: a token without its quotes or brackets, several as they are written.
    #[inline]
    pub(crate) fn text<'t>(self, text: &'t str, tokens: &[Token]) -> Option<&'t str> {
        let index = self.index(tokens.len())?;
        let token = tokens.get(index)?;
        if matches!(self, Self::Rest(_)) && index + 1 < tokens.len() {
            return text.get(token.outer..).map(|rest| rest.trim_end_matches(' '));
        }
        text.get(token.start..token.end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(text: &str) -> Vec<&str> {
        let mut tokens = Vec::new();
        split(text, &mut tokens);
        tokens.iter().map(|token| &text[token.start..token.end]).collect()
    }

    #[test]
    fn quotes_and_brackets_keep_words_together() {
        assert_eq!(
            tokens("127.0.0.1 - [10/Oct/2000:13:25:15 -0700] \"GET / HTTP/1.0\" 200"),
            ["127.0.0.1", "-", "10/Oct/2000:13:25:15 -0700", "GET / HTTP/1.0", "200"]
        );
        assert_eq!(tokens("  a  b "), ["a", "b"]);
        assert_eq!(tokens("\"\" []x"), ["", "", "x"]);
        assert_eq!(tokens("\"x\"y a\"b c\""), ["x", "y", "a\"b", "c\""]);
        assert_eq!(tokens("[open é"), ["[open", "é"]);
        assert_eq!(tokens("a \""), ["a", "\""]);
        assert_eq!(tokens(""), [""; 0]);
    }

    #[test]
    fn the_rest_is_as_it_is_written() {
        let text = "a \"b c\"  [d] ";
        let mut tokens = Vec::new();
        split(text, &mut tokens);
        let at = |source: Source| source.text(text, &tokens);
        assert_eq!(at(Source::Rest(1)), Some("\"b c\"  [d]"));
        assert_eq!(at(Source::Rest(2)), Some("d"));
        assert_eq!(at(Source::Rest(3)), None);
        assert_eq!(at(Source::Left(1)), Some("b c"));
        assert_eq!(at(Source::Right(2)), Some("a"));
        assert_eq!(at(Source::Right(3)), None);
    }
}
