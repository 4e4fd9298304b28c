//! The words of the switches: what may stand in a text of them, and what it sets.
//!
//! Invariant: a switch that is not understood is refused by name, never ignored.

use std::str::FromStr;

use chrono::{Datelike as _, NaiveDate};

use super::rules::{NAMES, Rule, When};
use super::{Commitment, Faults, Oversize, Shape, Withdrawn};
use crate::simulate::SimulateError;

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
  fail-write    fail-write        a write is answered with 500 and not carried out
  403-write     403-write=nth:2   a write is refused with 403, always
  ghost-write   ghost-write       a change is answered with 200 and not made (PSA)
  own-fields    own-fields        a change without custom fields is refused (PSA)
  upgrade       upgrade=nth:9     the code base changes; the old one is not found (ConnectWise)
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
  plain-dates             dates of subscriptions in one shape, not three
  full-lists              lists with what only single reads have
  item-ids                invoice items with ids
  end-exclusive           endPeriod is the day after the last
  credited                invoices are credited and issued again
  voided                  invoices are void and issued again
  paid=10                 days from the approval of an invoice until it is paid
  carried=1250.50         carriedBalance of every invoice
  clock=2026-11-05        what day it is, as --clock
  approval=2              days from an invoice, made on the 4th, to its approval
  reissue=5               days from the approval of a wrong one to its credit
  webhook-duplicates      every delivery twice
  webhook-timeout=500     milliseconds until a delivery has failed
  webhook-pause=0         milliseconds between its attempts

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
            "credited" => self.withdrawn = on().map(|_| Withdrawn::Credited)?,
            "voided" => self.withdrawn = on().map(|_| Withdrawn::Void)?,
            "end-exclusive" => self.end_exclusive = on()?,
            "plain-dates" => self.mixed_dates = !on()?,
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
            "paid" => self.paid = Some(whole(value)?.min(PAID_MAX)),
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

/// An invoice that takes longer than this is no invoice of its month.
const DAYS_MAX: u64 = 20;
/// Who pays later never does.
const PAID_MAX: u64 = 3_650;

fn day(text: Option<&str>) -> Result<NaiveDate, String> {
    let day = text.and_then(|t| NaiveDate::parse_from_str(t, "%Y-%m-%d").ok());
    day.filter(|day| (2000..=2100).contains(&day.year())).ok_or("expected a day such as 2026-11-04".to_owned())
}

pub(super) fn whole(text: Option<&str>) -> Result<u64, String> {
    let text = text.unwrap_or_default();
    text.parse().map_err(|_| {
        format!("expected a whole number, once, always, every:N, nth:N or chance:N (per mille), found `{text}`")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_help_names_every_fault_and_its_examples_are_understood() {
        for (name, _, _) in NAMES {
            assert!(Faults::SWITCHES.split([' ', '\n']).any(|word| word == name), "{name}");
        }
        let lines = Faults::SWITCHES.lines().filter_map(|line| line.strip_prefix("  "));
        let shown: Vec<&str> = lines
            .filter_map(|line| {
                let mut words = line.split_whitespace();
                let (first, second) = (words.next()?, words.next()?);
                Some(if NAMES.iter().any(|(name, _, _)| *name == first) { second } else { first })
            })
            .collect();
        assert!(shown.len() > NAMES.len(), "settings are shown as well");
        for example in shown {
            assert!(example.parse::<Faults>().is_ok(), "{example}");
        }
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
