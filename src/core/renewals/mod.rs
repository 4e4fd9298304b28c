//! Renewals: what is bound until when, the last safe day to reduce it, and what it costs until then.
//!
//! Keeps the invariants that the day is handed in, that a term's end is told only where a source states or proves it, that
//! what is not known (seats billed, auto-renewal, cost) stays unknown, and that every subscription is listed or counted.

pub(crate) mod cost;
mod seats;
mod term;
mod window;

use std::collections::BTreeMap;

use chrono::{Days, NaiveDate};
use rust_decimal::Decimal;

use crate::core::billing::{BilledLine, Subscription, SubscriptionFields, SubscriptionState, VendorCharge};
use crate::core::id::{SubscriptionId, VendorCompanyId, VendorProductId};
use crate::core::money::{Amount, Currency, UnitPrice};
use crate::core::product::{CommitmentRule, PriceRow, ProductFields, VendorProduct};
use crate::core::quantity::Quantity;
use crate::core::reconcile::Mapping;
use crate::core::reconcile::held::{self, ended_some_day};
use crate::core::reconcile::outcome::KeyPart;
use crate::core::snapshot::Problem;
pub use cost::CostFrom;
use seats::{Bound, Seats};
pub use term::months;
pub use window::{Known, Rule, Rules};

/// What renewals are read from.
#[derive(Debug, Clone, Copy)]
pub struct Sources<'a> {
    /// What is held.
    pub subscriptions: &'a [Subscription],
    /// The distributor's catalogue.
    pub products: &'a [VendorProduct],
    /// What the PSA bills.
    pub lines: &'a [BilledLine],
    /// Why those are not all its lines; what is billed is unknown for the customers they name, for all where one names none.
    pub lines_unread: &'a [Problem],
    /// The distributor's last invoice lines.
    pub charges: &'a [VendorCharge],
    /// The price list, as far as it was read.
    pub prices: &'a [PriceRow],
    /// What products bind to, as far as it was read.
    pub commitments: &'a [CommitmentRule],
    /// Which records are the same.
    pub mapping: &'a Mapping,
}

/// What becomes of a subscription when its term ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fate {
    /// It renews by itself.
    Renews,
    /// It ends unless somebody renews it.
    Ends,
    /// It is cancelled and ends.
    Cancelled,
    /// A trial: it ends or becomes a paid subscription.
    Trial,
    /// No source says whether it renews.
    Unknown,
}

/// What to do about a renewal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Advice {
    /// More seats are held than billed, and they can be taken off now: a window is open.
    ReduceNow,
    /// More seats are held than billed: take them off for the next term.
    Reduce,
    /// Ask the customer how many seats the next term needs.
    Confirm,
    /// The last safe day is over.
    TooLate,
    /// It ends by itself: renew it, or let it go.
    RenewOrLetGo,
    /// It is cancelled: nothing to decide.
    LetGo,
    /// Nothing is held: cancel it before it renews.
    Empty,
    /// Decide before the trial is charged for.
    DecideTrial,
    /// When the term ends is not known: look it up.
    LookUp,
    /// The term that is known is over: read the subscriptions again.
    ReadAgain,
}

impl Advice {
    /// Whether somebody has to decide something.
    #[must_use]
    pub fn asks_for_a_ticket(self) -> bool {
        match self {
            Self::ReduceNow
            | Self::Reduce
            | Self::Confirm
            | Self::TooLate
            | Self::RenewOrLetGo
            | Self::Empty
            | Self::DecideTrial => true,
            Self::LetGo | Self::LookUp | Self::ReadAgain => false,
        }
    }
}

/// One subscription whose term ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Renewal {
    /// The subscription.
    pub subscription: SubscriptionId,
    /// The customer, as the PSA has it where it is linked.
    pub customer: KeyPart,
    /// The distributor's company.
    pub company: VendorCompanyId,
    /// The distributor's product.
    pub product: VendorProductId,
    /// How long one is bound and how often one is charged, as written.
    pub term: Option<String>,
    /// Seats held.
    pub held: Option<Quantity>,
    /// Seats billed; `None` where no link or no whole list says it.
    pub billed: Option<Quantity>,
    /// Seats held beyond those billed; none where more are billed.
    pub surplus: Option<Quantity>,
    /// The end of the term, as the source writes it.
    pub term_end: Option<NaiveDate>,
    /// The first day of the next term; the earlier of two where the source may mean either.
    pub renews_on: Option<NaiveDate>,
    /// What happens then.
    pub fate: Fate,
    /// The last day on which a change made before the next term is safe anywhere.
    pub reduce_before_end: Option<NaiveDate>,
    /// The last day on which seats can safely be taken off, the window after a purchase or renewal counted in.
    pub last_safe_day: Option<NaiveDate>,
    /// Whether that is the window after the purchase or renewal that began the running term.
    pub window_open: bool,
    /// Where the length of the window is known from; `None` without one.
    pub window: Option<Known>,
    /// Days to the last safe day; below nought when it is over.
    pub days_left: Option<i64>,
    /// Currency of every amount.
    pub currency: Option<Currency>,
    /// Where the cost stands.
    pub cost_from: Option<CostFrom>,
    /// What the seats held cost a month: a longer billing term is spread over its months, to the hundredth.
    pub monthly_cost: Option<Amount>,
    /// Charges still to come before the term ends.
    pub charges_left: Option<u32>,
    /// What those come to for the seats held beyond those billed.
    pub stranded: Option<Amount>,
    /// What those come to for all seats held.
    pub committed: Option<Amount>,
    /// What to do.
    pub advice: Advice,
    /// By how much the published price of this commitment is above the cheaper form of it, in percent.
    pub dearer_percent: Option<u32>,
}

/// Subscriptions that are not listed, by why.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Left {
    /// Over: they ended, or are cancelled without a day.
    pub over: u64,
    /// They begin later.
    pub later_start: u64,
    /// Not bound, and nothing proves when the billing term ends.
    pub unbound: u64,
    /// Their term ends later than asked for.
    pub later_end: u64,
}

/// The renewals of some days.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Renewals {
    /// The day they are seen from.
    pub as_of: NaiveDate,
    /// How many days ahead were looked at.
    pub within_days: u32,
    /// In order of the last safe day; those without one by the term's end, then those without either.
    pub rows: Vec<Renewal>,
    /// What is not among them.
    pub left: Left,
}

/// What renews within some days, seen from a day.
#[must_use]
pub fn list(sources: &Sources<'_>, rules: &Rules, as_of: NaiveDate, within_days: u32) -> Renewals {
    let last_lines = cost::last_lines(sources.charges);
    let mut left = Left::default();
    let held: Vec<(&Subscription, Term)> = sources
        .subscriptions
        .iter()
        .filter_map(|of| {
            if runs(&of.fields, as_of) {
                return Some((of, Term::of(&of.fields, last_lines.get(&of.id).copied(), as_of)));
            }
            if is_over(&of.fields, as_of) {
                left.over += 1;
            } else {
                left.later_start += 1;
            }
            None
        })
        .collect();
    let seats = Seats::new(sources.lines, sources.lines_unread, sources.mapping, as_of);
    let bound: Vec<_> = held.iter().map(|(of, term)| (*of, term.bound())).collect();
    let billed = seats.shared(&bound);
    let products: BTreeMap<&VendorProductId, &ProductFields> =
        sources.products.iter().map(|product| (&product.id, &product.fields)).collect();
    let horizon = horizon(as_of, within_days);
    let mut rows = Vec::new();
    for ((of, term), billed) in held.into_iter().zip(billed) {
        let seen = Seen {
            of,
            term,
            billed,
            rule: products.get(&of.fields.product).and_then(|product| rules.of(product)),
            binding: binding(sources.commitments, &of.fields),
            cost: cost::unit_cost(of, last_lines.get(&of.id).copied(), sources.prices),
            as_of,
        };
        let row = seen.renewal(sources.mapping);
        match (row.term_end, row.window_open) {
            (None, _) if !seen.term.bound && row.fate != Fate::Trial => left.unbound += 1,
            (Some(end), false) if end > horizon => left.later_end += 1,
            (_, _) => rows.push(row),
        }
    }
    let key = |row: &Renewal| row.last_safe_day.or(row.term_end).unwrap_or(NaiveDate::MAX);
    rows.sort_by(|a, b| (key(a), a.term_end, &a.subscription).cmp(&(key(b), b.term_end, &b.subscription)));
    Renewals { as_of, within_days, rows, left }
}

/// The last day that is looked at.
fn horizon(as_of: NaiveDate, within_days: u32) -> NaiveDate {
    as_of.checked_add_days(Days::new(within_days.into())).unwrap_or(NaiveDate::MAX)
}

impl Renewals {
    /// Those whose term ends within the days looked at and about which somebody has to decide something. An open window of a
    /// term that ends later is no renewal yet.
    pub fn due(&self) -> impl Iterator<Item = &Renewal> {
        let horizon = horizon(self.as_of, self.within_days);
        let ends = move |row: &&Renewal| row.term_end.is_some_and(|end| end <= horizon);
        self.rows.iter().filter(|row| row.advice.asks_for_a_ticket()).filter(ends)
    }
}

/// The running subscriptions, and how many seats of each are billed.
pub(crate) fn billed<'a>(
    sources: &Sources<'a>,
    last_lines: &BTreeMap<&SubscriptionId, &VendorCharge>,
    as_of: NaiveDate,
) -> Vec<(&'a Subscription, Option<Quantity>)> {
    let runs = |of: &&Subscription| runs(&of.fields, as_of);
    let bound = |of: &'a Subscription| (of, Term::of(&of.fields, last_lines.get(&of.id).copied(), as_of).bound());
    let held: Vec<_> = sources.subscriptions.iter().filter(runs).map(bound).collect();
    let billed = Seats::new(sources.lines, sources.lines_unread, sources.mapping, as_of).shared(&held);
    held.into_iter().map(|(of, _)| of).zip(billed).collect()
}

/// Whether a subscription has begun and not ended.
pub(crate) fn runs(of: &SubscriptionFields, as_of: NaiveDate) -> bool {
    !is_over(of, as_of) && of.start.is_none_or(|start| start <= as_of)
}

fn is_over(of: &SubscriptionFields, as_of: NaiveDate) -> bool {
    of.end.is_some_and(|end| end < as_of) || ended_some_day(of)
}

/// The rule of a product's dependencies that a commitment follows; `None` where none or several contradict each other.
fn binding<'a>(rules: &'a [CommitmentRule], of: &SubscriptionFields) -> Option<&'a CommitmentRule> {
    let bound = of.commitment_term.as_deref().and_then(months)?;
    let mut fitting = rules.iter().filter(|rule| rule.product == of.product && months(&rule.term) == Some(bound));
    let first = fitting.next()?;
    let same = |rule: &CommitmentRule| CommitmentRule { id: first.id.clone(), ..rule.clone() } == *first;
    fitting.all(same).then_some(first)
}

/// A running term.
#[derive(Debug, Clone, Copy)]
struct Term {
    bound: bool,
    end: Option<NaiveDate>,
    renews_on: Option<NaiveDate>,
    /// When the running term began, where its length is known.
    began: Option<NaiveDate>,
}

impl Term {
    fn of(of: &SubscriptionFields, last_line: Option<&VendorCharge>, as_of: NaiveDate) -> Self {
        let commitment = of.commitment_term.as_deref().filter(|word| !word.trim().is_empty());
        let bound = commitment.is_some() || of.commitment_end.is_some();
        let length = commitment.and_then(months);
        if let Some(end) = of.end.or(of.commitment_end) {
            let (renews, _) = term::renewal(of.start, end, length);
            let began = length.and_then(|length| term::began(of.start, renews, length));
            return Self { bound, end: Some(end), renews_on: Some(renews), began };
        }
        let billing = of.billing_term.as_deref().and_then(months);
        let proven = last_line.filter(|_| !bound).and_then(|line| {
            let end = line.end?;
            let (renews, proven) = term::renewal(Some(line.start), end, billing);
            (proven && line.start <= as_of && as_of < renews).then_some((end, renews))
        });
        let (end, renews_on) = proven.unzip();
        Self { bound, end, renews_on, began: None }
    }

    fn bound(&self) -> Bound {
        match (self.bound, self.end) {
            (false, _) => Bound::Free,
            (true, Some(end)) => Bound::To(end),
            (true, None) => Bound::Unknown,
        }
    }
}

/// A subscription and all that is known about it.
struct Seen<'a> {
    of: &'a Subscription,
    term: Term,
    billed: Option<Quantity>,
    rule: Option<&'a Rule>,
    binding: Option<&'a CommitmentRule>,
    cost: Option<(UnitPrice, Currency, CostFrom)>,
    as_of: NaiveDate,
}

impl Seen<'_> {
    fn renewal(&self, mapping: &Mapping) -> Renewal {
        let fields = &self.of.fields;
        let fate = self.fate();
        let surplus = self.surplus();
        let window = window::shorter(self.rule, self.binding.and_then(|rule| rule.window_days_after));
        let hours = window.as_ref().map(|(hours, _)| *hours);
        // An end more than one term away says nothing of when the running one began.
        let began = self.term.began.filter(|day| *day <= self.as_of);
        let open = hours.zip(began).and_then(|(hours, began)| window::last_safe_day(began, hours));
        let open = open.filter(|day| *day >= self.as_of && fate != Fate::Trial && fate != Fate::Cancelled);
        let reduce_before_end = self.term.renews_on.and_then(|day| window::last_safe_day(day, 0));
        let after_renewal = self.term.renews_on.and_then(|day| window::last_safe_day(day, hours.unwrap_or(0)));
        let last_safe_day = match fate {
            Fate::Cancelled => None,
            // What does not renew has no window after a renewal.
            Fate::Ends | Fate::Trial => open.or(reduce_before_end),
            Fate::Renews | Fate::Unknown => open.or(after_renewal),
        };
        let charges_left = self.charges_left(fate);
        let still_due = |seats: Option<Quantity>| {
            let ((cost, _, _), seats, charges) = (self.cost?, seats?, charges_left?);
            cost.extend(seats).ok()?.times(Decimal::from(charges)).ok()
        };
        let may_decrease = self.binding.and_then(|rule| rule.may_decrease) == Some(true);
        Renewal {
            subscription: self.of.id.clone(),
            customer: held::part(&mapping.companies, &fields.company),
            company: fields.company.clone(),
            product: fields.product.clone(),
            term: held::term(fields),
            held: fields.quantity,
            billed: self.billed,
            surplus,
            term_end: self.term.end,
            renews_on: self.term.renews_on,
            fate,
            reduce_before_end,
            last_safe_day,
            window_open: open.is_some(),
            window: window.map(|(_, known)| known),
            days_left: last_safe_day.map(|day| day.signed_duration_since(self.as_of).num_days()),
            currency: self.cost.map(|(_, currency, _)| currency).or(fields.currency),
            cost_from: self.cost.map(|(_, _, from)| from),
            monthly_cost: self.monthly_cost(fate),
            charges_left,
            // What may be taken off within the term need not be paid to its end.
            stranded: still_due(surplus).map(|due| if may_decrease { Amount::ZERO } else { due }),
            committed: still_due(fields.quantity),
            advice: self.advice(fate, last_safe_day, open.is_some()),
            dearer_percent: self.dearer_percent(),
        }
    }
}

impl Seen<'_> {
    /// Dates decide, then the word for the state, then the product's own rule.
    fn fate(&self) -> Fate {
        let fields = &self.of.fields;
        let state = SubscriptionState::of(&fields.status);
        if state == Some(SubscriptionState::Trial)
            || fields.billing_term.as_deref().is_some_and(|term| term.eq_ignore_ascii_case("trial"))
        {
            Fate::Trial
        } else if fields.end.is_some() || state == Some(SubscriptionState::Ending) {
            Fate::Cancelled
        } else {
            match self.binding.and_then(|rule| rule.auto_renew) {
                Some(true) => Fate::Renews,
                Some(false) => Fate::Ends,
                None => Fate::Unknown,
            }
        }
    }

    fn surplus(&self) -> Option<Quantity> {
        let surplus = self.of.fields.quantity?.minus(self.billed?).ok()?;
        Some(surplus.max(Quantity::ZERO))
    }

    /// What a trial costs once it is none, nobody says.
    fn monthly_cost(&self, fate: Fate) -> Option<Amount> {
        let ((cost, _, _), quantity) = (self.cost?, self.of.fields.quantity?);
        let months = self.of.fields.billing_term.as_deref().and_then(months)?;
        cost::a_month(cost, quantity, months).filter(|_| fate != Fate::Trial)
    }

    /// Charges that begin today or later; unknown once the term is over, and of a trial.
    fn charges_left(&self, fate: Fate) -> Option<u32> {
        let months = self.of.fields.billing_term.as_deref().and_then(months)?;
        let renews = self.term.renews_on.filter(|day| *day >= self.as_of && fate != Fate::Trial)?;
        Some(term::charges_left(self.as_of, renews, months))
    }

    fn advice(&self, fate: Fate, last_safe_day: Option<NaiveDate>, window_open: bool) -> Advice {
        let spare = self.surplus().is_some_and(|surplus| !surplus.is_zero());
        let in_time = last_safe_day.is_none_or(|day| day >= self.as_of);
        let over = self.term.renews_on.is_some_and(|day| day < self.as_of);
        match fate {
            Fate::Cancelled => Advice::LetGo,
            Fate::Trial => Advice::DecideTrial,
            Fate::Renews | Fate::Ends | Fate::Unknown if self.term.end.is_none() => Advice::LookUp,
            Fate::Renews | Fate::Ends | Fate::Unknown if !in_time && over => Advice::ReadAgain,
            Fate::Renews | Fate::Ends | Fate::Unknown if window_open && spare => Advice::ReduceNow,
            Fate::Ends => Advice::RenewOrLetGo,
            Fate::Renews | Fate::Unknown if !in_time => Advice::TooLate,
            Fate::Renews | Fate::Unknown if self.of.fields.quantity.is_some_and(Quantity::is_zero) => Advice::Empty,
            Fate::Renews | Fate::Unknown if spare => Advice::Reduce,
            Fate::Renews | Fate::Unknown => Advice::Confirm,
        }
    }

    fn dearer_percent(&self) -> Option<u32> {
        let length = |word: &Option<String>| word.as_deref().and_then(months);
        let percent = match (length(&self.of.fields.commitment_term)?, length(&self.of.fields.billing_term)?) {
            (1, _) => self.rule?.monthly_percent,
            (_, 1) => self.rule?.annual_billed_monthly_percent,
            (_, _) => 0,
        };
        (percent > 0).then_some(percent)
    }
}

#[cfg(test)]
mod tests;
