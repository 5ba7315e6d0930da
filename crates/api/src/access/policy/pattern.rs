//! Texts with wildcards and variables: `home/${aws:username}/*`.

use std::borrow::Cow;

use crate::access::Context;

/// A text with wildcards and variables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pattern(Vec<Piece>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Letter(char),
    /// `?`.
    One,
    /// `*`.
    Any,
    /// `${key}`, or `${key, 'default'}`.
    Variable {
        key: String,
        default: Option<String>,
    },
}

/// Which signs mean more than themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Signs {
    pub(super) wildcards: bool,
    /// From version 2012-10-17 on.
    pub(super) variables: bool,
}

impl Pattern {
    pub(super) fn parse(text: &str, signs: Signs) -> Self {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some(letter) = rest.chars().next() {
            let variable = if signs.variables { variable(rest) } else { None };
            if let Some((piece, length)) = variable {
                pieces.push(piece);
                rest = &rest[length..];
                continue;
            }
            pieces.push(match letter {
                '*' if signs.wildcards => Piece::Any,
                '?' if signs.wildcards => Piece::One,
                letter => Piece::Letter(letter),
            });
            rest = &rest[letter.len_utf8()..];
        }
        Self(pieces)
    }

    /// Only wildcards, in small letters: for actions, which are alike whatever their case.
    pub(super) fn action(text: &str) -> Self {
        Self::parse(&text.to_ascii_lowercase(), Signs { wildcards: true, variables: false })
    }

    /// Whether a text fits. A variable that nothing is known of, and that has no default, fits nothing.
    pub(super) fn fits(&self, text: &str, context: &Context) -> bool {
        self.fits_with(text, context, false)
    }

    /// The same, whatever the case of letters.
    pub(super) fn fits_any_case(&self, text: &str, context: &Context) -> bool {
        self.fits_with(text, context, true)
    }

    fn fits_with(&self, text: &str, context: &Context, any_case: bool) -> bool {
        let Some(pieces) = self.resolved(context) else { return false };
        if !any_case {
            return glob(&pieces, &text.chars().collect::<Vec<_>>());
        }
        let folded = |piece: &Piece| match piece {
            Piece::Letter(letter) => letter.to_lowercase().map(Piece::Letter).collect(),
            other => vec![other.clone()],
        };
        let pieces: Vec<Piece> = pieces.iter().flat_map(folded).collect();
        glob(&pieces, &text.chars().flat_map(char::to_lowercase).collect::<Vec<_>>())
    }

    /// With the values of variables in their place, letter by letter: a star in a value is a star, not a wildcard.
    fn resolved(&self, context: &Context) -> Option<Cow<'_, [Piece]>> {
        if !self.0.iter().any(|piece| matches!(piece, Piece::Variable { .. })) {
            return Some(Cow::Borrowed(&self.0));
        }
        let mut pieces = Vec::with_capacity(self.0.len());
        for piece in &self.0 {
            match piece {
                Piece::Variable { key, default } => {
                    let known = context.get(key).filter(|values| values.len() == 1);
                    let known = known.as_ref().map(|values| values[0].as_str());
                    pieces.extend(known.or(default.as_deref())?.chars().map(Piece::Letter));
                }
                other => pieces.push(other.clone()),
            }
        }
        Some(Cow::Owned(pieces))
    }
}

/// A variable at the start of a text, and how long it is there.
fn variable(text: &str) -> Option<(Piece, usize)> {
    let inside = text.strip_prefix("${")?;
    let end = inside.find('}')?;
    let (name, length) = (&inside[..end], end + 3);
    if let "*" | "?" | "$" = name {
        return Some((Piece::Letter(name.chars().next()?), length));
    }
    let (key, default) = match name.split_once(',') {
        Some((key, default)) => {
            let default = default.trim().strip_prefix('\'')?.strip_suffix('\'')?;
            (key.trim(), Some(default.to_owned()))
        }
        None => (name.trim(), None),
    };
    Some((Piece::Variable { key: key.to_owned(), default }, length))
}

/// Whether a text fits, in time proportional to the product of the lengths at most.
fn glob(pieces: &[Piece], text: &[char]) -> bool {
    let (mut piece, mut letter) = (0, 0);
    // Where the last star stands, and how far the text goes that it takes.
    let mut star: Option<(usize, usize)> = None;
    while letter < text.len() {
        let here = match pieces.get(piece) {
            Some(Piece::Any) => {
                star = Some((piece, letter));
                piece += 1;
                continue;
            }
            Some(Piece::One) => true,
            Some(Piece::Letter(expected)) => *expected == text[letter],
            _ => false,
        };
        if here {
            piece += 1;
            letter += 1;
        } else if let Some((at, taken)) = star {
            star = Some((at, taken + 1));
            piece = at + 1;
            letter = taken + 1;
        } else {
            return false;
        }
    }
    pieces[piece..].iter().all(|piece| *piece == Piece::Any)
}
