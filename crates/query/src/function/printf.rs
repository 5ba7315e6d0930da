//! `format(format, args…)`: Java's formatter, for the conversions that have a meaning here: `%s %S %d %x %X %o %f %e %b
//! %c %n %%`, with places (`%2$s`), flags (`-`, `0`, `+`, blank, `,`, `(`), width and precision.

use datafusion::arrow::array::{Array, ArrayRef, AsArray, StringViewBuilder};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Float64Type, Int64Type};
use datafusion::common::Result;

use super::generic::{Generic, types};
use super::{done, is_text, refuse};
use crate::text;

pub(super) const FUNCTIONS: &[Generic] = &[Generic {
    name: "format",
    usage: "format(varchar, any, ...)",
    takes_null: true,
    types: |given| match given {
        [format, first, rest @ ..] if is_text(format) || format.is_null() => {
            let values = std::iter::once(first).chain(rest).map(argument);
            types(std::iter::once(DataType::Utf8View).chain(values).collect(), DataType::Utf8View)
        }
        _ => None,
    },
    body: |args, _| format(args),
}];

/// Whole numbers and others have one type each.
fn argument(given: &DataType) -> DataType {
    match given {
        given if given.is_integer() => DataType::Int64,
        given if given.is_floating() => DataType::Float64,
        given if is_text(given) => DataType::Utf8View,
        given => given.clone(),
    }
}

fn format(args: &[ArrayRef]) -> Result<ArrayRef> {
    let formats = cast(&args[0], &DataType::Utf8View)?;
    let formats = formats.as_string_view();
    let mut result = StringViewBuilder::with_capacity(formats.len());
    for row in 0..formats.len() {
        if formats.is_null(row) {
            result.append_null();
            continue;
        }
        match formatted(formats.value(row), &args[1..], row) {
            Ok(text) => result.append_value(text),
            Err(problem) => return refuse(format!("Invalid format string: {} ({problem})", formats.value(row))),
        }
    }
    done(result.finish())
}

/// One of `%…`.
#[derive(Debug, Default)]
struct Directive {
    /// Which argument, from 1; otherwise the next one.
    place: Option<usize>,
    flags: String,
    width: usize,
    precision: Option<usize>,
    conversion: char,
}

fn formatted(format: &str, args: &[ArrayRef], row: usize) -> Result<String, String> {
    let mut out = String::new();
    let mut rest = format;
    let mut next = 0;
    while let Some((before, after)) = rest.split_once('%') {
        out.push_str(before);
        let (directive, length) = directive(after)?;
        rest = &after[length..];
        match directive.conversion {
            '%' => out.push_str(&directive.padded("%")),
            'n' => out.push('\n'),
            _ => {
                let place = directive.place.map_or(next, |place| place - 1);
                next += usize::from(directive.place.is_none());
                let argument = args.get(place).ok_or_else(|| format!("there is no argument {}", place + 1))?;
                out.push_str(&directive.shown(argument, row)?);
            }
        }
    }
    Ok(out + rest)
}

/// The directive behind a `%`, and its length.
fn directive(after: &str) -> Result<(Directive, usize), String> {
    let mut found = Directive::default();
    let mut at = 0;
    let number = |from: usize| {
        let digits = after[from..].bytes().take_while(u8::is_ascii_digit).count();
        (after[from..from + digits].parse::<usize>().ok(), from + digits)
    };
    if let (Some(place @ 1..), end) = number(0)
        && after[end..].starts_with('$')
    {
        (found.place, at) = (Some(place), end + 1);
    }
    let flags = after[at..].bytes().take_while(|byte| b"-#+ 0,(".contains(byte)).count();
    after[at..at + flags].clone_into(&mut found.flags);
    let (width, end) = number(at + flags);
    (found.width, at) = (width.unwrap_or(0), end);
    if after[at..].starts_with('.') {
        let (precision, end) = number(at + 1);
        found.precision = Some(precision.ok_or("a dot without precision")?);
        at = end;
    }
    found.conversion = after[at..].chars().next().ok_or("it ends with %")?;
    let most = 10_000;
    if found.width > most || found.precision.is_some_and(|precision| precision > most) {
        return Err(format!("width and precision are at most {most}"));
    }
    let end = at + found.conversion.len_utf8();
    Ok((found, end))
}

impl Directive {
    fn has(&self, flag: char) -> bool {
        self.flags.contains(flag)
    }

    /// The argument of a row.
    fn shown(&self, argument: &ArrayRef, row: usize) -> Result<String, String> {
        let wrong = || format!("%{} of {}", self.conversion, super::type_name(argument.data_type()));
        let null = argument.is_null(row);
        let whole = || argument.as_primitive_opt::<Int64Type>().map(|numbers| numbers.value(row)).ok_or_else(wrong);
        let real = || argument.as_primitive_opt::<Float64Type>().map(|numbers| numbers.value(row)).ok_or_else(wrong);
        let text = match self.conversion {
            'b' | 'B' => match argument.as_boolean_opt() {
                Some(values) => (!null && values.value(row)).to_string(),
                None => (!null).to_string(),
            },
            's' | 'S' | 'd' | 'x' | 'X' | 'o' | 'f' | 'e' | 'E' | 'c' if null => self.cut("null".to_owned()),
            's' | 'S' => self.cut(text::value(argument.as_ref(), row).unwrap_or_default()),
            'd' => {
                return whole()
                    .map(|number| self.number(number < 0, &self.grouped(&number.unsigned_abs().to_string())));
            }
            'x' | 'X' => format!("{:x}", whole()?),
            'o' => format!("{:o}", whole()?),
            'f' => {
                let (number, precision) = (real()?, self.precision.unwrap_or(6));
                return Ok(self.number(number < 0.0, &self.grouped(&format!("{:.precision$}", number.abs()))));
            }
            'e' | 'E' => {
                let number = real()?;
                return Ok(self.cased(self.number(number < 0.0, &self.exponential(number.abs()))));
            }
            'c' => {
                whole().ok().and_then(|code| char::from_u32(u32::try_from(code).ok()?)).ok_or_else(wrong)?.to_string()
            }
            _ => return Err(format!("%{} is not known", self.conversion)),
        };
        let text = if matches!(self.conversion, 'x' | 'X' | 'o') && self.has('0') { self.zeros(&text) } else { text };
        Ok(self.cased(self.padded(&text)))
    }

    /// Not more than so many characters of a text.
    fn cut(&self, text: String) -> String {
        match self.precision {
            Some(most) => text.chars().take(most).collect(),
            None => text,
        }
    }

    fn cased(&self, text: String) -> String {
        if self.conversion.is_uppercase() { text.to_uppercase() } else { text }
    }

    fn zeros(&self, digits: &str) -> String {
        format!("{digits:0>width$}", width = self.width)
    }

    /// Digits with commas between thousands, if those are wanted.
    fn grouped(&self, digits: &str) -> String {
        if !self.has(',') {
            return digits.to_owned();
        }
        let (whole, rest) = digits.split_at(digits.find('.').unwrap_or(digits.len()));
        let mut out = String::new();
        for (index, digit) in whole.chars().enumerate() {
            out.extend((index > 0 && (whole.len() - index) % 3 == 0).then_some(','));
            out.push(digit);
        }
        out + rest
    }

    /// Java's exponent has a sign and two digits at least.
    fn exponential(&self, number: f64) -> String {
        let precision = self.precision.unwrap_or(6);
        let written = format!("{number:.precision$e}");
        match written.split_once('e') {
            Some((digits, exponent)) => {
                let (sign, exponent) = exponent.strip_prefix('-').map_or(('+', exponent), |rest| ('-', rest));
                format!("{digits}e{sign}{exponent:0>2}")
            }
            None => written,
        }
    }

    /// A number with its sign, filled to the width.
    fn number(&self, negative: bool, digits: &str) -> String {
        let (before, after) = match negative {
            true if self.has('(') => ("(", ")"),
            true => ("-", ""),
            false if self.has('+') => ("+", ""),
            false if self.has(' ') => (" ", ""),
            false => ("", ""),
        };
        if self.has('0') && !self.has('-') {
            let width = self.width.saturating_sub(before.len() + after.len());
            return format!("{before}{digits:0>width$}{after}");
        }
        self.padded(&format!("{before}{digits}{after}"))
    }

    fn padded(&self, text: &str) -> String {
        let width = self.width;
        if self.has('-') { format!("{text:<width$}") } else { format!("{text:>width$}") }
    }
}
