//! Lint of lists: what is asked for, where its rows are, and how it ends.
//!
//! Keeps the invariant that a list says how it is cut into pages, and that none is without an end.

use serde_json::Value;

use super::language::{Entity, List, Page, PageIn, Size, Statement};
use super::lint::Lint;
use super::template::Template;

impl<'f> Lint<'f> {
    pub(super) fn list(&mut self, entity: &Entity, list: &'f List, ancestors: &[&str]) {
        self.one_of(&[("get", list.get.is_some()), ("post", list.post.is_some())]);
        self.at(if list.post.is_some() { "post" } else { "get" }, |lint| {
            lint.address(list.address(), ancestors);
            if let Some(parent) = &entity.parent {
                let named =
                    |text: &str| Template::parse(text).is_ok_and(|text| text.names().contains(&parent.as_str()));
                let stated = list.statement.as_ref().and_then(|said| said.r#where.as_deref());
                let said = named(list.address())
                    || stated.is_some_and(named)
                    || list.query.values().any(|value| value.as_str().is_some_and(named))
                    || list.body.as_ref().is_some_and(|body| body.to_string().contains(&format!("{{{parent}}}")));
                lint.demand(said, format!("the list of each `{parent}` must say which: `{{{parent}}}`"));
            }
        });
        self.at("query", |lint| {
            for (name, value) in &list.query {
                lint.at(name, |lint| {
                    lint.templates_in(value, ancestors);
                    lint.demand(is_query(value), "a text, a number, true or false, or a list of these is expected");
                });
            }
        });
        self.maybe("body", list.body.as_ref(), |lint, body| {
            lint.demand(list.post.is_some(), "a list asked for by GET has no body; say `post`");
            lint.demand(body.is_object(), "an object is expected");
            lint.templates_in(body, ancestors);
        });
        let is_read = entity.get.is_some();
        self.at("read_each", |lint| {
            lint.demand(is_read || !list.read_each, "`get` is needed: how each is read by itself");
        });
        let pages_in_body = list.page_in == PageIn::Body;
        self.at("page_in", |lint| {
            lint.demand(!pages_in_body || list.post.is_some(), "a list asked for by GET has no body");
        });
        self.maybe("statement", list.statement.as_ref(), |lint, statement| lint.statement(list, statement, ancestors));
        self.at("records", |lint| _ = lint.path(&list.records));
        self.maybe("empty", list.empty.as_ref(), |lint, empty| {
            lint.when(empty);
            lint.demand(empty.at.is_some(), "`at` is needed: what an answer without rows says there");
            lint.demand(empty.status.is_empty(), "the status is that of any answer; leave it out");
        });
        self.at("page", |lint| lint.page(&list.page));
        self.maybe("count", list.count.as_ref(), |lint, count| {
            lint.one_of(&[("get", count.get.is_some()), ("post", count.post.is_some())]);
            for (verb, address) in [("get", &count.get), ("post", &count.post)] {
                lint.maybe(verb, address.as_ref(), |lint, address| lint.address(address, ancestors));
            }
            lint.demand(
                count.post.is_none() || list.post.is_some(),
                "a list asked for by GET has no body to ask a count with; say `get`",
            );
            lint.at("at", |lint| _ = lint.path(&count.at));
        });
        self.maybe("gone", list.gone.as_ref(), |lint, gone| {
            lint.at("at", |lint| _ = lint.column(&gone.at));
            lint.demand(entity.fields.contains_key("status"), "the entity needs a field `status` to say it with");
        });
    }

    /// A statement that pages are asked for by.
    fn statement(&mut self, list: &'f List, statement: &'f Statement, ancestors: &[&str]) {
        self.demand(list.post.is_none(), "a list asked for by POST has its body; say `get`");
        self.at("param", |lint| {
            let free = !statement.param.is_empty() && !list.query.contains_key(&statement.param);
            lint.demand(free, "the name of a parameter is needed that `query` does not hold");
        });
        let texts = [
            ("select", Some(&statement.select)),
            ("where", statement.r#where.as_ref()),
            ("order", statement.order.as_ref()),
        ];
        for (key, text) in texts {
            self.maybe(key, text, |lint, text| {
                lint.template(text, ancestors);
                lint.demand(!text.trim().is_empty(), "words of the query language are needed");
            });
        }
        let paged = matches!(list.page, Page::Offset { .. } | Page::Number { .. } | Page::None { .. });
        self.demand(paged, "a statement asks for a page by a number: kind `offset`, `number` or `none`");
    }

    fn page(&mut self, page: &'f Page) {
        let (size, paths): (Option<&Size>, Vec<(&str, Option<&String>)>) = match page {
            Page::None { at_most } => {
                self.demand(*at_most > 0, "`at_most` must be at least 1");
                (None, Vec::new())
            }
            Page::Link { rel, size } => {
                self.demand(!rel.is_empty(), "`rel` must name a link, such as \"next\"");
                (size.as_ref(), Vec::new())
            }
            Page::Cursor { next, param: _, size, total } => {
                (size.as_ref(), vec![("next", Some(next)), ("total", total.as_ref())])
            }
            Page::Offset { offset: _, size, first: _, total } => (Some(size), vec![("total", total.as_ref())]),
            Page::Number { page: _, first: _, size, pages, total } => {
                (size.as_ref(), vec![("pages", pages.as_ref()), ("total", total.as_ref())])
            }
            Page::NextUrl { at, size, total } => (size.as_ref(), vec![("at", Some(at)), ("total", total.as_ref())]),
        };
        self.demand(size.is_none_or(|size| size.value > 0), "a page of 0 rows never ends");
        for (key, path) in paths {
            self.maybe(key, path, |lint, path| _ = lint.path(path));
        }
    }
}

fn is_query(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.iter().all(|item| !item.is_array() && is_query(item)),
        Value::String(_) | Value::Number(_) | Value::Bool(_) => true,
        Value::Null | Value::Object(_) => false,
    }
}
