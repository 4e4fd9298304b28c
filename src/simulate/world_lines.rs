//! The rows of an invented month: subscriptions, charges, metered use and billed lines.
//!
//! Invariant: money is whole cents (metered amounts: whole millionths) until it is written; halves round away from zero.

use chrono::{Days, Months, NaiveDate};
use rand_chacha::ChaCha8Rng;

use super::data::{Data, File, Table};
use super::json::{rng, uuid};
use super::world_catalogue::Product;
use super::world_names::{Firm, below, cycle};

/// A scaled whole number as a decimal with that many places.
pub(super) fn dec(value: impl Into<i128>, places: usize) -> String {
    let value: i128 = value.into();
    let digits = format!("{:0width$}", value.unsigned_abs(), width = places + 1);
    let (whole, part) = digits.split_at(digits.len() - places);
    let sign = if value < 0 { "-" } else { "" };
    if places == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{part}") }
}

/// The same without zeros at the end.
fn trimmed(value: impl Into<i128>, places: usize) -> String {
    let text = dec(value, places);
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// Divides, halves away from zero.
pub(super) fn half_up(value: i128, by: i128) -> i128 {
    let half = (2 * value.abs() + by) / (2 * by);
    if value < 0 { -half } else { half }
}

fn cents(value: i128, by: i128) -> i64 {
    i64::try_from(half_up(value, by)).unwrap_or_default()
}

/// A customer with its ids on both sides.
#[derive(Debug, Clone)]
pub(super) struct Customer {
    pub(super) firm: Firm,
    pub(super) vendor_id: String,
    pub(super) psa_id: String,
    pub(super) external: String,
    pub(super) agreement: (String, &'static str),
}

/// What the distributor charges for a product held by a customer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Charge<'a> {
    pub(super) kind: &'a str,
    pub(super) quantity: i64,
    pub(super) amount: i64,
    pub(super) cost_total: i64,
    pub(super) from: NaiveDate,
    pub(super) to: NaiveDate,
    pub(super) subscription: &'a str,
}

/// What the MSP bills.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line<'a> {
    /// Id, identifier and description.
    pub(super) product: [&'a str; 3],
    pub(super) quantity: i64,
    pub(super) included: i64,
    pub(super) price: i64,
    pub(super) cost: i64,
    pub(super) amount: i64,
    pub(super) cost_total: i64,
    pub(super) kind: &'a str,
    pub(super) bill: &'a str,
    pub(super) status: &'a str,
    pub(super) effective: NaiveDate,
    pub(super) cancelled: Option<NaiveDate>,
    pub(super) part_month: bool,
}

/// Meters of the usage products: name, unit, cost in billionths.
const METERS: [(&str, &str, i128); 5] = [
    ("Compute D4 - region north", "1 Hour", 192_000_000),
    ("Standard disk E10", "1/Month", 960_000_000),
    ("Object storage, data stored", "1 GB/Month", 20_800_000),
    ("Data transfer out", "1 GB", 87_000_000),
    ("Log ingestion", "1 GB", 276_000_000),
];

/// Writes rows and hands out ids.
pub(super) struct Writer {
    pub(super) data: Data,
    pub(super) start: NaiveDate,
    pub(super) end: NaiveDate,
    pub(super) rng: ChaCha8Rng,
    seed: u64,
    made: u64,
    line_id: u64,
}

impl Writer {
    pub(super) fn new(seed: u64, start: NaiveDate) -> Self {
        Self {
            data: Data::empty(),
            start,
            end: start + Months::new(1) - Days::new(1),
            rng: rng(&format!("world/{seed}")),
            seed,
            made: 0,
            line_id: 7_000_000,
        }
    }

    pub(super) fn id(&mut self) -> String {
        self.made += 1;
        uuid(&format!("world/{}/{}", self.seed, self.made))
    }

    pub(super) fn days(&self) -> i64 {
        (self.end - self.start).num_days() + 1
    }

    /// The share of a monthly amount from a day to the end of the month.
    pub(super) fn share(&self, monthly: i64, from: NaiveDate) -> i64 {
        let left = (self.end - from).num_days() + 1;
        cents(i128::from(monthly) * i128::from(left), i128::from(self.days()))
    }

    /// A subscription; `ended` makes it a cancelled one. Answers its id.
    pub(super) fn subscription(
        &mut self,
        who: &Customer,
        what: &Product,
        quantity: i64,
        ended: Option<NaiveDate>,
    ) -> String {
        let id = self.id();
        let months = 3 + u32::try_from(below(&mut self.rng, 20)).unwrap_or_default();
        let since = self.start - Months::new(months);
        let metered = what.price == 0;
        let money = |amount: i64| if metered { String::new() } else { dec(amount, 2) };
        let (commitment, until) = if what.commitment && ended.is_none() {
            let terms = 1 + months / 12;
            ("1-Year", format!("{}T00:00:00Z", since + Months::new(12 * terms) - Days::new(1)))
        } else {
            ("", String::new())
        };
        self.data.table_mut(File::VendorSubscriptions).push(&[
            ("id", &id),
            ("companyId", &who.vendor_id),
            ("productId", &what.vendor_id),
            ("vendorSubscriptionId", &format!("{}-{}", id.get(..8).unwrap_or_default(), what.sku)),
            ("quantity", &quantity.to_string()),
            ("startDate", &format!("{since}T08:30:00Z")),
            ("endDate", &ended.map(|d| format!("{d}T00:00:00Z")).unwrap_or_default()),
            ("createdDate", &since.to_string()),
            ("updatedDate", &format!("{}T08:30:00Z", ended.unwrap_or(since))),
            ("billingStart", &since.to_string()),
            ("status", if ended.is_some() { "Cancelled" } else { "Active" }),
            ("price", &money(what.price)),
            ("currencyCode", who.firm.country.currency()),
            ("partnerCost", &money(what.cost)),
            ("productName", what.name),
            ("billingTerm", "Monthly"),
            ("commitmentTerm", commitment),
            ("commitmentEndDate", &until),
        ]);
        id
    }

    /// Says when the newest subscription took its present quantity, and whether it began then.
    pub(super) fn since(&mut self, day: NaiveDate, began: bool) {
        let table = self.data.table_mut(File::VendorSubscriptions);
        let last = table.len().saturating_sub(1);
        let (time, day) = (format!("{day}T08:30:00Z"), day.to_string());
        table.set(last, "updatedDate", &time);
        if began {
            table.set(last, "startDate", &time);
            table.set(last, "createdDate", &day);
            table.set(last, "billingStart", &day);
        }
    }

    /// An earlier state of the newest subscription.
    pub(super) fn history(&mut self, quantity: i64, changed: NaiveDate) {
        let Some(now) = self.data.table(File::VendorSubscriptions).rows().next_back() else { return };
        let mut then = Table::new(File::VendorHistory.columns());
        let columns = File::VendorHistory.columns().iter();
        let (quantity, changed) = (quantity.to_string(), format!("{changed}T08:30:00Z"));
        let kept: Vec<(&str, &str)> = columns.map(|c| (*c, now.get(c))).collect();
        then.push(&[kept.as_slice(), &[("quantity", &quantity), ("updatedDate", &changed)]].concat());
        self.data.table_mut(File::VendorHistory).append(then);
    }

    /// The usual charge of a month.
    pub(super) fn month_charge<'a>(&self, what: &Product, quantity: i64, subscription: &'a str) -> Charge<'a> {
        Charge {
            kind: "subscription",
            quantity,
            amount: quantity * what.price,
            cost_total: quantity * what.cost,
            from: self.start,
            to: self.end,
            subscription,
        }
    }

    pub(super) fn charge(&mut self, who: &Customer, what: &Product, charge: Charge<'_>) {
        let tax = cents(i128::from(charge.amount) * i128::from(who.firm.country.tax()), 10_000);
        let (term, unit_price, unit_cost) = match charge.kind {
            "rebate" => ("Rebate", 0, charge.cost_total),
            "service-credit" => ("Monthly", charge.amount, charge.cost_total),
            "payment-credit" => ("One-Time", charge.amount, 0),
            _ => ("Monthly", what.price, what.cost),
        };
        let description = match charge.kind {
            "prorate" => format!("{} Partial: {}", charge.from.format("%b"), what.name),
            "service-credit" => format!("Credit for an earlier charge: {}", what.name),
            "rebate" => format!("Programme rebate: {}", what.name),
            "payment-credit" => "Payment received, thank you".to_owned(),
            _ => what.name.to_owned(),
        };
        let texts = [charge.quantity.to_string(), what.unit.to_owned(), term.to_owned(), description, String::new()];
        let money =
            [dec(unit_price, 2), dec(charge.amount, 2), dec(unit_cost, 2), dec(charge.cost_total, 2), trimmed(tax, 2)];
        self.item(who, what, charge.kind, (charge.from, charge.to), &texts, &money, charge.subscription);
    }

    #[expect(clippy::too_many_arguments, reason = "the columns of one row")]
    fn item(
        &mut self,
        who: &Customer,
        what: &Product,
        kind: &str,
        (from, to): (NaiveDate, NaiveDate),
        [quantity, unit, term, description, details]: &[String; 5],
        [price, amount, cost, cost_total, tax]: &[String; 5],
        subscription: &str,
    ) {
        let id = self.id();
        let payment = kind == "payment-credit";
        let or_none = |text: &'static str| if payment { "" } else { text };
        self.data.table_mut(File::VendorInvoiceItems).push(&[
            ("id", &id),
            ("type", kind),
            ("purchaseOrderNumber", "N/A"),
            ("companyId", &who.vendor_id),
            ("externalId", &who.external),
            ("companyName", &who.firm.vendor_name),
            ("startPeriod", &from.to_string()),
            ("endPeriod", &to.to_string()),
            ("quantity", quantity),
            ("unitOfMeasure", unit),
            ("term", term),
            ("sku", if payment { "" } else { &what.sku }),
            ("description", description),
            ("details", details),
            ("rateType", "flat"),
            ("chargeType", "per"),
            ("price", price),
            ("subTotal", amount),
            ("cost", cost),
            ("costTotal", cost_total),
            ("offeredBy", "Pax8"),
            ("billedByPax8", "false"),
            ("total", amount),
            ("productId", if payment { "" } else { &what.vendor_id }),
            ("productName", or_none(what.name)),
            ("billingFee", "0"),
            ("billingFeeRate", "0"),
            ("amountDue", cost_total),
            ("currencyCode", who.firm.country.currency()),
            ("salesTax", tax),
            ("subscriptionId", subscription),
            ("vendorName", or_none(what.vendor)),
        ]);
    }

    /// Metered charges of a month: amount and cost in cents, rounded once over all lines.
    pub(super) fn meter(&mut self, who: &Customer, what: &Product, subscription: &str, lines: usize) -> (i64, i64) {
        let (mut amount, mut cost) = (0_i128, 0_i128);
        let days = usize::try_from(self.days()).unwrap_or(28);
        for _ in 0..lines {
            let turn = below(&mut self.rng, METERS.len());
            let (meter, unit, unit_cost) = cycle(&METERS, turn).unwrap_or_default();
            let unit_price = unit_cost * 115 / 100;
            // up to 40 units with eight decimals
            let quantity = i128::try_from(below(&mut self.rng, 4_000_000_000)).unwrap_or_default() + 1;
            let day_of_month = below(&mut self.rng, days);
            let day = self.start + Days::new(u64::try_from(day_of_month).unwrap_or_default());
            let scale = 10_i128.pow(11);
            let (line_amount, line_cost) =
                (half_up(quantity * unit_price, scale), half_up(quantity * unit_cost, scale));
            let group = format!("{meter} / rg-{}", cycle(&["prod", "backup", "web"], turn).unwrap_or_default());
            let texts = [dec(quantity, 8), unit.to_owned(), "Arrears".to_owned(), what.name.to_owned(), group];
            let money =
                [trimmed(unit_price, 9), dec(line_amount, 6), trimmed(unit_cost, 9), dec(line_cost, 6), "0".to_owned()];
            self.item(who, what, "subscription", (day, day), &texts, &money, subscription);
            amount += line_amount;
            cost += line_cost;
        }
        (cents(amount, 10_000), cents(cost, 10_000))
    }

    /// The usual line of a month.
    pub(super) fn month_line<'a>(&self, what: &'a Product, quantity: i64) -> Line<'a> {
        Line {
            product: [&what.psa_id, what.identifier, what.description],
            quantity,
            included: 0,
            price: what.price,
            cost: what.cost,
            amount: quantity * what.price,
            cost_total: quantity * what.cost,
            kind: "recurring",
            bill: "Billable",
            status: "Active",
            effective: self.start - Months::new(6),
            cancelled: None,
            part_month: false,
        }
    }

    pub(super) fn line(&mut self, who: &Customer, line: Line<'_>) {
        self.line_id += 1;
        let [product, identifier, description] = line.product;
        // an expired agreement is another document than the running one
        let agreement = if line.status == "Active" { who.agreement.0.clone() } else { format!("{}9", who.agreement.0) };
        self.data.table_mut(File::PsaAgreementLines).push(&[
            ("id", &self.line_id.to_string()),
            ("agreementId", &agreement),
            ("agreementName", who.agreement.1),
            ("agreementStatus", line.status),
            ("companyId", &who.psa_id),
            ("companyName", &who.firm.psa_name),
            ("productId", product),
            ("productIdentifier", identifier),
            ("description", description),
            ("lineType", line.kind),
            ("quantity", &line.quantity.to_string()),
            ("lessIncluded", &line.included.to_string()),
            ("billedQuantity", &(line.quantity - line.included).to_string()),
            ("unitPrice", &dec(line.price, 2)),
            ("unitCost", &dec(line.cost, 2)),
            ("extendedPrice", &dec(line.amount, 2)),
            ("extendedCost", &dec(line.cost_total, 2)),
            ("billCustomer", line.bill),
            ("effectiveDate", &line.effective.to_string()),
            ("cancelledDate", &line.cancelled.map(|d| d.to_string()).unwrap_or_default()),
            ("prorateCurrentPeriodFlag", if line.part_month { "true" } else { "false" }),
            ("currencyCode", who.firm.country.currency()),
        ]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_exact() {
        for (value, places, expected, short) in [
            (0, 2, "0.00", "0"),
            (5, 2, "0.05", "0.05"),
            (-5, 2, "-0.05", "-0.05"),
            (-1250, 2, "-12.50", "-12.5"),
            (100, 0, "100", "100"),
        ] {
            assert_eq!(dec(value, places), expected);
            assert_eq!(trimmed(value, places), short);
        }
        for (value, by, expected) in [(5, 10, 1), (-5, 10, -1), (4, 10, 0), (15, 10, 2), (-14, 10, -1)] {
            assert_eq!(half_up(value, by), expected, "{value} / {by}");
        }
    }
}
