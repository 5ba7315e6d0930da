//! Functions for looking at results in a terminal: bars, colours, short numbers.

use datafusion::arrow::array::{Array, ArrayRef, AsArray, FixedSizeBinaryBuilder, StringViewArray, StringViewBuilder};
use datafusion::arrow::datatypes::{DataType, Float64Type, Int64Type};
use datafusion::common::Result;

use super::generic::{Generic, types};
use super::{Entry, Overload, Param, done, refuse, type_name};

const COLOR: Param = Param::Color;
const NUMBER: Param = Param::Double;
const COUNT: Param = Param::Bigint;

/// Bytes of a colour: red, green, blue.
pub(super) const BYTES: i32 = 3;

/// Ends colours on a terminal.
const RESET: &str = "\u{1b}[0m";

/// The widest bar, in characters.
const WIDEST: i64 = 10_000;

const fn overload(parameters: &'static [Param], result: Param, body: super::Body) -> Overload {
    Overload { parameters, variadic: false, result, body }
}

pub(super) const FUNCTIONS: &[Entry] = &[
    (
        "bar",
        &[overload(&[NUMBER, COUNT], Param::Text, bar), overload(&[NUMBER, COUNT, COLOR, COLOR], Param::Text, bar)],
    ),
    ("color", &[overload(&[Param::Text], COLOR, color), overload(&[NUMBER, COLOR, COLOR], COLOR, between)]),
    ("format_number", &[overload(&[NUMBER], Param::Text, format_number)]),
    (
        "render",
        &[overload(&[Param::Boolean], Param::Text, render_truth), overload(&[Param::Text, COLOR], Param::Text, render)],
    ),
    ("rgb", &[overload(&[COUNT, COUNT, COUNT], COLOR, rgb)]),
];

/// What a cast stands in that would have the name of what it casts: the value, and the type as a text.
pub(crate) const TOLD_APART: &str = "$told_apart";

pub(super) const GENERIC: &[Generic] = &[
    TYPEOF,
    Generic {
        name: TOLD_APART,
        usage: "CAST(any AS type)",
        takes_null: false,
        types: |given| match given {
            [of, _] => types(vec![of.clone(), DataType::Utf8View], of.clone()),
            _ => None,
        },
        body: |args, _| Ok(ArrayRef::clone(&args[0])),
    },
];

const TYPEOF: Generic = Generic {
    name: "typeof",
    usage: "typeof(any)",
    takes_null: true,
    types: |given| match given {
        [of] => types(vec![of.clone()], DataType::Utf8View),
        _ => None,
    },
    body: |args, _| {
        let name = type_name(args[0].data_type());
        done(StringViewArray::from_iter_values(std::iter::repeat_n(name, args[0].len())))
    },
};

type Rgb = [u8; 3];

const RED: Rgb = [255, 0, 0];
const GREEN: Rgb = [0, 255, 0];

fn colors(column: &ArrayRef, row: usize) -> Rgb {
    let bytes = column.as_fixed_size_binary().value(row);
    [bytes[0], bytes[1], bytes[2]]
}

fn is_complete(args: &[ArrayRef], row: usize) -> bool {
    args.iter().all(|arg| arg.is_valid(row))
}

/// A text of each row; NULL when an argument is.
fn texts(args: &[ArrayRef], text: impl Fn(usize) -> Result<String>) -> Result<ArrayRef> {
    let rows = args.first().map_or(0, |arg| arg.len());
    let mut result = StringViewBuilder::with_capacity(rows);
    for row in 0..rows {
        result.append_option(if is_complete(args, row) { Some(text(row)?) } else { None });
    }
    done(result.finish())
}

/// A colour of each row; NULL when an argument is.
fn of_colors(args: &[ArrayRef], color: impl Fn(usize) -> Result<Rgb>) -> Result<ArrayRef> {
    let rows = args.first().map_or(0, |arg| arg.len());
    let mut result = FixedSizeBinaryBuilder::with_capacity(rows, BYTES);
    for row in 0..rows {
        if is_complete(args, row) { result.append_value(color(row)?)? } else { result.append_null() }
    }
    done(result.finish())
}

/// `bar(x, width[, low, high])`: as much of the width as `x` says, 0 to 1, from one colour to the other.
fn bar(args: &[ArrayRef], _now: i64) -> Result<ArrayRef> {
    let (shares, widths) = (args[0].as_primitive::<Float64Type>(), args[1].as_primitive::<Int64Type>());
    texts(args, |row| {
        let (share, width) = (shares.value(row), widths.value(row));
        if !(0..=WIDEST).contains(&width) {
            return refuse(format!("width of bar must be between 0 and {WIDEST}"));
        }
        let (low, high) = match args {
            [_, _, low, high] => (colors(low, row), colors(high, row)),
            _ => (RED, GREEN),
        };
        let filled = ((share * width as f64) as i64).clamp(0, width);
        let block = |at: i64| {
            let color = mixed(at as f64 / (width - 1).max(1) as f64, low, high);
            format!("{}\u{2588}", foreground(color))
        };
        let blocks: String = (0..filled).map(block).collect();
        Ok(format!("{blocks}{RESET}{}", " ".repeat(usize::try_from(width - filled).unwrap_or(0))))
    })
}

/// `color('#fc0')`, or one of the eight names of terminals.
fn color(args: &[ArrayRef], _now: i64) -> Result<ArrayRef> {
    let names = args[0].as_string_view();
    of_colors(args, |row| {
        let name = names.value(row);
        named(name).map_or_else(|| refuse(format!("Invalid color: '{name}'")), Ok)
    })
}

/// `color(x, low, high)`: between two colours.
fn between(args: &[ArrayRef], _now: i64) -> Result<ArrayRef> {
    let shares = args[0].as_primitive::<Float64Type>();
    of_colors(args, |row| Ok(mixed(shares.value(row), colors(&args[1], row), colors(&args[2], row))))
}

fn rgb(args: &[ArrayRef], _now: i64) -> Result<ArrayRef> {
    of_colors(args, |row| {
        let part = |index: usize, name: &str| {
            let value = args[index].as_primitive::<Int64Type>().value(row);
            u8::try_from(value).or_else(|_| refuse(format!("{name} must be between 0 and 255")))
        };
        Ok([part(0, "red")?, part(1, "green")?, part(2, "blue")?])
    })
}

fn render(args: &[ArrayRef], _now: i64) -> Result<ArrayRef> {
    let shown = args[0].as_string_view();
    texts(args, |row| Ok(format!("{}{}{RESET}", foreground(colors(&args[1], row)), shown.value(row))))
}

fn render_truth(args: &[ArrayRef], _now: i64) -> Result<ArrayRef> {
    let truths = args[0].as_boolean();
    texts(args, |row| {
        let (color, mark) = if truths.value(row) { (GREEN, '\u{2713}') } else { (RED, '\u{2717}') };
        Ok(format!("{}{mark}{RESET}", foreground(color)))
    })
}

/// Three digits and a unit: `123K`.
fn format_number(args: &[ArrayRef], _now: i64) -> Result<ArrayRef> {
    let numbers = args[0].as_primitive::<Float64Type>();
    texts(args, |row| Ok(short(numbers.value(row))))
}

fn short(number: f64) -> String {
    if !number.is_finite() {
        return number.to_string();
    }
    let mut left = number.abs();
    let mut unit = "";
    for larger in ["K", "M", "B", "T", "Q"] {
        if left < 1000.0 {
            break;
        }
        (left, unit) = (left / 1000.0, larger);
    }
    let places = match left {
        left if left < 10.0 => 2,
        left if left < 100.0 => 1,
        _ => 0,
    };
    let digits = format!("{left:.places$}");
    let digits = if places > 0 { digits.trim_end_matches('0').trim_end_matches('.') } else { &digits };
    format!("{}{digits}{unit}", if number < 0.0 { "-" } else { "" })
}

/// A colour on the way from one to the other.
fn mixed(share: f64, low: Rgb, high: Rgb) -> Rgb {
    let share = share.clamp(0.0, 1.0);
    std::array::from_fn(|part| {
        let (from, to) = (f64::from(low[part]), f64::from(high[part]));
        // Between 0 and 255, since both are.
        (from + share * (to - from)) as u8
    })
}

/// What turns a terminal of 256 colours to the nearest of its cube of 6 by 6 by 6.
fn foreground(color: Rgb) -> String {
    let [red, green, blue] = color.map(|part| u32::from(part) * 6 / 256);
    format!("\u{1b}[38;5;{}m", 16 + 36 * red + 6 * green + blue)
}

fn named(name: &str) -> Option<Rgb> {
    const NAMES: [(&str, Rgb); 8] = [
        ("black", [0, 0, 0]),
        ("red", [255, 0, 0]),
        ("green", [0, 255, 0]),
        ("yellow", [255, 255, 0]),
        ("blue", [0, 0, 255]),
        ("magenta", [255, 0, 255]),
        ("cyan", [0, 255, 255]),
        ("white", [255, 255, 255]),
    ];
    if let Some((_, color)) = NAMES.iter().find(|(known, _)| *known == name) {
        return Some(*color);
    }
    let digits = name.strip_prefix('#').filter(|digits| digits.len() == 3 && digits.is_ascii())?;
    let digit = |at: usize| u8::from_str_radix(digits.get(at..=at)?, 16).ok().map(|digit| digit * 17);
    Some([digit(0)?, digit(1)?, digit(2)?])
}
