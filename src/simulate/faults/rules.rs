//! Faults: which one fires for which request, and how often.
//!
//! Invariant: the same rules and the same requests in the same order give the same faults.

use std::collections::{BTreeMap, BTreeSet};

use rand_chacha::rand_core::Rng as _;

use super::Faults;
use super::words::whole;
use crate::simulate::json::rng;

/// One way to misbehave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::simulate) enum Fault {
    /// 429 with `Retry-After`.
    Throttled,
    /// 429 without.
    ThrottledBare,
    /// 408.
    TimedOut,
    /// 500.
    Broken,
    /// 503 with an HTML page.
    Unavailable,
    /// 403.
    Forbidden,
    /// 401, once, with the token still good.
    Unauthorized,
    /// 404.
    NotFound,
    /// 200 with half of the body.
    Cut,
    /// The connection closes before the answer.
    Drop,
    /// The connection closes within the answer.
    HangUp,
    /// Every token issued so far stops working.
    Expire,
    /// A row came in before this page: the last row of the page before is seen again.
    Move,
    /// A row went before this page: a row is never seen.
    Skip,
    /// Page numbers without totals.
    NoTotals,
    /// No page metadata at all; no `Link` header.
    NoPaging,
    /// An empty list without its `content` key.
    NoContent,
    /// Unset values as explicit nulls.
    Nulls,
    /// An undocumented key in every object.
    Extra,
    /// The first row of a list has a quantity that is no number.
    BadQuantity,
    /// The first row of a list lacks its currency.
    NoCurrency,
    /// The first row of a list has `NaN` as its price.
    Nan,
    /// A row is really added at the head of a list before a later page.
    Insert,
    /// The first row of a list really goes before a later page.
    Delete,
    /// The order of every list turns round before a later page.
    Resort,
    /// The answer takes longer than clients wait.
    Slow,
    /// A write is carried out and its connection closed without an answer.
    DropWrite,
    /// A write is carried out and answered with 500.
    BrokenWrite,
    /// A write is carried out and its answer held back for as long as slow is.
    HoldWrite,
    /// A write is accepted and shows only some reads later.
    Late,
    /// A write is not carried out and answered with 500.
    FailedWrite,
    /// A write is refused with 403.
    ForbiddenWrite,
    /// A change is answered as if it were made, and is not.
    Ghost,
    /// A change that does not carry the tenant's own fields is refused.
    OwnFields,
    /// The system moves to another code base and no longer answers under the old one.
    Upgrade,
}

/// The names of the faults, and how often each fires when nothing is said.
pub(super) const NAMES: [(&str, Fault, When); 35] = [
    ("429", Fault::Throttled, When::First(1)),
    ("429-bare", Fault::ThrottledBare, When::First(1)),
    ("408", Fault::TimedOut, When::First(1)),
    ("500", Fault::Broken, When::First(1)),
    ("503", Fault::Unavailable, When::First(1)),
    ("403", Fault::Forbidden, When::Always),
    ("401", Fault::Unauthorized, When::First(1)),
    ("404", Fault::NotFound, When::Always),
    ("cut", Fault::Cut, When::First(1)),
    ("drop", Fault::Drop, When::First(1)),
    ("hangup", Fault::HangUp, When::First(1)),
    ("expire", Fault::Expire, When::First(1)),
    ("move", Fault::Move, When::First(1)),
    ("skip", Fault::Skip, When::First(1)),
    ("no-totals", Fault::NoTotals, When::Always),
    ("no-paging", Fault::NoPaging, When::Always),
    ("no-content", Fault::NoContent, When::Always),
    ("nulls", Fault::Nulls, When::Always),
    ("extra", Fault::Extra, When::Always),
    ("bad-quantity", Fault::BadQuantity, When::Always),
    ("no-currency", Fault::NoCurrency, When::Always),
    ("nan", Fault::Nan, When::Always),
    ("insert", Fault::Insert, When::First(1)),
    ("delete", Fault::Delete, When::First(1)),
    ("resort", Fault::Resort, When::First(1)),
    ("slow", Fault::Slow, When::First(1)),
    ("drop-write", Fault::DropWrite, When::First(1)),
    ("500-write", Fault::BrokenWrite, When::First(1)),
    ("hold-write", Fault::HoldWrite, When::First(1)),
    ("late", Fault::Late, When::Always),
    ("fail-write", Fault::FailedWrite, When::First(1)),
    ("403-write", Fault::ForbiddenWrite, When::Always),
    ("ghost-write", Fault::Ghost, When::First(1)),
    ("own-fields", Fault::OwnFields, When::Always),
    ("upgrade", Fault::Upgrade, When::First(1)),
];

impl Fault {
    /// Faults that only make sense between two pages count later pages only.
    fn between_pages(self) -> bool {
        matches!(self, Self::Move | Self::Skip | Self::Expire | Self::Insert | Self::Delete | Self::Resort)
    }

    /// Faults that only make sense for a write count writes only.
    fn on_writes(self) -> bool {
        matches!(
            self,
            Self::DropWrite
                | Self::BrokenWrite
                | Self::HoldWrite
                | Self::Late
                | Self::FailedWrite
                | Self::ForbiddenWrite
                | Self::Ghost
                | Self::OwnFields
        )
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum When {
    Always,
    First(u64),
    Every(u64),
    /// Only the n-th.
    Nth(u64),
    /// Per mille.
    Chance(u64),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rule {
    pub(super) fault: Fault,
    pub(super) when: When,
    /// Only requests with this path segment.
    pub(super) at: Option<String>,
}

impl When {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let (word, number) = text.split_once(':').map_or((text, None), |(w, n)| (w, Some(n)));
        let when = match word {
            "once" => Self::First(1),
            "always" => Self::Always,
            "every" => Self::Every(whole(number)?.max(1)),
            "nth" => Self::Nth(whole(number)?),
            "chance" => Self::Chance(whole(number)?),
            digits => Self::First(whole(Some(digits))?),
        };
        Ok(when)
    }
}

/// What fires for one request.
#[derive(Debug, Clone, Default)]
pub(in crate::simulate) struct Fired(BTreeSet<Fault>);

impl Fired {
    pub(in crate::simulate) fn has(&self, fault: Fault) -> bool {
        self.0.contains(&fault)
    }

    /// How far the window of a page slides because rows moved.
    pub(in crate::simulate) fn shift(&self) -> i8 {
        match (self.has(Fault::Move), self.has(Fault::Skip)) {
            (true, _) => -1,
            (false, true) => 1,
            (false, false) => 0,
        }
    }
}

/// What the rules look at of a request.
#[derive(Debug, Clone, Copy)]
pub(in crate::simulate) struct Seen<'a> {
    pub(in crate::simulate) path: &'a str,
    pub(in crate::simulate) later_page: bool,
    pub(in crate::simulate) write: bool,
}

/// How often each rule was looked at so far.
#[derive(Debug, Default)]
pub(in crate::simulate) struct Counters(BTreeMap<usize, u64>);

impl Counters {
    /// Decides what fires for a request, counting it for every rule it matches.
    pub(in crate::simulate) fn fire(&mut self, faults: &Faults, seen: Seen<'_>) -> Fired {
        let mut fired = BTreeSet::new();
        for (number, rule) in faults.rules.iter().enumerate() {
            let at = rule.at.as_deref();
            let here =
                at.map_or(!seen.path.ends_with("/token"), |at| seen.path.split('/').any(|segment| segment == at));
            let due = (seen.later_page || !rule.fault.between_pages()) && (seen.write || !rule.fault.on_writes());
            if !here || !due {
                continue;
            }
            let count = self.0.entry(number).or_default();
            *count += 1;
            let hit = match rule.when {
                When::Always => true,
                When::First(n) => *count <= n,
                When::Every(n) => count.is_multiple_of(n),
                When::Nth(n) => *count == n,
                When::Chance(per_mille) => {
                    rng(&format!("{}/{number}/{count}", faults.seed)).next_u64() % 1_000 < per_mille
                }
            };
            if hit {
                fired.insert(rule.fault);
            }
        }
        Fired(fired)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEEN: Seen<'_> = Seen { path: "/v1/companies", later_page: true, write: true };

    fn pattern(text: &str, requests: usize) -> String {
        let faults: Faults = text.parse().unwrap();
        let mut counters = Counters::default();
        (0..requests).map(|_| if counters.fire(&faults, SEEN).has(Fault::Broken) { 'x' } else { '.' }).collect()
    }

    #[test]
    fn frequencies() {
        for (text, expected) in [
            ("500", "x....."),
            ("500=2", "xx...."),
            ("500=once", "x....."),
            ("500=every:3", "..x..x"),
            ("500=nth:4", "...x.."),
            ("500=always", "xxxxxx"),
            ("500=chance:0", "......"),
            ("500=chance:1000", "xxxxxx"),
            ("500=always@invoices", "......"),
            ("500=always@companies", "xxxxxx"),
        ] {
            assert_eq!(pattern(text, 6), expected, "{text}");
        }
    }

    #[test]
    fn chance_is_seeded() {
        let one = pattern("seed=7,500=chance:300", 200);
        assert_eq!(one, pattern("seed=7,500=chance:300", 200));
        assert_ne!(one, pattern("seed=8,500=chance:300", 200));
        let hits = one.chars().filter(|c| *c == 'x').count();
        assert!((30..=90).contains(&hits), "{hits} of 200 at 30 %");
    }
}
