//! The captured parts of a path, in one allocation at most.

/// Parameters stored without a second allocation.
const INLINE: usize = 4;

/// Captured values in the order of the pattern. Owns its text; empty costs nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PathParams {
    text: String,
    len: usize,
    ends: [usize; INLINE],
    more: Vec<usize>,
}

impl PathParams {
    /// An empty list with room for `bytes` of text.
    pub(super) fn with_capacity(bytes: usize) -> Self {
        Self { text: String::with_capacity(bytes), ..Self::default() }
    }

    /// Appends a value; NUL stands for a slash that was escaped in the raw path.
    pub(super) fn push(&mut self, value: &str) {
        let mut rest = value;
        while let Some((head, tail)) = rest.split_once('\0') {
            self.text.push_str(head);
            self.text.push('/');
            rest = tail;
        }
        self.text.push_str(rest);
        match self.ends.get_mut(self.len) {
            Some(end) => *end = self.text.len(),
            None => self.more.push(self.text.len()),
        }
        self.len += 1;
    }

    /// How many values there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// True where the pattern has no parameter.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The value at `index`; `None` past the end.
    pub fn get(&self, index: usize) -> Option<&str> {
        if index >= self.len {
            return None;
        }
        let start = match index.checked_sub(1) {
            Some(before) => self.end(before)?,
            None => 0,
        };
        self.text.get(start..self.end(index)?)
    }

    /// All values in order.
    pub fn iter(&self) -> PathParamsIter<'_> {
        PathParamsIter { params: self, next: 0 }
    }

    fn end(&self, index: usize) -> Option<usize> {
        match index.checked_sub(INLINE) {
            Some(index) => self.more.get(index).copied(),
            None => self.ends.get(index).copied(),
        }
    }
}

impl<'a> IntoIterator for &'a PathParams {
    type Item = &'a str;
    type IntoIter = PathParamsIter<'a>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// Iterator over [`PathParams`].
#[derive(Debug, Clone)]
pub struct PathParamsIter<'a> {
    params: &'a PathParams,
    next: usize,
}

impl<'a> Iterator for PathParamsIter<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let value = self.params.get(self.next)?;
        self.next += 1;
        Some(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_come_back_in_order_past_the_inline_room() {
        let mut params = PathParams::with_capacity(0);
        let values = ["a", "", "ccc", "d", "é", "", "g"];
        for value in values {
            params.push(value);
        }
        assert_eq!(params.iter().collect::<Vec<_>>(), values);
        assert_eq!(params.len(), 7);
        assert_eq!(params.get(7), None);
    }

    #[test]
    fn an_escaped_slash_is_restored() {
        let mut params = PathParams::default();
        params.push("a\0b\0");
        assert_eq!(params.get(0), Some("a/b/"));
    }

    #[test]
    fn empty_holds_nothing() {
        let params = PathParams::default();
        assert!(params.is_empty());
        assert_eq!(params.get(0), None);
        assert_eq!(params.into_iter().next(), None);
    }
}
