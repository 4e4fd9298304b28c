//! How a simulated system misbehaves: which fault, on which requests, how often.
//!
//! Invariant: the same switches and the same requests in the same order give the same faults; a switch that is not
//! understood is refused, never ignored.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

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
}

/// The names of the faults, and how often each fires when nothing is said.
const NAMES: [(&str, Fault, When); 22] = [
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
];

impl Fault {
    /// Faults that only make sense between two pages count later pages only.
    fn between_pages(self) -> bool {
        matches!(self, Self::Move | Self::Skip | Self::Expire)
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

impl Faults {
    /// The grammar, as the help of a command line shows it.
    pub const SWITCHES: &str = "\
Misbehave in these ways: comma-separated faults, each NAME[=WHEN][@SEGMENT]

  429 429-bare 408 500 503 401    a failure in the place of the answer, once
  403 404                         the same, always
  cut drop hangup                 half a body; no answer; closed within the answer
  expire                          all tokens die before a later page
  move skip                       a row comes in, or goes, before a later page
  no-totals no-paging no-content  page metadata or the empty list missing
  nulls extra                     unset values as null, undocumented fields
  bad-quantity no-currency nan    the first row of a list is broken

WHEN: N (the first N), once, always, every:N, nth:N, chance:N (per mille)
SEGMENT: only paths with it, such as invoices
Settings: seed=N retry-after=SECONDS expires-in=SECONDS carried=AMOUNT
  commitment=wire|documented|both oversize=refuse|clamp|honour
  item-ids credited end-exclusive mixed-dates full-lists

Example: 429=3,cut=every:7,500@invoices";

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

/// How often each rule was looked at so far.
#[derive(Debug, Default)]
pub(super) struct Counters(BTreeMap<usize, u64>);

impl Counters {
    /// Decides what fires for a request, counting it for every rule it matches.
    pub(super) fn fire(&mut self, faults: &Faults, path: &str, later_page: bool) -> Fired {
        let mut fired = BTreeSet::new();
        for (number, rule) in faults.rules.iter().enumerate() {
            let here = rule.at.as_deref().map_or(!path.ends_with("/token"), |at| path.split('/').any(|s| s == at));
            if !here || (rule.fault.between_pages() && !later_page) {
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

    fn pattern(text: &str, requests: usize) -> String {
        let faults: Faults = text.parse().unwrap();
        let mut counters = Counters::default();
        (0..requests)
            .map(|_| if counters.fire(&faults, "/v1/companies", true).has(Fault::Broken) { 'x' } else { '.' })
            .collect()
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
        for text in ["4z9", "429=often", "commitment=maybe", "item-ids=yes", "seed=x", "seed=1@invoices", "every:0x"] {
            let error = text.parse::<Faults>().unwrap_err().to_string();
            assert!(error.contains(&format!("`{text}`")), "{error}");
        }
    }
}
