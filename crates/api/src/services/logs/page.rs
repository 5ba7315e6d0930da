//! Pages of lists that are in memory whole.

/// The items behind a token, at most so many (50 unless said), and the token of the next page.
pub(super) fn page<T>(
    items: Vec<T>,
    limit: Option<usize>,
    token: Option<&str>,
    name: impl Fn(&T) -> &str,
) -> (Vec<T>, Option<String>) {
    let limit = limit.unwrap_or(50);
    let mut rest: Vec<T> = match token {
        None => items,
        Some(token) => items.into_iter().skip_while(|item| name(item) != token).skip(1).collect(),
    };
    let more = rest.len() > limit;
    rest.truncate(limit);
    let next = rest.last().filter(|_| more).map(|last| name(last).to_owned());
    (rest, next)
}

#[cfg(test)]
mod tests {
    use super::page;

    #[test]
    fn pages_follow_each_other() {
        let all = || vec!["a", "b", "c"];
        let (first, token) = page(all(), Some(2), None, |item| item);
        assert_eq!((first, token.as_deref()), (vec!["a", "b"], Some("b")));
        assert_eq!(page(all(), Some(2), token.as_deref(), |item| item), (vec!["c"], None));
        assert_eq!(page(all(), None, None, |item| item), (all(), None));
    }
}
