//! Statements of a query language: one parameter of a list that says which rows, in which order, and which page of them.
//!
//! Keeps the invariant that a condition that is added narrows what is asked for, and never replaces the list's own.

use super::language::Statement;

/// A statement whose names are filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Words {
    param: String,
    select: String,
    conditions: Vec<String>,
    order: Option<String>,
}

impl Words {
    /// Fills the names of a statement in.
    ///
    /// # Errors
    /// A name without a value.
    pub(super) fn of(statement: &Statement, fill: &dyn Fn(&str) -> Result<String, String>) -> Result<Self, String> {
        Ok(Self {
            param: statement.param.clone(),
            select: fill(&statement.select)?,
            conditions: statement.r#where.iter().map(|text| fill(text)).collect::<Result<_, _>>()?,
            order: statement.order.as_deref().map(fill).transpose()?,
        })
    }

    /// Asks only for rows that meet this as well.
    pub(super) fn narrow(&mut self, condition: String) {
        self.conditions.push(condition);
    }

    /// The parameter that asks for a page.
    pub(super) fn paged(&self, page: impl Iterator<Item = (String, String)>) -> (String, String) {
        let mut text = self.select.clone();
        for (index, condition) in self.conditions.iter().enumerate() {
            text.push_str(if index == 0 { " WHERE " } else { " AND " });
            text.push_str(condition);
        }
        for word in self.order.iter().cloned().chain(page.map(|(name, value)| format!("{name} {value}"))) {
            text.push(' ');
            text.push_str(&word);
        }
        (self.param.clone(), text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_stand_before_the_order_and_the_page_behind_it() {
        let said = |text: &str| toml::from_str::<Statement>(text).unwrap();
        let page = || [("STARTPOSITION".to_owned(), "1".to_owned())].into_iter();
        for (text, more, expected) in [
            ("param = 'q'\nselect = 'SELECT * FROM A'", None, "SELECT * FROM A STARTPOSITION 1"),
            (
                "param = 'q'\nselect = 'SELECT * FROM A'\nwhere = 'x = 1'\norder = 'ORDERBY Id'",
                Some("y = 2"),
                "SELECT * FROM A WHERE x = 1 AND y = 2 ORDERBY Id STARTPOSITION 1",
            ),
            ("param = 'q'\nselect = 'SELECT * FROM A'", Some("y = 2"), "SELECT * FROM A WHERE y = 2 STARTPOSITION 1"),
        ] {
            let mut words = Words::of(&said(text), &|text| Ok(text.to_owned())).unwrap();
            more.into_iter().for_each(|more| words.narrow(more.to_owned()));
            assert_eq!(words.paged(page()), ("q".to_owned(), expected.to_owned()));
        }
    }
}
