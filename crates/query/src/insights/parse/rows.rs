//! Commands that look at several rows at once. Their options are written `name=value`.

use super::Parser;
use crate::insights::{
    InsightsError,
    lexer::Token,
    time::Period,
    tree::{Columns, Lookup, MOST_ROWS, Name, Node, Outlier, Totals, Verb},
};

/// Rows back, at most.
const FARTHEST: usize = 1000;
/// Rows that `appendcols` takes, unless it says how many.
const USUAL_ROWS: usize = 10_000;

impl Parser {
    /// `autoregress bytes [as before] [p=2]`, `p=1-4`.
    pub(super) fn autoregress(&mut self) -> Result<Verb, InsightsError> {
        let field = self.name()?;
        let alias = if self.takes_word("as")? { Some(self.name()?.text) } else { None };
        let start = self.span;
        let (mut first, mut last, mut several) = (1, 1, false);
        if self.takes_option("p")? {
            first = self.whole_number("how many rows back")?;
            several = self.takes_sign("-")?;
            last = if several { self.whole_number("how many rows back")? } else { first };
        }
        if first == 0 || first > last || last > FARTHEST {
            let message = format!("p is a number of rows from 1 to {FARTHEST}, or such as 1-4");
            return Err(InsightsError::at(self.since(start), message));
        }
        let name = |back: usize| match &alias {
            Some(alias) if several => format!("{alias}_p{back}"),
            Some(alias) => alias.clone(),
            None => format!("{}_p{back}", field.text),
        };
        let into = (first..=last).map(|back| (back, name(back))).collect();
        Ok(Verb::Autoregress { field, into })
    }

    /// `sessionize user, device [maxspan 1h] [as session]`.
    pub(super) fn sessionize(&mut self) -> Result<Verb, InsightsError> {
        let by = self.list(Self::name)?;
        let mut gap = Period::minutes(30);
        if self.takes_option("maxspan")? || self.takes_word("maxspan")? {
            let expr = self.operand()?;
            let Node::Period(period) = expr.node else {
                return Err(InsightsError::at(expr.span, "expected a period such as 30m or 1h"));
            };
            gap = period;
        }
        let into = if self.takes_word("as")? { self.name()?.text } else { "session_id".to_owned() };
        Ok(Verb::Sessionize { by, gap, into })
    }

    /// `fillmissing [with 0 for n, "none" for who]`.
    pub(super) fn fill_missing(&mut self) -> Result<Verb, InsightsError> {
        if !self.takes_word("with")? {
            return Ok(Verb::FillMissing(Vec::new()));
        }
        let fill = |parser: &mut Self| {
            let value = parser.sign()?;
            if !matches!(value.node, Node::Number(..) | Node::Text(_) | Node::Boolean(_)) {
                return Err(InsightsError::at(value.span, "expected a number or a text"));
            }
            parser.expect_word("for")?;
            Ok((value, parser.name()?))
        };
        self.list(fill).map(Verb::FillMissing)
    }

    /// `addtotals [fieldname=all] [row=false] [col=true] [a, b]`.
    pub(super) fn add_totals(&mut self) -> Result<Verb, InsightsError> {
        let (mut name, mut rows, mut columns) = ("Total".to_owned(), true, false);
        loop {
            if self.takes_option("fieldname")? {
                name = self.name()?.text;
            } else if self.takes_option("row")? {
                rows = self.truth()?;
            } else if self.takes_option("col")? {
                columns = self.truth()?;
            } else {
                break;
            }
        }
        let fields = self.any_names(true)?;
        Ok(Verb::AddTotals(Totals { rows: rows.then_some(name), columns, fields }))
    }

    /// `outlier [action=remove] [param=2.5] [uselower=true] [mark=true] cpu memory`.
    pub(super) fn outlier(&mut self) -> Result<Verb, InsightsError> {
        let mut outlier = Outlier { remove: false, factor: 2.5, lower: false, mark: false, fields: Vec::new() };
        loop {
            if self.takes_option("action")? {
                outlier.remove = self.takes_word("remove")?;
                if !outlier.remove {
                    self.expect_word("transform")?;
                }
            } else if self.takes_option("param")? {
                let Token::Number(factor, _) = self.token else { return Err(self.expected("a number")) };
                outlier.factor = factor;
                self.take()?;
            } else if self.takes_option("uselower")? {
                outlier.lower = self.truth()?;
            } else if self.takes_option("mark")? {
                outlier.mark = self.truth()?;
            } else {
                break;
            }
        }
        outlier.fields = self.any_names(false)?;
        if outlier.fields.is_empty() {
            return Err(self.expected("the name of a field"));
        }
        Ok(Verb::Outlier(outlier))
    }

    /// `appendcols [override=true] [max=100] (SOURCE '/g' | stats …)`.
    pub(super) fn append_columns(&mut self) -> Result<Verb, InsightsError> {
        let (mut replace, mut most) = (false, USUAL_ROWS);
        loop {
            if self.takes_option("override")? {
                replace = self.truth()?;
            } else if self.takes_option("max")? {
                let span = self.span;
                most = self.whole_number("a number of rows")?;
                if !(1..=MOST_ROWS).contains(&most) {
                    return Err(InsightsError::at(span, format!("max is 1 to {MOST_ROWS}")));
                }
            } else {
                break;
            }
        }
        self.expect_sign("(")?;
        let of = self.nested(Self::pipeline)?;
        self.expect_sign(")")?;
        Ok(Verb::AppendCols(Box::new(Columns { replace, most, of })))
    }

    /// `lookup table key as field, … [OUTPUT|OUTPUTNEW column as name, …]`.
    pub(super) fn lookup(&mut self, by_block: bool) -> Result<Verb, InsightsError> {
        let table = self.name()?;
        let start = self.span;
        let keys = self.list(Self::renamed)?;
        if by_block && keys.len() > 1 {
            return Err(InsightsError::at(self.since(start), "cidrlookup has one column, that of the blocks"));
        }
        let only_new = self.takes_word("outputnew")?;
        let output = if only_new || self.takes_word("output")? { self.list(Self::renamed)? } else { Vec::new() };
        Ok(Verb::Lookup(Box::new(Lookup { table, keys, output, only_new, by_block })))
    }

    /// `a as b`, or `a` for both.
    fn renamed(&mut self) -> Result<(Name, Name), InsightsError> {
        let name = self.name()?;
        let other = if self.takes_word("as")? { self.name()? } else { name.clone() };
        Ok((name, other))
    }

    /// Passes `name=`, if it is there. A field may have the name of an option.
    fn takes_option(&mut self, name: &str) -> Result<bool, InsightsError> {
        if !self.is_word(name) {
            return Ok(false);
        }
        let (start, before) = (self.span.start, self.before);
        self.take()?;
        if self.takes_sign("=")? {
            return Ok(true);
        }
        self.lexer.back_to(start);
        (self.token, self.span) = self.lexer.next()?;
        self.before = before;
        Ok(false)
    }

    fn truth(&mut self) -> Result<bool, InsightsError> {
        if self.takes_word("true")? {
            return Ok(true);
        }
        self.expect_word("false").map(|()| false)
    }

    /// Names up to the end of the command: between commas, or with blanks alone.
    fn any_names(&mut self, commas: bool) -> Result<Vec<Name>, InsightsError> {
        let mut names = Vec::new();
        while matches!(self.token, Token::Word(_) | Token::Field(_)) {
            names.push(self.name()?);
            let comma = self.takes_sign(",")?;
            if comma && !matches!(self.token, Token::Word(_) | Token::Field(_)) {
                return Err(self.expected("the name of a field"));
            }
            if commas && !comma {
                break;
            }
        }
        Ok(names)
    }
}
