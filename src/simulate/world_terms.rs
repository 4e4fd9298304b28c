//! Subscriptions whose terms end around a day: one of each kind that a report of renewals tells apart, and seats that are held
//! and not used.
//!
//! Invariant: seats held beyond those billed are planted; everything else is charged and billed alike.

use chrono::{Days, Months, NaiveDate};

use super::data::File;
use super::world::{Build, Role};
use super::world_catalogue::{Catalogue, Product};
use super::world_lines::Customer;
use super::world_names::{Country, Names};

/// What is sold with a term of its own.
struct Terms {
    archive: Product,
    filter: Product,
    sign_in: Product,
}

/// One subscription, in days counted from the day.
struct Case<'a> {
    product: &'a Product,
    commitment: &'static str,
    held: i64,
    billed: i64,
    /// Years of a term, and in how many days the next one begins.
    years: u32,
    renews_in: i64,
}

impl Build {
    /// Two customers with subscriptions in every state of a term.
    pub(super) fn terms_around(&mut self, names: &mut Names, seed: u64, day: NaiveDate) {
        let [archive, filter, sign_in] = Catalogue::with_terms(seed, &mut self.write.data);
        let own = Terms { archive, filter, sign_in };
        let firm = |names: &mut Names, n, name: &str| {
            names.firm(n, format!("{name} LLC"), format!("{name} LLC"), "exact", Country::Us)
        };
        let first = firm(names, 981, "Cloudberry Legal Partners");
        let first = self.enrol(first, 981, Role::Plain);
        let second = firm(names, 983, "Weatherby Surveyors");
        let second = self.enrol(second, 983, Role::Plain);
        let (Some(premium), Some(standard), Some(basic)) = (self.seat(0), self.seat(1), self.seat(2)) else { return };
        let case = |product, commitment, held, billed, years, renews_in| Case {
            product,
            commitment,
            held,
            billed,
            years,
            renews_in,
        };
        // renewed two days ago: the window is open
        self.term(&first, day, &case(&premium, "1-Year", 12, 9, 1, 363));
        self.term(&first, day, &case(&standard, "1-Year", 8, 8, 1, 4));
        self.term(&first, day, &case(&own.archive, "1-Year", 6, 6, 1, 1));
        self.term(&first, day, &case(&own.filter, "1-Year", 15, 15, 1, 21));
        self.term(&second, day, &case(&premium, "3-Year", 30, 30, 3, 45));
        self.term(&second, day, &case(&standard, "1-Year", 25, 20, 1, 62));
        self.term(&second, day, &case(&basic, "Monthly", 7, 7, 0, 6));
        self.ending(&second, day);
        self.trial(&first, &basic, day);
        // the distributor counts how many of these are in use
        self.held(&second, &own.sign_in, 20);
        let line = self.write.month_line(&own.sign_in, 20);
        self.write.line(&second, line);
    }

    /// Charged and billed by the month, and bound.
    fn term(&mut self, who: &Customer, day: NaiveDate, case: &Case<'_>) {
        let renews = after(day, case.renews_in);
        // a whole term before the one that runs
        let (whole, before) = (Months::new(12 * case.years), Months::new(if case.years == 0 { 7 } else { 0 }));
        let since = renews.checked_sub_months(whole).and_then(|day| day.checked_sub_months(whole)).unwrap_or(renews);
        let since = since.checked_sub_months(before).unwrap_or(since);
        self.held(who, case.product, case.held);
        self.write.since(since, true);
        self.set(&[("commitmentTerm", case.commitment), ("commitmentEndDate", &moment(after(renews, -1)))]);
        let line = self.write.month_line(case.product, case.billed);
        self.write.line(who, line);
        if case.billed < case.held {
            self.plant("QTY_UNDERBILLED", who, &case.product.psa_id, "seats bound for a term and no longer billed");
        }
    }

    /// Cancelled, and still held until its end.
    fn ending(&mut self, who: &Customer, day: NaiveDate) {
        let Some(product) = self.seat(4) else { return };
        self.held(who, &product, 5);
        self.set(&[("status", "PendingCancel"), ("endDate", &moment(after(day, 12)))]);
        let line = self.write.month_line(&product, 5);
        self.write.line(who, line);
    }

    /// Begun a fortnight ago, for a month, for nothing.
    fn trial(&mut self, who: &Customer, product: &Product, day: NaiveDate) {
        self.write.subscription(who, product, 5, None);
        self.write.since(after(day, -14), true);
        self.set(&[
            ("status", "Trial"),
            ("billingTerm", "Trial"),
            ("price", "0"),
            ("partnerCost", "0"),
            ("commitmentTerm", ""),
            ("commitmentEndDate", ""),
            ("endDate", &moment(after(day, 16))),
        ]);
    }

    /// Sets cells of the newest subscription.
    fn set(&mut self, cells: &[(&str, &str)]) {
        let table = self.write.data.table_mut(File::VendorSubscriptions);
        let last = table.len().saturating_sub(1);
        for (column, text) in cells {
            table.set(last, column, text);
        }
    }
}

fn moment(day: NaiveDate) -> String {
    format!("{day}T00:00:00Z")
}

fn after(day: NaiveDate, days: i64) -> NaiveDate {
    let distance = Days::new(days.unsigned_abs());
    let there = if days < 0 { day.checked_sub_days(distance) } else { day.checked_add_days(distance) };
    there.unwrap_or(day)
}
