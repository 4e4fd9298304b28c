//! The distributor's documents and their lines, summed per document, and whether they tie.
//!
//! The rule of the field is header total − carried balance = lines + tax + fees + credits. Published documents do not all
//! keep it: some totals leave the carried balance out, some count payments shown as lines. So four readings are tried in a
//! fixed order. Keeps the invariant that every line belongs to one document and one sum (net, fees, credits or payments),
//! so that the four and the tax are all there is.

use std::collections::{BTreeMap, BTreeSet};

use crate::core::billing::{ChargeKind, EndRule, VendorInvoice};
use crate::core::id::InvoiceId;
use crate::core::money::{Amount, Currency, MoneyError};
use crate::core::period::BillingPeriod;
use crate::core::reconcile::lines::Charge;

/// Documents of one distributor, with the sums of their lines.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Documents {
    /// The distributor's name.
    pub vendor: String,
    /// The heads, in the order listed.
    pub invoices: Vec<VendorInvoice>,
    /// The sums of the lines by document and currency.
    pub lines: BTreeMap<(InvoiceId, Currency), LineSums>,
    /// Lines that stand on no document.
    pub loose: u64,
}

/// The sums of one document's lines, in the partner's amounts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LineSums {
    /// How many.
    pub lines: u64,
    /// Charges.
    pub net: Amount,
    /// The distributor's fees.
    pub fees: Amount,
    /// Credits and rebates.
    pub credits: Amount,
    /// Payments shown as lines.
    pub payments: Amount,
    /// Tax where it was said.
    pub tax: Amount,
    /// How many lines said their tax.
    pub taxed: u64,
    /// How the ends of their periods are counted, where they show it.
    pub end_rule: Option<EndRule>,
}

impl Documents {
    /// Documents without lines yet.
    #[must_use]
    pub fn new(vendor: impl Into<String>, invoices: Vec<VendorInvoice>) -> Self {
        Self { vendor: vendor.into(), invoices, ..Self::default() }
    }

    /// Counts one line.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`]; the line is not counted then.
    pub fn add(&mut self, charge: &Charge<'_>) -> Result<(), MoneyError> {
        if charge.invoice.is_empty() {
            self.loose = self.loose.saturating_add(1);
            return Ok(());
        }
        let sums = self.lines.entry((InvoiceId::new(charge.invoice), charge.currency)).or_default();
        let mut next = *sums;
        let sum = match charge.kind {
            ChargeKind::ServiceCharge => &mut next.fees,
            ChargeKind::ServiceCredit | ChargeKind::InvoiceCredit | ChargeKind::Rebate => &mut next.credits,
            ChargeKind::PaymentCredit => &mut next.payments,
            ChargeKind::Subscription | ChargeKind::Prorate | ChargeKind::OneTime | ChargeKind::Other(_) => {
                &mut next.net
            }
        };
        *sum = sum.plus(charge.cost_total)?;
        if let Some(tax) = charge.tax {
            next.tax = next.tax.plus(tax)?;
            next.taxed = next.taxed.saturating_add(1);
        }
        next.lines = next.lines.saturating_add(1);
        next.end_rule = next.end_rule.or(charge.end_rule);
        *sums = next;
        Ok(())
    }

    /// Counts the lines that others of the same documents counted.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`].
    pub fn absorb(&mut self, other: Self) -> Result<(), MoneyError> {
        self.loose = self.loose.saturating_add(other.loose);
        for (document, sums) in other.lines {
            let known = self.lines.entry(document).or_default();
            *known = known.and(&sums)?;
        }
        Ok(())
    }

    /// The sums of a document's lines in its currency.
    #[must_use]
    pub fn sums_of(&self, invoice: &VendorInvoice) -> LineSums {
        self.lines.get(&(invoice.id.clone(), invoice.currency)).copied().unwrap_or_default()
    }

    /// Whether a document's head equals its lines; one of another month is not judged: not every system lists its lines.
    #[must_use]
    pub fn tie_of(&self, invoice: &VendorInvoice, period: BillingPeriod) -> Tie {
        if invoice.is_superseded() {
            Tie::Superseded
        } else if !period.contains(invoice.date) {
            Tie::OtherMonth
        } else {
            tie(invoice.total, invoice.carried, &self.sums_of(invoice))
        }
    }

    /// Documents that lines name and that are not listed in the lines' currency.
    pub fn unlisted(&self) -> impl Iterator<Item = (&InvoiceId, Currency, &LineSums)> {
        let listed: BTreeSet<(&InvoiceId, Currency)> = self.invoices.iter().map(|i| (&i.id, i.currency)).collect();
        self.lines
            .iter()
            .map(|((id, currency), sums)| (id, *currency, sums))
            .filter(move |(id, currency, _)| !listed.contains(&(*id, *currency)))
    }

    /// Every document of the period that does not tie or cannot be tied, and every document that lines name and that is not
    /// listed; what differs comes first.
    #[must_use]
    pub fn untied(&self, period: BillingPeriod) -> Vec<Untied<'_>> {
        let listed = self.invoices.iter().filter_map(|invoice| {
            let (id, currency) = (&invoice.id, invoice.currency);
            match self.tie_of(invoice, period) {
                Tie::Differs(by) => Some(Untied { id, currency, why: Why::Differs(by) }),
                Tie::NoLines => Some(Untied { id, currency, why: Why::NoLines }),
                Tie::NoTotal => Some(Untied { id, currency, why: Why::NoTotal }),
                Tie::Holds(_) | Tie::Superseded | Tie::OtherMonth => None,
            }
        });
        let unlisted = self.unlisted().map(|(id, currency, _)| Untied { id, currency, why: Why::NotListed });
        let mut untied: Vec<Untied<'_>> = listed.chain(unlisted).collect();
        untied.sort_by_key(|untied| (!untied.why.is_difference(), untied.id, untied.currency));
        untied
    }

    /// How many documents of the period differ from their lines.
    #[must_use]
    pub fn differing(&self, period: BillingPeriod) -> usize {
        self.untied(period).iter().filter(|document| document.why.is_difference()).count()
    }
}

impl LineSums {
    fn and(&self, other: &Self) -> Result<Self, MoneyError> {
        Ok(Self {
            lines: self.lines.saturating_add(other.lines),
            net: self.net.plus(other.net)?,
            fees: self.fees.plus(other.fees)?,
            credits: self.credits.plus(other.credits)?,
            payments: self.payments.plus(other.payments)?,
            tax: self.tax.plus(other.tax)?,
            taxed: self.taxed.saturating_add(other.taxed),
            end_rule: self.end_rule.or(other.end_rule),
        })
    }

    /// The tax; unknown when no line said any.
    #[must_use]
    pub fn known_tax(&self) -> Option<Amount> {
        (self.taxed > 0 || self.lines == 0).then_some(self.tax)
    }
}

/// Whether a document's head equals its lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tie {
    /// It does, in this reading.
    Holds(Reading),
    /// It does not: header total − carried balance − lines; `None` where that does not fit.
    Differs(Option<Amount>),
    /// It states no total.
    NoTotal,
    /// It states money and has no line.
    NoLines,
    /// It was withdrawn: its lines are not cost.
    Superseded,
    /// It is dated in another month.
    OtherMonth,
}

/// How a head is read so that it equals its lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    /// The carried balance is in the total.
    pub carried: bool,
    /// Payments shown as lines are in it.
    pub payments: bool,
}

/// A document that is not tied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Untied<'d> {
    /// Its number.
    pub id: &'d InvoiceId,
    /// Its currency.
    pub currency: Currency,
    /// What is the matter.
    pub why: Why,
}

/// Why a document is not tied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// It differs from its lines; `None` where the difference does not fit.
    Differs(Option<Amount>),
    /// It has no lines.
    NoLines,
    /// Lines name it, and it is not listed.
    NotListed,
    /// It states no total to hold its lines against.
    NoTotal,
}

impl Why {
    /// Whether something differs; where nothing could be compared, nothing is known to.
    #[must_use]
    pub fn is_difference(self) -> bool {
        match self {
            Self::Differs(_) | Self::NoLines | Self::NotListed => true,
            Self::NoTotal => false,
        }
    }
}

/// Holds a head against the sums of its lines.
#[must_use]
pub fn tie(total: Option<Amount>, carried: Option<Amount>, sums: &LineSums) -> Tie {
    let Some(total) = total else { return Tie::NoTotal };
    let all = [sums.net, sums.fees, sums.credits, sums.tax].into_iter().try_fold(Amount::ZERO, Amount::plus);
    let with_payments = all.as_ref().ok().map(|all| all.plus(sums.payments));
    let (Ok(lines), Some(Ok(with_payments)), Ok(expected)) =
        (all, with_payments, total.minus(carried.unwrap_or_default()))
    else {
        return Tie::Differs(None);
    };
    let readings = [(expected, lines, true, false), (total, lines, false, false)];
    let paid = [(expected, with_payments, true, true), (total, with_payments, false, true)];
    for (head, lines, carried, payments) in readings.into_iter().chain(paid) {
        if head.minus(lines).is_ok_and(Amount::is_zero) {
            return Tie::Holds(Reading { carried, payments });
        }
    }
    if sums.lines == 0 { Tie::NoLines } else { Tie::Differs(expected.minus(lines).ok()) }
}
