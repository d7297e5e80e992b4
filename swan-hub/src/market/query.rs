//! Query strings.

use std::borrow::Cow;

use super::reply::{Page, invalid};
use crate::gateway::Answer;

/// The parameters of one request; of a name that comes twice the last one counts.
#[derive(Debug)]
pub(super) struct Query<'a>(Vec<(Cow<'a, str>, Cow<'a, str>)>);

/// The longest query that is looked at, in bytes.
const LONGEST: usize = 4_096;

impl<'a> Query<'a> {
    /// Reads a query string.
    pub(super) fn parse(query: Option<&'a str>) -> Result<Self, Answer> {
        let query = query.unwrap_or_default();
        if query.len() > LONGEST {
            return Err(invalid("query", "the query is longer than 4096 bytes"));
        }
        Ok(Self(form_urlencoded::parse(query.as_bytes()).collect()))
    }

    /// The text of a parameter.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        let mut from_last = self.0.iter().rev();
        let (_, value) = from_last.find(|(key, _)| key == name)?;
        Some(value)
    }

    /// A whole number within bounds.
    pub(super) fn number(
        &self,
        name: &'static str,
        least: usize,
        most: usize,
    ) -> Result<Option<usize>, Answer> {
        let Some(text) = self.text(name) else {
            return Ok(None);
        };
        let number = text.parse::<usize>().ok();
        match number.filter(|number| (least..=most).contains(number)) {
            Some(number) if text.bytes().all(|byte| byte.is_ascii_digit()) => Ok(Some(number)),
            _ => Err(invalid(
                name,
                format!("{name} must be a whole number from {least} to {most}"),
            )),
        }
    }

    /// The page of `all` that is asked for, by `page` and `page_size`.
    pub(super) fn page<T: Clone>(&self, all: &[T]) -> Result<Page<T>, Answer> {
        let page = self.number("page", 1, 1_000_000)?.unwrap_or(1);
        let page_size = self.number("page_size", 1, MOST)?.unwrap_or(USUAL);
        let list = all.iter().skip((page - 1).saturating_mul(page_size));
        Ok(Page {
            list: list.take(page_size).cloned().collect(),
            total: all.len(),
            page,
            page_size,
        })
    }
}

/// Entries on a page when nothing is said, and the most that can be asked for.
const USUAL: usize = 20;
const MOST: usize = 500;

#[cfg(test)]
mod tests {
    use super::*;

    fn page(query: &str) -> Result<(Vec<u8>, usize), String> {
        let all: Vec<u8> = (0..45).collect();
        let query = Query::parse(Some(query)).map_err(|answer| answer.message)?;
        let page = query.page(&all).map_err(|answer| answer.message)?;
        Ok((page.list, page.total))
    }

    #[test]
    fn lists_come_in_pages() {
        assert_eq!(page("").unwrap(), ((0..20).collect(), 45));
        assert_eq!(page("page=3").unwrap(), ((40..45).collect(), 45));
        assert_eq!(page("page_size=2&page=2").unwrap().0, [2, 3]);
        assert_eq!(page("page=1000000&page_size=500").unwrap().0.len(), 0);
        assert_eq!(page("page%5Fsize=1&page=%31").unwrap().0, [0]);
    }

    #[test]
    fn pages_that_are_none_are_refused_by_name() {
        for query in [
            "page=0",
            "page=-1",
            "page=1.5",
            "page=%2B1",
            "page=99999999999999999999",
            "page_size=501",
            "page_size=",
            "page_size=%00",
        ] {
            let message = page(query).unwrap_err();
            assert!(
                message.contains("must be a whole number from 1"),
                "{query}: {message}"
            );
        }
        assert!(page(&"x".repeat(5_000)).is_err());
    }
}
