//! How a simulated system misbehaves: which fault, on which requests, how often.
//!
//! Invariant: the same switches and the same requests in the same order give the same faults; a switch that is not
//! understood is refused, never ignored.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use chrono::{Datelike as _, NaiveDate};
use rand_chacha::rand_core::Rng as _;

use super::SimulateError;
use super::json::rng;

/// One way to misbehave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fault {
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
}

/// The names of the faults, and how often each fires when nothing is said.
const NAMES: [(&str, Fault, When); 30] = [
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
];

impl Fault {
    /// Faults that only make sense between two pages count later pages only.
    fn between_pages(self) -> bool {
        matches!(self, Self::Move | Self::Skip | Self::Expire | Self::Insert | Self::Delete | Self::Resort)
    }

    /// Faults that only make sense for a write count writes only.
    fn on_writes(self) -> bool {
        matches!(self, Self::DropWrite | Self::BrokenWrite | Self::HoldWrite | Self::Late)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum When {
    Always,
    First(u64),
    Every(u64),
    /// Only the n-th.
    Nth(u64),
    /// Per mille.
    Chance(u64),
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Rule {
    fault: Fault,
    when: When,
    /// Only requests with this path segment.
    at: Option<String>,
}

/// Under which name a subscription carries its commitment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Commitment {
    /// `commitment`, as seen on the wire.
    Wire,
    /// `commitmentTerm`, as documented.
    Documented,
    /// Both.
    Both,
}

/// What happens to a page size above the documented maximum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Oversize {
    /// 400.
    Refuse,
    /// The maximum is served.
    Clamp,
    /// What was asked for is served.
    Honour,
}

/// Which year's form of the wire is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Shape {
    /// As the clients of 2022 expect it: without what was added later.
    Y2022,
    /// Without what the description of 2026 added.
    Y2025,
    /// The published description.
    Y2026,
}

/// Every switch of both simulators. `Faults::default()` behaves well; a text such as `429=3,cut=every:7,move@items` is parsed
/// with `parse`. What may stand in the text: [`Faults::SWITCHES`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "independent switches of a command line")]
pub struct Faults {
    seed: u64,
    rules: Vec<Rule>,
    /// Seconds in `Retry-After`.
    pub retry_after: u64,
    /// Seconds a token is said to live.
    pub expires_in: u64,
    /// Invoice items carry their ids.
    pub item_ids: bool,
    /// A withdrawn invoice with status `Credited` stands beside each good one.
    pub credited: bool,
    /// `endPeriod` is the day after the last.
    pub end_exclusive: bool,
    /// Subscription dates change their shape from row to row.
    pub mixed_dates: bool,
    /// Lists carry what only single reads carry.
    pub full_lists: bool,
    /// `carriedBalance` of every invoice.
    pub carried: String,
    /// The name of the commitment.
    pub commitment: Commitment,
    /// What to do with a page size above the maximum.
    pub oversize: Oversize,
    /// Which year's form is spoken.
    pub shape: Shape,
    /// The day it is; the last of the month of the data when unset.
    pub clock: Option<NaiveDate>,
    /// Days from the making of an invoice, on the 4th, to its approval.
    pub approval: u64,
    /// Days from the approval of a wrong invoice to its credit and the new one.
    pub reissue: u64,
    /// Reads until a late write shows.
    pub late_reads: u64,
    /// Milliseconds before each answer.
    pub latency: u64,
    /// Seconds before a slow answer.
    pub slow_seconds: u64,
    /// Calls served in a minute; the others are 429. None: all.
    pub rate: Option<u64>,
    /// Every webhook delivery is made twice.
    pub webhook_duplicates: bool,
    /// Milliseconds until a delivery counts as failed.
    pub webhook_timeout: u64,
    /// Milliseconds between the attempts of a delivery.
    pub webhook_pause: u64,
}

impl Default for Faults {
    fn default() -> Self {
        Self {
            seed: 1,
            rules: Vec::new(),
            retry_after: 1,
            expires_in: 86_400,
            item_ids: false,
            credited: false,
            end_exclusive: false,
            mixed_dates: false,
            full_lists: false,
            carried: "0".to_owned(),
            commitment: Commitment::Wire,
            oversize: Oversize::Refuse,
            shape: Shape::Y2026,
            clock: None,
            approval: 1,
            reissue: 3,
            late_reads: 3,
            latency: 0,
            slow_seconds: 31,
            rate: None,
            webhook_duplicates: false,
            webhook_timeout: 10_000,
            webhook_pause: 1_000,
        }
    }
}

impl FromStr for Faults {
    type Err = SimulateError;

    fn from_str(text: &str) -> Result<Self, SimulateError> {
        let mut faults = Self::default();
        for switch in text.split(',').map(str::trim).filter(|s| !s.is_empty()) {
            let refuse = |message: String| SimulateError::Switch { switch: switch.to_owned(), message };
            let (switch_part, at) = switch.split_once('@').map_or((switch, None), |(s, at)| (s, Some(at)));
            let (name, value) = switch_part.split_once('=').map_or((switch_part, None), |(n, v)| (n, Some(v)));
            if at.is_some_and(|at| at.contains('=')) {
                return Err(refuse(format!("how often stands before the segment: `{}`", turned(switch))));
            }
            if let Some(&(_, fault, usual)) = NAMES.iter().find(|(n, _, _)| *n == name) {
                let when = value.map_or(Ok(usual), When::parse).map_err(refuse)?;
                faults.rules.push(Rule { fault, when, at: at.map(str::to_owned) });
            } else if at.is_some() {
                return Err(refuse(format!("`{name}` takes no `@segment`, or is not a fault")));
            } else {
                faults.switch(name, value).map_err(refuse)?;
            }
        }
        Ok(faults)
    }
}

/// `500@invoices=always` as `500=always@invoices`.
fn turned(switch: &str) -> String {
    let (name, rest) = switch.split_once('@').unwrap_or((switch, ""));
    let (at, when) = rest.split_once('=').unwrap_or((rest, ""));
    format!("{name}={when}@{at}")
}

impl Faults {
    /// The grammar, as the help of a command line shows it.
    pub const SWITCHES: &str = "\
Misbehave in these ways: comma-separated faults, each NAME[=WHEN][@SEGMENT]

  429           429=3             the first 3 calls: 429 with Retry-After
  429-bare      429-bare=every:5  429 without
  408           408@draftItems    too slow a query, once
  500           500@invoices      broken, once
  503           503=2             unavailable, with an HTML page
  401           401=nth:4         refused though the token is good, once
  403           403@orders        forbidden, always
  404           404@contacts      not found, always
  slow          slow@orders       answers after slow-seconds, once
  cut           cut=every:7       half a body
  drop          drop=nth:9        carried out, no answer
  hangup        hangup@items      closed within the answer
  expire        expire=nth:2      all tokens die before a later page
  move          move@products     a later page as if a row had come in
  skip          skip=nth:4        a later page as if a row had gone
  insert        insert@companies  a row really comes in before a later page
  delete        delete=2          the first row really goes before a later page
  resort        resort            the order turns round before a later page
  drop-write    drop-write@orders an accepted write gets no answer
  500-write     500-write         an accepted write is answered with 500
  hold-write    hold-write@orders an accepted write is answered after slow-seconds
  late          late@contacts     an accepted write shows late-reads reads later
  no-totals     no-totals@items   pages without totals
  no-paging     no-paging         no page figures at all
  no-content    no-content        an empty list lacks its list
  nulls         nulls=chance:500  unset values are null, not missing
  extra         extra             undocumented fields everywhere
  bad-quantity  bad-quantity      the first row's quantity is no number
  no-currency   no-currency       the first row has no currency
  nan           nan               the first row's price is no number

WHEN: N (the first N), once, always, every:N, nth:N, chance:N (per mille)
SEGMENT: only paths with it, such as invoices

Settings, among them what is served:

  seed=7                  chance and new ids follow from it
  latency=150             milliseconds before each answer
  rate=1000               calls a minute; more are 429
  retry-after=7           seconds in Retry-After
  slow-seconds=40         how slow is slow
  expires-in=60           seconds a token lives
  late-reads=5            how late is late
  oversize=clamp          size above 200: refuse, clamp or honour
  commitment=documented   the name of the commitment: wire, documented or both
  shape=2022              fields as of 2022, 2025 or 2026
  mixed-dates             dates of subscriptions in three shapes
  full-lists              lists with what only single reads have
  item-ids                invoice items with ids
  end-exclusive           endPeriod is the day after the last
  credited                invoices are credited and issued again
  carried=1250.50         carriedBalance of every invoice
  clock=2026-11-05        what day it is, as --clock
  approval=2              days from an invoice, made on the 4th, to its approval
  reissue=5               days from the approval of a wrong one to its credit
  webhook-duplicates      every delivery twice
  webhook-timeout=500     milliseconds until a delivery has failed
  webhook-pause=0         milliseconds between its attempts

Example: 429=3,cut=every:7,500@invoices";

    /// What chance and new ids follow from.
    pub(super) fn seed(&self) -> u64 {
        self.seed
    }

    fn switch(&mut self, name: &str, value: Option<&str>) -> Result<(), String> {
        let on = || match value {
            None => Ok(true),
            Some(other) => Err(format!("takes no value, found `{other}`")),
        };
        match name {
            "seed" => self.seed = whole(value)?,
            "retry-after" => self.retry_after = whole(value)?,
            "expires-in" => self.expires_in = whole(value)?,
            "item-ids" => self.item_ids = on()?,
            "credited" => self.credited = on()?,
            "end-exclusive" => self.end_exclusive = on()?,
            "mixed-dates" => self.mixed_dates = on()?,
            "full-lists" => self.full_lists = on()?,
            "webhook-duplicates" => self.webhook_duplicates = on()?,
            "webhook-timeout" => self.webhook_timeout = whole(value)?,
            "webhook-pause" => self.webhook_pause = whole(value)?,
            "latency" => self.latency = whole(value)?,
            "slow-seconds" => self.slow_seconds = whole(value)?,
            "rate" => self.rate = Some(whole(value)?),
            "late-reads" => self.late_reads = whole(value)?,
            "approval" => self.approval = whole(value)?.min(DAYS_MAX),
            "reissue" => self.reissue = whole(value)?.min(DAYS_MAX),
            "clock" => self.clock = Some(day(value)?),
            "shape" => {
                self.shape = match value {
                    Some("2022") => Shape::Y2022,
                    Some("2025") => Shape::Y2025,
                    Some("2026") => Shape::Y2026,
                    _ => return Err("expected 2022, 2025 or 2026".to_owned()),
                }
            }
            "carried" => value.ok_or("expected an amount after `=`")?.clone_into(&mut self.carried),
            "commitment" => {
                self.commitment = match value {
                    Some("wire") => Commitment::Wire,
                    Some("documented") => Commitment::Documented,
                    Some("both") => Commitment::Both,
                    _ => return Err("expected wire, documented or both".to_owned()),
                }
            }
            "oversize" => {
                self.oversize = match value {
                    Some("refuse") => Oversize::Refuse,
                    Some("clamp") => Oversize::Clamp,
                    Some("honour") => Oversize::Honour,
                    _ => return Err("expected refuse, clamp or honour".to_owned()),
                }
            }
            _ => {
                let names: Vec<&str> = NAMES.iter().map(|(n, _, _)| *n).collect();
                return Err(format!("no such switch; faults are {}", names.join(", ")));
            }
        }
        Ok(())
    }
}

impl When {
    fn parse(text: &str) -> Result<Self, String> {
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

/// An invoice that takes longer than this is no invoice of its month.
const DAYS_MAX: u64 = 20;

fn day(text: Option<&str>) -> Result<NaiveDate, String> {
    let day = text.and_then(|t| NaiveDate::parse_from_str(t, "%Y-%m-%d").ok());
    day.filter(|day| (2000..=2100).contains(&day.year())).ok_or("expected a day such as 2026-11-04".to_owned())
}

fn whole(text: Option<&str>) -> Result<u64, String> {
    let text = text.unwrap_or_default();
    text.parse().map_err(|_| {
        format!("expected a whole number, once, always, every:N, nth:N or chance:N (per mille), found `{text}`")
    })
}

/// What fires for one request.
#[derive(Debug, Clone, Default)]
pub(super) struct Fired(BTreeSet<Fault>);

impl Fired {
    pub(super) fn has(&self, fault: Fault) -> bool {
        self.0.contains(&fault)
    }

    /// How far the window of a page slides because rows moved.
    pub(super) fn shift(&self) -> i8 {
        match (self.has(Fault::Move), self.has(Fault::Skip)) {
            (true, _) => -1,
            (false, true) => 1,
            (false, false) => 0,
        }
    }
}

/// What the rules look at of a request.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seen<'a> {
    pub(super) path: &'a str,
    pub(super) later_page: bool,
    pub(super) write: bool,
}

/// How often each rule was looked at so far.
#[derive(Debug, Default)]
pub(super) struct Counters(BTreeMap<usize, u64>);

impl Counters {
    /// Decides what fires for a request, counting it for every rule it matches.
    pub(super) fn fire(&mut self, faults: &Faults, seen: Seen<'_>) -> Fired {
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
    fn the_help_names_every_fault() {
        for (name, _, _) in NAMES {
            assert!(Faults::SWITCHES.split([' ', '\n']).any(|word| word == name), "{name}");
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

    #[test]
    fn unknown_switches_are_refused_by_name() {
        for text in [
            "4z9",
            "429=often",
            "commitment=maybe",
            "item-ids=yes",
            "seed=x",
            "seed=1@invoices",
            "500@invoices=always",
            "every:0x",
            "clock=soon",
            "shape=2023",
        ] {
            let error = text.parse::<Faults>().unwrap_err().to_string();
            assert!(error.contains(&format!("`{text}`")), "{error}");
        }
    }
}
