//! An invented MSP and one month of it, made from a seed.
//!
//! Holds at least one cell of every variance class, the clean material that must not be reported, and the decisions an
//! operator would have recorded. Invariant: same seed, size and period, same bytes on every machine.

use chrono::{Days, Months, NaiveDate};

use super::SimulateError;
use super::data::{Data, File};
use super::world_catalogue::Catalogue;
use super::world_lines::{Customer, Writer};
use super::world_names::{Country, Firm, Names, below};

/// An invented month and what was hidden in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct World {
    /// Both systems, with the true mappings.
    pub data: Data,
    /// The cells that must be reported, in no particular order.
    pub planted: Vec<Planted>,
}

/// A cell that must be reported.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Planted {
    /// The class it must have: `QTY_UNDERBILLED` and so on.
    pub class: &'static str,
    /// Its currency.
    pub currency: &'static str,
    /// `psa:ID`, or `vendor:ID` where the company is not mapped.
    pub company: String,
    /// `psa:ID`, or `vendor:ID` where the product is not mapped.
    pub product: String,
    /// What happened, in the words of the field.
    pub cause: &'static str,
}

/// The part a customer plays; customers beyond the list are plain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Own,
    Renamed,
    /// Something to report.
    Wrong(Wrong),
    UsageWrong,
    CreditKept,
    UnknownProduct,
    ChangedMidMonth,
    StartedMidMonth,
    Included,
    Rebate,
    CreditPassed,
    LateItem,
    Bundle,
    BundleShort,
    Sites,
    OtherMonths,
    Usage,
    Plain,
}

/// One thing wrong with one product of a customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wrong {
    QuantityShort,
    QuantityOver,
    LineMissing,
    CancelledStillBilled,
    PriceOld,
    CostOld,
    VendorMath,
    Unreadable,
    DoNotBill,
    Expired,
}

const ROLES: [Role; 26] = [
    Role::Own,
    Role::Renamed,
    Role::Wrong(Wrong::QuantityShort),
    Role::Wrong(Wrong::QuantityOver),
    Role::Wrong(Wrong::LineMissing),
    Role::Wrong(Wrong::CancelledStillBilled),
    Role::Wrong(Wrong::PriceOld),
    Role::UsageWrong,
    Role::CreditKept,
    Role::Wrong(Wrong::CostOld),
    Role::Wrong(Wrong::VendorMath),
    Role::UnknownProduct,
    Role::ChangedMidMonth,
    Role::StartedMidMonth,
    Role::Included,
    Role::Rebate,
    Role::CreditPassed,
    Role::LateItem,
    Role::Bundle,
    Role::BundleShort,
    Role::Sites,
    Role::Wrong(Wrong::Unreadable),
    Role::Wrong(Wrong::DoNotBill),
    Role::Wrong(Wrong::Expired),
    Role::OtherMonths,
    Role::Usage,
];

/// The pairs of name words end there.
const CUSTOMERS_MAX: usize = 2_400;

impl World {
    /// Makes a month (`2026-10`). At least one customer per part is made, at most 2,400.
    pub fn from_seed(seed: u64, customers: usize, period: &str) -> Result<Self, SimulateError> {
        let (build, _) = Build::new(seed, customers, period)?;
        Ok(Self { data: build.write.data, planted: build.planted })
    }

    /// The same month, and subscriptions whose terms end around a day in every way they can.
    pub fn with_terms(seed: u64, customers: usize, period: &str, day: NaiveDate) -> Result<Self, SimulateError> {
        let (mut build, mut names) = Build::new(seed, customers, period)?;
        build.terms_around(&mut names, seed, day);
        Ok(Self { data: build.write.data, planted: build.planted })
    }
}

impl Build {
    fn new(seed: u64, customers: usize, period: &str) -> Result<(Self, Names), SimulateError> {
        let refuse = || SimulateError::Switch {
            switch: period.to_owned(),
            message: "expected a month such as 2026-10, between 2000 and 2100".to_owned(),
        };
        let years = "2000-01".."2100-12";
        let start = NaiveDate::parse_from_str(&format!("{period}-01"), "%Y-%m-%d").map_err(|_| refuse())?;
        if period.len() != 7 || !years.contains(&period) {
            return Err(refuse());
        }
        let mut build = Self {
            write: Writer::new(seed, start),
            catalogue: Catalogue::new(seed),
            planted: Vec::new(),
            companies: 20_000,
        };
        build.catalogue.write(&mut build.write.data);
        let mut names = Names::new(seed);
        for n in 0..customers.clamp(ROLES.len(), CUSTOMERS_MAX) {
            build.customer(&mut names, n);
        }
        build.lookalike(&mut names);
        build.prospects(&mut names);
        Ok((build, names))
    }
}

/// A world being written.
pub(super) struct Build {
    pub(super) write: Writer,
    pub(super) catalogue: Catalogue,
    pub(super) planted: Vec<Planted>,
    companies: u32,
}

impl Build {
    pub(super) fn plant(&mut self, class: &'static str, who: &Customer, product: &str, cause: &'static str) {
        let product = format!("psa:{product}");
        let company = format!("psa:{}", who.psa_id);
        self.planted.push(Planted { class, currency: who.firm.country.currency(), company, product, cause });
    }

    fn customer(&mut self, names: &mut Names, n: usize) {
        let role = ROLES.get(n).copied().unwrap_or(Role::Plain);
        let mut firm = names.customer(n);
        if role == Role::Own {
            let own = "Example Managed Services LLC".to_owned();
            firm = names.firm(n, own.clone(), own, "exact", Country::Us);
        }
        if role == Role::Renamed {
            (firm.psa_name, firm.relation) = ("Tidewater Hospitality Partners".to_owned(), "renamed");
        }
        let who = self.enrol(firm, n, role);
        let mut taken = self.play(role, &who, n);
        let wanted = 2 + below(&mut self.write.rng, 4);
        while taken.len() < wanted + 1 {
            let seat = below(&mut self.write.rng, self.catalogue.seats.len());
            if !taken.contains(&seat) {
                taken.push(seat);
                self.clean(&who, seat, role == Role::Own);
            }
        }
        if n.is_multiple_of(3) {
            self.labour(&who, n);
        }
    }

    /// Writes a customer on both sides, with contacts and mapping.
    pub(super) fn enrol(&mut self, firm: Firm, n: usize, role: Role) -> Customer {
        self.companies += 3;
        let psa_id = self.companies.to_string();
        let letters: String = firm.psa_name.chars().filter(char::is_ascii_alphanumeric).take(14).collect();
        let identifier = format!("{letters}{}", psa_id.get(2..).unwrap_or_default());
        let external = if n.is_multiple_of(4) && role != Role::Renamed { identifier.clone() } else { String::new() };
        let vendor_id = self.write.id();
        let who = Customer { agreement: agreement(n), firm, vendor_id, psa_id, external };
        self.vendor_company(&who, &who.vendor_id, &who.firm.vendor_name, n);
        self.mapping(&who.vendor_id, &who.psa_id, who.firm.relation, &who.firm.vendor_name, &who.firm.psa_name);
        self.psa_company(
            &who,
            &identifier,
            if role == Role::Own { "Owner" } else { "Customer" },
            role == Role::Renamed,
        );
        who
    }

    pub(super) fn vendor_company(&mut self, who: &Customer, id: &str, name: &str, n: usize) {
        let firm = &who.firm;
        let (city, state, zip) = firm.place;
        let updated = self.write.start - Days::new(u64::try_from(n % 60).unwrap_or_default() + 2);
        self.write.data.table_mut(File::VendorCompanies).push(&[
            ("id", id),
            ("name", name),
            ("street", &firm.street.0),
            ("city", city),
            ("stateOrProvince", state),
            ("postalCode", zip),
            ("country", firm.country.code()),
            ("phone", &firm.phone),
            ("website", &format!("https://www.{}.example/", firm.slug)),
            ("externalId", &who.external),
            ("billOnBehalfOfEnabled", "false"),
            ("selfServiceAllowed", if n % 5 == 1 { "true" } else { "false" }),
            ("orderApprovalRequired", "false"),
            ("status", "Active"),
            ("updatedDate", &format!("{updated}T10:00:00Z")),
        ]);
        let created = (updated - Months::new(8)).to_string();
        let people: &[(&str, &str, &str)] = if n.is_multiple_of(2) {
            &[("Robin", "Ashdown", "Admin+;Billing+;Technical+")]
        } else {
            &[("Jo", "Marsh", "Admin+;Billing+"), ("Sam", "Field", "Technical+")]
        };
        for (first, last, types) in people {
            let contact = self.write.id();
            self.write.data.table_mut(File::VendorContacts).push(&[
                ("id", &contact),
                ("companyId", id),
                ("firstName", first),
                ("lastName", last),
                ("email", &format!("{}@{}.example", first.to_ascii_lowercase(), firm.slug)),
                ("phone", &firm.phone),
                ("createdDate", &created),
                ("types", types),
            ]);
        }
    }

    fn psa_company(&mut self, who: &Customer, identifier: &str, kind: &str, without_website: bool) {
        let firm = &who.firm;
        let (city, state, zip) = firm.place;
        let (area, rest) = firm.phone.split_once('-').unwrap_or_default();
        let website = if without_website { String::new() } else { format!("{}.example", firm.slug) };
        self.write.data.table_mut(File::PsaCompanies).push(&[
            ("id", &who.psa_id),
            ("identifier", identifier),
            ("name", &firm.psa_name),
            ("status", "Active"),
            ("type", kind),
            ("addressLine1", &firm.street.1),
            ("city", city),
            ("state", state),
            ("zip", zip),
            ("country", firm.country.code()),
            ("phoneNumber", &format!("({area}) {rest}")),
            ("website", &website),
            ("accountNumber", &format!("C{}", who.psa_id)),
            ("deletedFlag", "false"),
        ]);
    }

    pub(super) fn mapping(&mut self, vendor: &str, psa: &str, relation: &str, vendor_name: &str, psa_name: &str) {
        self.write.data.table_mut(File::Mappings).push(&[
            ("kind", "company"),
            ("vendorId", vendor),
            ("psaId", psa),
            ("relation", relation),
            ("vendorName", vendor_name),
            ("psaName", psa_name),
        ]);
    }

    /// Two companies one word apart that are not the same: the distributor's has no counterpart.
    fn lookalike(&mut self, names: &mut Names) {
        let vendor = names.firm(900, "Harbor Light Dental LLC".to_owned(), String::new(), "unmapped", Country::Us);
        let vendor_id = self.write.id();
        let who = Customer {
            firm: vendor,
            vendor_id,
            psa_id: String::new(),
            external: String::new(),
            agreement: agreement(900),
        };
        self.vendor_company(&who, &who.vendor_id, &who.firm.vendor_name, 900);
        self.mapping(&who.vendor_id, "", "unmapped", &who.firm.vendor_name, "");
        for seat in [2, 10] {
            let Some(product) = self.seat(seat) else { continue };
            self.held(&who, &product, 7);
            self.planted.push(Planted {
                class: "UNMAPPED_COMPANY",
                currency: who.firm.country.currency(),
                company: format!("vendor:{}", who.vendor_id),
                product: format!("vendor:{}", product.vendor_id),
                cause: "a company nobody has linked",
            });
        }
        self.psa_only(names, 941, "Harbor Light Dental Lab LLC", "Customer", true);
    }

    fn prospects(&mut self, names: &mut Names) {
        self.psa_only(names, 952, "Cobalt Ridge Physical Therapy", "Prospect", false);
        self.psa_only(names, 963, "Sparrow Hill Charter School", "Prospect", false);
        self.psa_only(names, 975, "Delphine Interiors Inc.", "Customer", true);
    }

    /// A company the distributor does not know.
    fn psa_only(&mut self, names: &mut Names, n: usize, name: &str, kind: &str, labour: bool) {
        self.companies += 3;
        let mut firm = names.firm(n, name.to_owned(), name.to_owned(), "unmapped", Country::Us);
        firm.place =
            super::world_names::cycle(&[("Spokane", "WA", "99201"), ("Tulsa", "OK", "74103")], n).unwrap_or_default();
        let psa_id = self.companies.to_string();
        let who = Customer { firm, vendor_id: String::new(), psa_id, external: String::new(), agreement: agreement(n) };
        self.psa_company(&who, &format!("P{}", who.psa_id), kind, false);
        if labour {
            self.labour(&who, n);
        }
    }
}

/// Number and name of a customer's agreement.
fn agreement(n: usize) -> (String, &'static str) {
    let name = super::world_names::cycle(&["Managed Cloud", "Cloud Services", "Cloud, Backup & Security"], n);
    ((300_001 + n).to_string(), name.unwrap_or_default())
}
