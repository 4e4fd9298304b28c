//! The one command behind every read: a table of questions becomes subcommands, their flags and their answers.
//!
//! Keeps the invariants that a flag stands for a filter Pax8 documents, that a listing that was cut says so, and that what is
//! strange about an answer is told beside it.

use std::collections::BTreeMap;
use std::marker::PhantomData;

use chrono::NaiveDate;
use clap::error::ErrorKind;
use clap::{Arg, ArgMatches, Args as _, Command, FromArgMatches, Subcommand};

use crate::cli::args;
use crate::cli::context::Context;
use crate::cli::error::{CommandError, Ending, Kind};
use crate::cli::pax8::names::{Of, contact_of, id_of};
use crate::cli::pax8::options::{How, Pages, Sorted, refused, unanswered};
use crate::cli::pax8::show;
use crate::engine::pax8::{self, Answer, Ask, Extent, Filter, Invalid, Query, Remote, RemoteId};
use crate::report::table::grouped;

/// The questions about one kind of record.
pub(super) trait Noun: std::fmt::Debug + Clone + Send + Sync + 'static {
    /// In the order of the help.
    const READS: &'static [Read];
}

/// A question as a command.
pub(super) struct Read {
    /// `list`.
    pub(super) verb: &'static str,
    /// What it does, in a line.
    pub(super) about: &'static str,
    /// What else a person should know.
    pub(super) more: &'static str,
    /// What it asks.
    pub(super) asks: Asks,
    /// Its filters.
    pub(super) flags: &'static [Flag],
    /// What follows `trueup pax8` in the example.
    pub(super) example: &'static str,
}

/// A question, and the ids it takes.
pub(super) enum Asks {
    /// A listing page by page.
    Pages(Ask),
    /// A listing page by page, below a record.
    PagesOf(Id, fn(RemoteId) -> Ask),
    /// A listing page by page, below a record, of one day.
    PagesOfDay(Id, fn(RemoteId, NaiveDate) -> Ask),
    /// All rows at once, or one record.
    Whole(Id, fn(RemoteId) -> Ask),
    /// A record below a record.
    WholeOf(Id, Id, fn(RemoteId, RemoteId) -> Ask),
}

/// An id on the command line: its place holder and its help.
pub(super) type Id = (&'static str, &'static str);

/// A filter on the command line.
pub(super) struct Flag {
    /// As typed after the dashes.
    long: &'static str,
    /// As Pax8 calls it.
    api: &'static str,
    help: &'static str,
    /// Words for people and what Pax8 calls them; none where they are the same.
    says: &'static [(&'static str, &'static str)],
}

pub(super) const fn flag(long: &'static str, api: &'static str, help: &'static str) -> Flag {
    Flag { long, api, help, says: &[] }
}

impl Flag {
    /// Takes words of its own.
    pub(super) const fn saying(self, says: &'static [(&'static str, &'static str)]) -> Self {
        Self { says, ..self }
    }
}

impl Asks {
    fn ids(&self) -> Vec<Id> {
        match self {
            Self::Pages(_) => vec![],
            Self::PagesOf(id, _) | Self::PagesOfDay(id, _) | Self::Whole(id, _) => vec![*id],
            Self::WholeOf(above, id, _) => vec![*above, *id],
        }
    }

    fn is_paged(&self) -> bool {
        match self {
            Self::Pages(_) | Self::PagesOf(..) | Self::PagesOfDay(..) => true,
            Self::Whole(..) | Self::WholeOf(..) => false,
        }
    }

    fn ask(&self, id: impl Fn(&Id) -> Result<RemoteId, Invalid>, day: Option<NaiveDate>) -> Result<Ask, Invalid> {
        Ok(match self {
            Self::Pages(ask) => ask.clone(),
            Self::PagesOf(one, ask) | Self::Whole(one, ask) => ask(id(one)?),
            Self::PagesOfDay(one, ask) => ask(id(one)?, day.unwrap_or_default()),
            Self::WholeOf(above, one, ask) => ask(id(above)?, id(one)?),
        })
    }

    /// The question about no record in particular, to see what it takes.
    fn sample(&self) -> Option<Ask> {
        self.ask(|(name, _)| RemoteId::new(name, "0"), None).ok()
    }
}

impl Read {
    fn command(&'static self) -> Command {
        let mut command = Command::new(self.verb);
        for (name, help) in self.asks.ids() {
            command = command.arg(Arg::new(name).required(true).value_name(name).help(help));
        }
        let sample = self.asks.sample();
        for flag in self.flags {
            let known = sample.iter().flat_map(Ask::filters).find(|filter| filter.name == flag.api);
            command = command.arg(flag.arg(known));
        }
        if let Asks::PagesOfDay(..) = self.asks {
            let arg = Arg::new("day").long("day").required(true).value_name("DATE").value_parser(args::day);
            command = command.arg(arg.help("Of this day: Pax8 answers for one day at a time"));
        }
        if self.asks.is_paged() {
            command = Pages::augment_args(command);
        }
        let (fields, _) = sample.as_ref().map(Ask::sorts).unzip();
        if let Some(fields) = fields.filter(|fields| !fields.is_empty()) {
            let help = format!("Sort by this field: {}", fields.join(", "));
            command = Sorted::augment_args(command).mut_arg("sort", |arg| arg.help(help));
        }
        // Last: the options bring texts of their own.
        let more = if self.more.is_empty() { String::new() } else { format!("\n\n{}", self.more) };
        How::augment_args(command)
            .about(self.about)
            .long_about(format!("{}{more}", self.about))
            .after_help(format!("Example:\n  trueup pax8 {}", self.example))
    }
}

impl Flag {
    fn arg(&'static self, filter: Option<&Filter>) -> Arg {
        let own: Vec<&str> = self.says.iter().map(|(word, _)| *word).collect();
        let words = if own.is_empty() { filter.map(Filter::words).unwrap_or_default().to_vec() } else { own };
        let value = match filter.map(|filter| filter.kind) {
            _ if !words.is_empty() => "WORD",
            Some(pax8::Kind::Day) => "DATE",
            Some(pax8::Kind::Id) if Of::field(self.api).is_some() => "ID|NAME",
            Some(pax8::Kind::Id) => "ID",
            Some(pax8::Kind::Number) => "NUMBER",
            Some(pax8::Kind::Flag) => "YES|NO",
            Some(pax8::Kind::Term) => "TERM",
            _ => "TEXT",
        };
        let listed = if words.is_empty() { String::new() } else { format!(": {}", words.join(", ")) };
        Arg::new(self.long).long(self.long).value_name(value).help(format!("{}{listed}", self.help))
    }

    /// Adds the filter to a query; what is wrong with the value is said of the flag.
    fn with(&self, query: Query, ask: &Ask, value: &str) -> Result<Query, CommandError> {
        let own: Vec<&str> = self.says.iter().map(|(word, _)| *word).collect();
        let api = match self.says.iter().find(|(word, _)| word.eq_ignore_ascii_case(value.trim())) {
            Some((_, api)) => *api,
            None if own.is_empty() => value,
            None => {
                let what = format!("expected {}; found {}", own.join(", "), value.trim());
                return Err(refused(Invalid { field: format!("--{}", self.long), what }, value, &own));
            }
        };
        let known = ask.filters().iter().find(|filter| filter.name == self.api).map(Filter::words).unwrap_or_default();
        query
            .with(ask, self.api, api)
            .map_err(|invalid| refused(Invalid { field: format!("--{}", self.long), what: invalid.what }, value, known))
    }
}

/// The reads of a noun as subcommands.
#[derive(Debug, Clone)]
pub(super) struct Reads<N> {
    asked: Asked,
    noun: PhantomData<N>,
}

/// A read as it was typed.
#[derive(Debug, Clone)]
struct Asked {
    verb: String,
    given: ArgMatches,
}

impl<N: Noun> FromArgMatches for Reads<N> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let (verb, given) = matches.subcommand().ok_or_else(|| clap::Error::new(ErrorKind::MissingSubcommand))?;
        let asked = Asked { verb: verb.to_owned(), given: given.clone() };
        Ok(Self { asked, noun: PhantomData })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl<N: Noun> Subcommand for Reads<N> {
    fn augment_subcommands(command: Command) -> Command {
        N::READS.iter().fold(command, |command, read| command.subcommand(read.command()))
    }

    fn augment_subcommands_for_update(command: Command) -> Command {
        Self::augment_subcommands(command)
    }

    fn has_subcommand(name: &str) -> bool {
        N::READS.iter().any(|read| read.verb == name)
    }
}

impl<N: Noun> Reads<N> {
    pub(super) async fn run(self, context: &Context) -> Result<Ending, CommandError> {
        let Asked { verb, given } = &self.asked;
        let read = N::READS.iter().find(|read| read.verb == *verb);
        let read = read.ok_or_else(|| CommandError::new(Kind::Usage, format!("there is no {verb}")))?;
        read.run(context, given).await
    }
}

impl Read {
    async fn run(&self, context: &Context, given: &ArgMatches) -> Result<Ending, CommandError> {
        let unread = |error: clap::Error| CommandError::new(Kind::Usage, error.to_string());
        let how = How::from_arg_matches(given).map_err(unread)?;
        // Not every question takes every option.
        let text = |name: &str| given.try_get_one::<String>(name).ok().flatten().map(String::as_str);
        let day = if let Asks::PagesOfDay(..) = self.asks { given.get_one::<NaiveDate>("day").copied() } else { None };
        let ask = self.asks.ask(|(name, _)| RemoteId::new(name, text(name).unwrap_or_default()), day);
        let ask = ask.map_err(|invalid| CommandError::new(Kind::Usage, invalid))?;
        let mut query = Query::default();
        let typed: Vec<(&Flag, &str)> = self.flags.iter().filter_map(|flag| Some((flag, text(flag.long)?))).collect();
        for (flag, value) in typed.iter().filter(|(flag, _)| Of::field(flag.api).is_none()) {
            query = flag.with(query, &ask, value)?;
        }
        if !ask.sorts().0.is_empty() {
            query = Sorted::from_arg_matches(given).map_err(unread)?.with(query, &ask)?;
        }
        let extent =
            if self.asks.is_paged() { Pages::from_arg_matches(given).map_err(unread)?.extent() } else { Extent::All };
        let remote = how.open(context)?;
        // What may be named is looked up once everything else is in order.
        for (flag, value) in typed {
            if let Some(of) = Of::field(flag.api) {
                let id = id_of(context, &remote, (of, &format!("--{}", flag.long)), value).await?;
                query = flag.with(query, &ask, id.as_str())?;
            }
        }
        let ask = self.named(context, &remote, day, text).await?.unwrap_or(ask);
        // A whole listing says itself how far it is.
        let doing = (extent != Extent::All).then(|| context.ui.doing(ask.resource().plural));
        let asked = remote.ask(&ask, &query, extent, &*context.ui).await;
        drop(doing);
        let answer = asked.map_err(|error| unanswered(error, text("company").is_some()))?;
        show::answer(context, &remote, &ask, &answer, how.format).await?;
        tell(context, &answer);
        Ok(Ending::Done)
    }

    /// The question about records that may have been typed by their names; nothing where none is.
    async fn named<'g>(
        &self,
        context: &Context,
        remote: &Remote,
        day: Option<NaiveDate>,
        text: impl Fn(&str) -> Option<&'g str>,
    ) -> Result<Option<Ask>, CommandError> {
        let mut ids = BTreeMap::new();
        for (name, _) in self.asks.ids() {
            let typed = text(name).unwrap_or_default();
            if let Some(of) = Of::field(name) {
                ids.insert(name, id_of(context, remote, (of, name), typed).await?);
            } else if let ("CONTACT", Some(company)) = (name, ids.get("COMPANY")) {
                ids.insert(name, contact_of(context, remote, company, typed).await?);
            }
        }
        if ids.is_empty() {
            return Ok(None);
        }
        let id = |(name, _): &Id| match ids.get(name) {
            Some(id) => Ok(id.clone()),
            None => RemoteId::new(name, text(name).unwrap_or_default()),
        };
        Ok(Some(self.asks.ask(id, day)?))
    }
}

/// What is strange about an answer, and how much of it there is.
fn tell(context: &Context, answer: &Answer) {
    for note in &answer.notes {
        // How periods are counted is a fact; the rest is trouble.
        match note.field.as_deref() {
            Some("endPeriod") => context.ui.say(&note.to_string()),
            _ => context.ui.warn(&note.to_string()),
        }
    }
    if let Some(total) = answer.total.filter(|_| !answer.whole) {
        let shown = grouped(&answer.records.len().to_string());
        context.ui.say(&format!("{shown} of {}, see --all", grouped(&total.to_string())));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::pax8::{
        companies, contacts, invoices, orders, products, subscriptions, usage, webhook_topics, webhooks,
    };

    #[test]
    fn every_flag_is_a_filter_and_every_filter_has_its_flag() {
        let nouns = [
            companies::Companies::READS,
            contacts::Contacts::READS,
            products::Products::READS,
            orders::Orders::READS,
            subscriptions::Subscriptions::READS,
            invoices::Invoices::READS,
            usage::Usage::READS,
            webhooks::Webhooks::READS,
            webhook_topics::Topics::READS,
        ];
        let reads: Vec<&Read> = nouns.into_iter().flatten().collect();
        assert!(reads.len() > 20, "{}", reads.len());
        for read in reads {
            let ask = read.asks.sample().unwrap();
            let mut filters: Vec<&str> = ask.filters().iter().map(|filter| filter.name).collect();
            let mut flags: Vec<&str> = read.flags.iter().map(|flag| flag.api).collect();
            filters.sort_unstable();
            flags.sort_unstable();
            assert_eq!(flags, filters, "{}", read.example);
            assert!(read.example.contains(&format!(" {}", read.verb)), "{}", read.example);
            for flag in read.flags {
                for (word, _) in flag.says {
                    assert!(flag.with(Query::default(), &ask, word).is_ok(), "{} {word}", flag.long);
                }
            }
        }
    }
}
