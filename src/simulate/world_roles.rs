//! The parts customers play in an invented month: what is wrong with them, and what only looks wrong.
//!
//! Invariant: whatever makes a reportable difference is planted as such; everything else agrees to the cent.

use chrono::{Days, Months};

use super::data::File;
use super::world::{Build, Planted, Role, Wrong};
use super::world_catalogue::{BUNDLE, BUNDLE_ID, BUNDLE_PRICE, Catalogue, PARTS, Product};
use super::world_lines::{Customer, Line};
use super::world_names::below;

impl Build {
    pub(super) fn seat(&self, at: usize) -> Option<Product> {
        self.catalogue.seats.get(at).cloned()
    }

    fn quantity(&mut self) -> i64 {
        3 + i64::try_from(below(&mut self.write.rng, 38)).unwrap_or_default()
    }

    /// Held, charged and billed alike; the MSP's own seats are not charged for.
    pub(super) fn clean(&mut self, who: &Customer, at: usize, own: bool) {
        let Some(product) = self.seat(at) else { return };
        let quantity = self.quantity();
        self.held(who, &product, quantity);
        let mut line = self.write.month_line(&product, quantity);
        if own {
            line.bill = "NoCharge";
        }
        self.write.line(who, line);
    }

    /// A subscription and its charge; answers the subscription's id.
    pub(super) fn held(&mut self, who: &Customer, product: &Product, quantity: i64) -> String {
        let subscription = self.write.subscription(who, product, quantity, None);
        let charge = self.write.month_charge(product, quantity, &subscription);
        self.write.charge(who, product, charge);
        subscription
    }

    pub(super) fn labour(&mut self, who: &Customer, turn: usize) {
        let (id, identifier, description, price) = Catalogue::labour(turn / 3);
        let line = Line {
            product: [&id, identifier, description],
            quantity: 1,
            included: 0,
            price,
            cost: 0,
            amount: price,
            cost_total: 0,
            kind: "recurring",
            bill: "Billable",
            status: "Active",
            effective: self.write.start - Months::new(9),
            cancelled: None,
            part_month: false,
        };
        self.write.line(who, line);
    }

    /// Plays the part; answers the seats that are spoken for.
    pub(super) fn play(&mut self, role: Role, who: &Customer, n: usize) -> Vec<usize> {
        let at = n % self.catalogue.seats.len();
        let Some(product) = self.seat(at) else { return Vec::new() };
        match role {
            Role::Own | Role::Renamed | Role::Plain => return Vec::new(),
            Role::Usage | Role::UsageWrong => {
                self.usage(who, n, role == Role::UsageWrong);
                return Vec::new();
            }
            Role::Bundle | Role::BundleShort => return self.bundle(who, role == Role::BundleShort),
            Role::UnknownProduct => {
                self.unknown_product(who);
                return Vec::new();
            }
            Role::ChangedMidMonth | Role::StartedMidMonth => {
                self.mid_month(who, &product, role == Role::ChangedMidMonth);
            }
            Role::CreditKept | Role::CreditPassed => self.credit(who, &product, role == Role::CreditPassed),
            Role::Wrong(wrong) => self.fault(wrong, who, &product),
            Role::Included | Role::Rebate | Role::LateItem | Role::Sites | Role::OtherMonths => {
                self.noise(role, who, &product, n);
            }
        }
        vec![at]
    }

    /// One seat with one thing wrong.
    fn fault(&mut self, wrong: Wrong, who: &Customer, product: &Product) {
        let quantity = 10;
        let mut line = self.write.month_line(product, quantity);
        let billed = |line: &mut Line<'_>, units: i64| {
            (line.quantity, line.amount, line.cost_total) = (units, units * line.price, units * line.cost);
        };
        let planted = match wrong {
            Wrong::QuantityShort => {
                billed(&mut line, quantity - 3);
                ("QTY_UNDERBILLED", "three seats added and never billed")
            }
            Wrong::QuantityOver => {
                billed(&mut line, quantity + 2);
                ("QTY_OVERBILLED", "two seats given back and still billed")
            }
            Wrong::PriceOld => {
                line.price -= line.price / 20;
                line.cost -= line.cost / 20;
                billed(&mut line, quantity);
                ("PRICE_STALE", "price and cost of before the rise")
            }
            Wrong::CostOld => {
                line.cost -= line.cost / 20;
                billed(&mut line, quantity);
                ("COST_STALE", "cost of before the rise")
            }
            Wrong::VendorMath => ("VENDOR_MATH", "the distributor's total is not quantity times cost"),
            Wrong::LineMissing => ("MISSING_IN_PSA", "nobody made a line"),
            Wrong::DoNotBill => {
                line.bill = "DoNotBill";
                ("MISSING_IN_PSA", "the line is kept off the invoice")
            }
            Wrong::Expired => {
                line.status = "Expired";
                ("MISSING_IN_PSA", "the agreement has expired")
            }
            Wrong::Unreadable => ("MISSING_IN_PSA", "the line's quantity cannot be read"),
            Wrong::CancelledStillBilled => ("MISSING_IN_VENDOR", "cancelled at the distributor and still billed"),
        };
        if wrong == Wrong::CancelledStillBilled {
            let ended = self.write.start - Days::new(20);
            self.write.subscription(who, product, quantity, Some(ended));
        } else {
            let subscription = self.write.subscription(who, product, quantity, None);
            let mut charge = self.write.month_charge(product, quantity, &subscription);
            if wrong == Wrong::VendorMath {
                charge.cost_total += 117;
            }
            self.write.charge(who, product, charge);
        }
        if wrong != Wrong::LineMissing {
            self.write.line(who, line);
        }
        if wrong == Wrong::Unreadable {
            let lines = self.write.data.table_mut(File::PsaAgreementLines);
            let last = lines.len().saturating_sub(1);
            lines.set(last, "quantity", "1O");
        }
        self.plant(planted.0, who, &product.psa_id, planted.1);
    }

    /// Things that look odd and are right.
    fn noise(&mut self, role: Role, who: &Customer, product: &Product, n: usize) {
        let quantity = 12;
        let subscription = self.held(who, product, quantity);
        let mut line = self.write.month_line(product, quantity);
        if role == Role::Included {
            line.included = 5;
            line.amount = (quantity - 5) * line.price;
        }
        let mut credit = self.write.month_charge(product, 1, &subscription);
        if role == Role::Rebate {
            (credit.kind, credit.amount, credit.cost_total) = ("rebate", 0, -450);
            self.write.charge(who, product, credit);
            (credit.kind, credit.amount, credit.cost_total) = ("payment-credit", -25_000, 0);
            credit.subscription = "";
            self.write.charge(who, product, credit);
        }
        if role == Role::LateItem {
            let end = self.write.start - Days::new(1);
            (credit.kind, credit.from, credit.to) = ("prorate", end - Days::new(6), end);
            (credit.amount, credit.cost_total) = (product.price / 4, product.cost / 4);
            self.write.charge(who, product, credit);
        }
        if role == Role::Sites {
            self.site(who, product, n);
            line.quantity += 4;
            (line.amount, line.cost_total) = (line.quantity * line.price, line.quantity * line.cost);
        }
        self.write.line(who, line);
        if role == Role::OtherMonths {
            let Some(other) = self.seat(15) else { return };
            let mut later = self.write.month_line(&other, 2);
            later.effective = self.write.start + Months::new(1);
            self.write.line(who, later);
            let mut earlier = self.write.month_line(&other, 6);
            earlier.cancelled = Some(self.write.start - Days::new(12));
            self.write.line(who, earlier);
            self.write.subscription(who, &other, 6, Some(self.write.start - Days::new(12)));
        }
    }

    /// A second company at the distributor for the same customer, with four seats of its own.
    fn site(&mut self, who: &Customer, product: &Product, n: usize) {
        let name = format!("{} - {} office", who.firm.vendor_name, who.firm.place.0);
        let mut site = who.clone();
        site.vendor_id = self.write.id();
        site.firm.vendor_name.clone_from(&name);
        self.vendor_company(&site, &site.vendor_id, &name, n);
        self.mapping(&site.vendor_id, &who.psa_id, "site", &name, &who.firm.psa_name);
        self.held(&site, product, 4);
    }

    /// Three seats more, or a whole subscription, in the middle of the month, billed in part by both sides.
    fn mid_month(&mut self, who: &Customer, product: &Product, changed: bool) {
        let from = self.write.start + Days::new(16);
        let before = if changed { 8 } else { 0 };
        let subscription = self.write.subscription(who, product, before + 3, None);
        self.write.since(from, !changed);
        if changed {
            self.write.history(before - 2, self.write.start - Months::new(2));
            self.write.history(before, self.write.start - Months::new(1));
            let charge = self.write.month_charge(product, before, &subscription);
            self.write.charge(who, product, charge);
            let line = self.write.month_line(product, before);
            self.write.line(who, line);
        }
        let mut charge = self.write.month_charge(product, 3, &subscription);
        (charge.kind, charge.from) = ("prorate", from);
        charge.amount = self.write.share(3 * product.price, from);
        charge.cost_total = self.write.share(3 * product.cost, from);
        self.write.charge(who, product, charge);
        let mut line = self.write.month_line(product, 3);
        (line.amount, line.cost_total) = (charge.amount, charge.cost_total);
        (line.effective, line.part_month) = (from, true);
        self.write.line(who, line);
    }

    /// A credit for an earlier charge, passed on to the customer or kept.
    fn credit(&mut self, who: &Customer, product: &Product, passed: bool) {
        let subscription = self.held(who, product, 9);
        let line = self.write.month_line(product, 9);
        self.write.line(who, line);
        let mut credit = self.write.month_charge(product, 1, &subscription);
        (credit.kind, credit.amount, credit.cost_total) = ("service-credit", -2 * product.price, -2 * product.cost);
        self.write.charge(who, product, credit);
        if passed {
            let mut line = self.write.month_line(product, 1);
            line.kind = "credit";
            (line.price, line.amount) = (credit.amount, credit.amount);
            (line.cost, line.cost_total) = (credit.cost_total, credit.cost_total);
            self.write.line(who, line);
        } else {
            self.plant("CREDIT_NOT_PASSED", who, &product.psa_id, "the distributor's credit was kept");
        }
    }

    fn usage(&mut self, who: &Customer, n: usize, wrong: bool) {
        let Some(product) = self.catalogue.usage.get(n % 2).cloned() else { return };
        let subscription = self.write.subscription(who, &product, 1, None);
        let (amount, cost) = self.write.meter(who, &product, &subscription, 24);
        let mut line = self.write.month_line(&product, 1);
        let billed = if wrong { amount * 4 / 5 } else { amount };
        (line.price, line.amount, line.cost, line.cost_total) = (billed, billed, cost, cost);
        self.write.line(who, line);
        if wrong {
            self.plant("AMOUNT_MISMATCH", who, &product.psa_id, "last month's reading was billed");
        }
    }

    /// One line for three products; short, it covers one user too few.
    fn bundle(&mut self, who: &Customer, short: bool) -> Vec<usize> {
        let users = 14;
        let billed = if short { users - 1 } else { users };
        let mut unit_cost = 0;
        for (seat, per_unit, _, _) in PARTS {
            let Some(part) = self.seat(seat) else { continue };
            self.held(who, &part, users * per_unit);
            unit_cost += part.cost * per_unit;
            if short {
                self.plant("QTY_UNDERBILLED", who, &part.psa_id, "one user too few on the bundle");
            }
        }
        let line = Line {
            product: [BUNDLE_ID, BUNDLE.0, BUNDLE.1],
            quantity: billed,
            included: 0,
            price: BUNDLE_PRICE,
            cost: unit_cost,
            amount: billed * BUNDLE_PRICE,
            cost_total: billed * unit_cost,
            kind: "recurring",
            bill: "Billable",
            status: "Active",
            effective: self.write.start - Months::new(5),
            cancelled: None,
            part_month: false,
        };
        self.write.line(who, line);
        PARTS.iter().map(|(seat, _, _, _)| *seat).collect()
    }

    fn unknown_product(&mut self, who: &Customer) {
        let product = self.catalogue.unknown.clone();
        self.held(who, &product, 6);
        self.planted.push(Planted {
            class: "UNMAPPED_PRODUCT",
            currency: who.firm.country.currency(),
            company: format!("psa:{}", who.psa_id),
            product: format!("vendor:{}", product.vendor_id),
            cause: "a product nobody has linked",
        });
    }
}
