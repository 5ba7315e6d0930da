//! The names of the functions that are here. DataFusion has more, which Trino has not: they are
//! refused, so that no query depends on them.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    Expr, Function, FunctionArguments, ObjectNamePart, Spanned, Statement, TableFactor, Visit, Visitor,
};

use crate::error::{Code, Error, Position};

/// Trino's names, sorted.
pub(crate) const NAMES: &[&str] = &[
    "abs",
    "acos",
    "all_match",
    "any_match",
    "any_value",
    "approx_distinct",
    "approx_percentile",
    "arbitrary",
    "array_agg",
    "array_distinct",
    "array_except",
    "array_intersect",
    "array_join",
    "array_max",
    "array_min",
    "array_position",
    "array_remove",
    "array_sort",
    "array_union",
    "arrays_overlap",
    "asin",
    "at_timezone",
    "atan",
    "atan2",
    "avg",
    "bar",
    "bit_count",
    "bitwise_and",
    "bitwise_and_agg",
    "bitwise_left_shift",
    "bitwise_not",
    "bitwise_or",
    "bitwise_or_agg",
    "bitwise_right_shift",
    "bitwise_xor",
    "bitwise_xor_agg",
    "bool_and",
    "bool_or",
    "cardinality",
    "cbrt",
    "ceil",
    "ceiling",
    "checksum",
    "chr",
    "coalesce",
    "codepoint",
    "color",
    "concat",
    "concat_ws",
    "contains",
    "corr",
    "cos",
    "cosh",
    "count",
    "count_if",
    "covar_pop",
    "covar_samp",
    "cume_dist",
    "current_date",
    "current_timestamp",
    "current_timezone",
    "date",
    "date_add",
    "date_diff",
    "date_format",
    "date_parse",
    "date_trunc",
    "day",
    "day_of_month",
    "day_of_week",
    "day_of_year",
    "degrees",
    "dense_rank",
    "dow",
    "doy",
    "e",
    "element_at",
    "every",
    "exp",
    "filter",
    "first_value",
    "flatten",
    "floor",
    "format",
    "format_datetime",
    "format_number",
    "from_iso8601_date",
    "from_iso8601_timestamp",
    "from_unixtime",
    "greatest",
    "grouping",
    "histogram",
    "hour",
    "if",
    "infinity",
    "ip_prefix",
    "ip_subnet_max",
    "ip_subnet_min",
    "ip_subnet_range",
    "is_json_scalar",
    "is_nan",
    "is_subnet_of",
    "json_array_contains",
    "json_array_get",
    "json_array_length",
    "json_extract",
    "json_extract_scalar",
    "json_format",
    "json_parse",
    "json_size",
    "lag",
    "last_value",
    "lead",
    "least",
    "length",
    "levenshtein_distance",
    "listagg",
    "ln",
    "localtimestamp",
    "log",
    "log10",
    "log2",
    "lower",
    "lpad",
    "ltrim",
    "map",
    "map_agg",
    "map_concat",
    "map_entries",
    "map_filter",
    "map_from_entries",
    "map_keys",
    "map_union",
    "map_values",
    "max",
    "max_by",
    "millisecond",
    "min",
    "min_by",
    "minute",
    "mod",
    "month",
    "multimap_agg",
    "nan",
    "none_match",
    "now",
    "nth_value",
    "ntile",
    "nullif",
    "parse_datetime",
    "parse_duration",
    "percent_rank",
    "pi",
    "pow",
    "power",
    "quarter",
    "radians",
    "rand",
    "random",
    "rank",
    "reduce",
    "regexp_count",
    "regexp_extract",
    "regexp_like",
    "regexp_replace",
    "regr_intercept",
    "regr_slope",
    "render",
    "repeat",
    "replace",
    "reverse",
    "rgb",
    "round",
    "row",
    "row_number",
    "rpad",
    "rtrim",
    "second",
    "sequence",
    "sign",
    "sin",
    "sinh",
    "slice",
    "split",
    "split_part",
    "split_to_map",
    "sqrt",
    "starts_with",
    "stddev",
    "stddev_pop",
    "stddev_samp",
    "strpos",
    "substr",
    "substring",
    "sum",
    "tan",
    "tanh",
    "to_iso8601",
    "to_milliseconds",
    "to_unixtime",
    "transform",
    "transform_keys",
    "transform_values",
    "translate",
    "trim",
    "trim_array",
    "truncate",
    "try",
    "typeof",
    "unnest",
    "upper",
    "url_decode",
    "url_encode",
    "url_extract_fragment",
    "url_extract_host",
    "url_extract_parameter",
    "url_extract_path",
    "url_extract_port",
    "url_extract_protocol",
    "url_extract_query",
    "uuid",
    "var_pop",
    "var_samp",
    "variance",
    "week",
    "week_of_year",
    "year",
    "year_of_week",
    "yow",
    "zip",
    "zip_with",
];

/// Refuses a statement that calls what Trino does not have, or has and is not here.
///
/// # Errors
/// FUNCTION_NOT_FOUND with the place of the first such call.
pub(crate) fn check(statement: &Statement) -> Result<(), Error> {
    match statement.visit(&mut Calls) {
        ControlFlow::Break(error) => Err(error),
        ControlFlow::Continue(()) => Ok(()),
    }
}

/// Functions that DataFusion would call with fewer arguments, and how many there have to be.
const FEWEST: [(&str, usize); 3] = [("first_value", 1), ("last_value", 1), ("nth_value", 2)];

fn arguments(call: &Function) -> usize {
    match &call.args {
        FunctionArguments::List(list) => list.args.len(),
        FunctionArguments::None | FunctionArguments::Subquery(_) => 0,
    }
}

struct Calls;

impl Visitor for Calls {
    type Break = Error;

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<Error> {
        let Expr::Function(call) = expr else { return ControlFlow::Continue(()) };
        let [ObjectNamePart::Identifier(name)] = call.name.0.as_slice() else { return ControlFlow::Continue(()) };
        let lower = name.value.to_ascii_lowercase();
        let known = NAMES.binary_search(&lower.as_str()).is_ok();
        let fewest = FEWEST.iter().find(|(name, _)| *name == lower).map_or(0, |(_, count)| *count);
        if known && arguments(call) >= fewest {
            return ControlFlow::Continue(());
        }
        let start = call.name.span().start;
        let position = (start.line > 0).then_some(Position { line: start.line, column: start.column });
        let message = match known {
            true => format!("Unexpected parameters for function {lower}: it takes {fewest} at least"),
            false => format!("Function '{lower}' not registered"),
        };
        ControlFlow::Break(Error { code: Code::FunctionNotFound, position, message })
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<Error> {
        let TableFactor::Table { name, args: Some(_), .. } = factor else { return ControlFlow::Continue(()) };
        let start = name.span().start;
        let position = (start.line > 0).then_some(Position { line: start.line, column: start.column });
        ControlFlow::Break(Error {
            code: Code::FunctionNotFound,
            position,
            message: format!("Table function '{name}' not registered"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_sorted() {
        assert!(NAMES.is_sorted());
    }
}
