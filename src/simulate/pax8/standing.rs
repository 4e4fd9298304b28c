//! How invoices stand: approved, carried over, paid, withdrawn and issued again.
//!
//! Invariant: a withdrawn or paid invoice leaves nothing open, and one is withdrawn at most once.

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::invoices::Invoice;
use super::state::State;
use super::time::days_after;
use super::topics::Event;
use crate::simulate::faults::{Faults, Withdrawn};

/// How an invoice stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// It is to be paid.
    Unpaid,
    /// It was paid.
    Paid,
    /// It was taken back, and counts for nothing.
    Void,
    /// What is open of it stands on the next one.
    Carried,
    /// It asks for nothing, or gives back.
    NothingDue,
    /// It was taken back by a credit.
    Credited,
}

impl Standing {
    /// Its word on the wire.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Unpaid => "Unpaid",
            Self::Paid => "Paid",
            Self::Void => "Void",
            Self::Carried => "Carried",
            Self::NothingDue => "Nothing Due",
            Self::Credited => "Credited",
        }
    }

    /// Of an invoice that asks for so much.
    pub(super) fn of_new(total: Decimal) -> Self {
        if total > Decimal::ZERO { Self::Unpaid } else { Self::NothingDue }
    }

    /// Of those that are withdrawn, if any are.
    pub(super) fn of_withdrawn(how: Withdrawn) -> Option<Self> {
        match how {
            Withdrawn::Never => None,
            Withdrawn::Credited => Some(Self::Credited),
            Withdrawn::Void => Some(Self::Void),
        }
    }

    /// Whether something is still to be paid.
    fn is_open(self) -> bool {
        match self {
            Self::Unpaid | Self::Carried => true,
            Self::Paid | Self::Void | Self::NothingDue | Self::Credited => false,
        }
    }

    fn is_withdrawn(self) -> bool {
        match self {
            Self::Void | Self::Credited => true,
            Self::Unpaid | Self::Paid | Self::Carried | Self::NothingDue => false,
        }
    }
}

impl State {
    /// What is approved today can be seen; what is withdrawn today stands beside its successor from now on.
    pub(super) fn approve(&mut self, faults: &Faults) {
        let today = self.today;
        let mut told = Vec::new();
        for at in 0..self.invoices.len() {
            let owed = self.owed_before(at);
            let Some(head) = self.invoices.get_mut(at).filter(|head| head.approved == today) else { continue };
            told.push(head.id.clone());
            head.carried += owed;
            if head.standing == Standing::Unpaid {
                head.standing = Standing::of_new(head.total);
            }
            let (currency, date) = (head.currency.clone(), head.date);
            for earlier in self.invoices.iter_mut().filter(|other| other.currency == currency && other.date < date) {
                if earlier.standing == Standing::Unpaid {
                    earlier.standing = Standing::Carried;
                }
            }
        }
        self.pay_what_is_due(faults);
        let due: Vec<String> =
            self.invoices.iter().filter(|head| head.withdrawn == Some(today)).map(|head| head.id.clone()).collect();
        if let Some(standing) = Standing::of_withdrawn(faults.withdrawn) {
            told.extend(due.iter().filter_map(|id| self.reissue(id, standing)));
        }
        for id in told {
            self.tell(&Event::of("INVOICE", "CREATED", &id));
        }
    }

    fn owed_before(&self, at: usize) -> Decimal {
        let Some(head) = self.invoices.get(at) else { return Decimal::ZERO };
        let earlier = self.invoices.iter().filter(|other| other.currency == head.currency && other.date < head.date);
        earlier.map(|other| other.balance).sum()
    }

    /// Pays the invoices that were approved long enough ago.
    pub(super) fn pay_what_is_due(&mut self, faults: &Faults) {
        let Some(days) = faults.paid else { return };
        let today = self.today;
        for head in self.invoices.iter_mut().filter(|head| days_after(head.approved, days) <= today) {
            head.pay();
        }
    }

    /// Pays an approved invoice; whether there was one to pay.
    pub(super) fn pay(&mut self, id: &str) -> bool {
        let today = self.today;
        let known = self.invoices.iter_mut().find(|head| head.id.eq_ignore_ascii_case(id) && head.approved <= today);
        known.is_some_and(Invoice::pay)
    }

    /// Withdraws an approved invoice and issues it again under a new id, which is answered.
    pub(super) fn reissue(&mut self, id: &str, standing: Standing) -> Option<String> {
        let today = self.today;
        let again = self.invoices.iter().filter(|head| head.date == self.date_of(id)).count();
        let head = self.invoices.iter_mut().find(|head| head.id.eq_ignore_ascii_case(id))?;
        if head.standing.is_withdrawn() || head.approved > today {
            return None;
        }
        let mut fresh = head.clone();
        (head.standing, head.balance, head.withdrawn) = (standing, Decimal::ZERO, None);
        fresh.id = Invoice::id_of(fresh.date, &fresh.currency, &format!("again/{again}"));
        (fresh.standing, fresh.balance, fresh.approved, fresh.withdrawn) =
            (Standing::of_new(fresh.total), fresh.total, today, None);
        let new = fresh.id.clone();
        self.invoices.push(fresh);
        Some(new)
    }

    fn date_of(&self, id: &str) -> NaiveDate {
        self.invoices.iter().find(|head| head.id.eq_ignore_ascii_case(id)).map(|head| head.date).unwrap_or_default()
    }
}

impl Invoice {
    /// Pays what is open of it; whether anything was.
    fn pay(&mut self) -> bool {
        let open = self.standing.is_open();
        if open {
            (self.standing, self.balance) = (Standing::Paid, Decimal::ZERO);
        }
        open
    }
}
