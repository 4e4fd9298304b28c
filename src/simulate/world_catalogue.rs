//! What the invented distributor sells and what the invented MSP calls it.
//!
//! Invariant: prices are whole cents, and cost is below price.

use super::data::{Data, File};
use super::json::uuid;
use super::world_lines::dec;

/// How a product is charged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Seat,
    Usage,
}

/// A product of both sides.
#[derive(Debug, Clone)]
pub(super) struct Product {
    pub(super) vendor_id: String,
    /// Empty where the MSP has no such product.
    pub(super) psa_id: String,
    pub(super) name: &'static str,
    pub(super) vendor: &'static str,
    pub(super) sku: String,
    pub(super) unit: &'static str,
    /// Cents.
    pub(super) price: i64,
    /// Cents.
    pub(super) cost: i64,
    pub(super) kind: Kind,
    pub(super) identifier: &'static str,
    pub(super) description: &'static str,
    pub(super) commitment: bool,
}

/// vendor, name, unit, price, cost, PSA identifier, PSA description, bound for a year
type Listed = (&'static str, &'static str, &'static str, i64, i64, &'static str, &'static str, bool);

const SEATS: [Listed; 16] = [
    ("Microsoft", "Microsoft 365 Business Premium", "User", 2_200, 1_870, "M365-BP", "M365 Bus Prem", true),
    ("Microsoft", "Microsoft 365 Business Standard", "User", 1_250, 1_063, "M365-BS", "M365 Business Standard", true),
    ("Microsoft", "Microsoft 365 Business Basic", "User", 600, 510, "M365-BB", "O365 Bus Basic", true),
    ("Microsoft", "Exchange Online (Plan 1)", "User", 400, 340, "EXO-P1", "Exchange P1 (per user)", false),
    ("Microsoft", "Microsoft 365 Apps for business", "User", 825, 701, "M365-APPS", "M365 Apps", false),
    ("Microsoft", "Microsoft Entra ID P1", "User", 600, 504, "ENTRA-P1", "Azure AD P1", false),
    ("Fernwatch", "Fernwatch Managed Endpoint Detection", "Endpoint", 375, 290, "EDR-FERN", "Managed EDR", false),
    ("Fernwatch", "Fernwatch Identity Guard", "User", 250, 195, "ITDR-FERN", "Identity Guard - Monthly", false),
    ("Cairnstone", "Cairnstone Backup for Microsoft 365", "User", 300, 232, "BACKUP-365", "M365 Backup", false),
    ("Cairnstone", "Cairnstone Server Backup", "Server", 4_500, 3_600, "BACKUP-SRV", "Server Backup (BDR)", false),
    ("Mailhollow", "Mailhollow Email Protection Advanced", "User", 350, 273, "SPAM-ADV", "Spam Filter Adv", false),
    ("Mailhollow", "Mailhollow Email Protection Essentials", "User", 250, 192, "SPAM-ESS", "Spam Filter", false),
    ("Latchkey", "Latchkey Password Manager Business", "User", 375, 300, "PW-MGR", "Password Manager", false),
    ("Sagewell", "Sagewell Security Awareness Training", "User", 210, 155, "SAT", "Security Awareness", false),
    ("Tallyworks", "Tallyworks RMM Agent", "Device", 325, 250, "RMM-AGENT", "RMM Agent", false),
    ("Tallyworks", "Tallyworks Network Monitoring", "Device", 1_750, 1_400, "NETMON", "Network Monitoring", false),
];
const USAGE: [Listed; 2] = [
    ("Nimbuscore", "Nimbuscore Cloud Consumption", "Usage", 0, 0, "CLOUD-USAGE", "Cloud Consumption", false),
    ("Cairnstone", "Cairnstone Offsite Storage - Metered", "Usage", 0, 0, "OFFSITE-GB", "Offsite Storage GB", false),
];
/// Sold by the distributor, unknown to the MSP.
const UNKNOWN: Listed = ("Fernwatch", "Fernwatch Log Retention 365", "Endpoint", 190, 140, "", "", false);

/// Sold for a term of its own, or with a count of the seats in use.
const WITH_TERMS: [Listed; 3] = [
    ("Quillmark", "Quillmark Contract Archive", "User", 800, 620, "CONTRACT-ARC", "Contract Archive", true),
    ("Stonefern", "Stonefern Web Filter", "User", 275, 210, "WEB-FILTER", "Web Filter", true),
    ("Marrowgate", "Marrowgate Single Sign-on", "User", 320, 240, "SSO-MARROW", "Single Sign-on", false),
];

/// The MSP's own work: identifier, description, cents.
pub(super) const LABOUR: [(&str, &str, i64); 4] = [
    ("MS-FULL", "Managed Services - Unlimited Remote", 95_000),
    ("HAAS-FW", "Firewall as a Service", 12_500),
    ("VCIO", "Virtual CIO, quarterly review", 45_000),
    ("ONSITE-BLK", "Onsite Block Hours", 60_000),
];
const LABOUR_FROM: usize = 700;

/// The bundle: its id, name and parts (index of the seat, units, share from and to).
pub(super) const BUNDLE_ID: &str = "800";
pub(super) const BUNDLE: (&str, &str) = ("SECURE-SEAT", "Managed Workplace Secure (per user)");
pub(super) const BUNDLE_PRICE: i64 = 2_890;
pub(super) const PARTS: [(usize, i64, &str, &str); 3] =
    [(0, 1, "0.0000", "0.7612"), (6, 1, "0.7612", "0.8910"), (8, 1, "0.8910", "1.0000")];

/// Everything both sides list.
pub(super) struct Catalogue {
    pub(super) seats: Vec<Product>,
    pub(super) usage: Vec<Product>,
    pub(super) unknown: Product,
}

impl Catalogue {
    pub(super) fn new(seed: u64) -> Self {
        let make = |at: usize, kind: Kind, listed: &Listed| made(seed, at, kind, listed);
        Self {
            seats: SEATS.iter().enumerate().map(|(at, l)| make(at, Kind::Seat, l)).collect(),
            usage: USAGE.iter().enumerate().map(|(at, l)| make(SEATS.len() + at, Kind::Usage, l)).collect(),
            unknown: make(0, Kind::Seat, &UNKNOWN),
        }
    }

    /// Lists what is sold with a term of its own as well.
    pub(super) fn with_terms(seed: u64, data: &mut Data) -> [Product; 3] {
        let mut at = SEATS.len() + USAGE.len();
        let products = WITH_TERMS.each_ref().map(|listed| {
            let product = made(seed, at, Kind::Seat, listed);
            at += 1;
            product
        });
        for product in &products {
            write_product(data, product);
        }
        products
    }

    /// The labour product of a turn: id, identifier, description, cents.
    pub(super) fn labour(turn: usize) -> (String, &'static str, &'static str, i64) {
        let at = turn % LABOUR.len();
        let (identifier, description, price) = super::world_names::cycle(&LABOUR, at).unwrap_or_default();
        ((LABOUR_FROM + at * 10).to_string(), identifier, description, price)
    }

    fn all(&self) -> impl Iterator<Item = &Product> {
        self.seats.iter().chain(&self.usage).chain(std::iter::once(&self.unknown))
    }

    /// Writes products, prices, product mappings and the recipe of the bundle.
    pub(super) fn write(&self, data: &mut Data) {
        for product in self.all() {
            write_product(data, product);
        }
        for turn in 0..LABOUR.len() {
            let (id, identifier, description, price) = Self::labour(turn);
            let row = [id.as_str(), identifier, description, "Managed Services", "Service", "Each"];
            psa_product(data, row, &dec(price, 2), "0.00");
        }
        let row = [BUNDLE_ID, BUNDLE.0, BUNDLE.1, "Bundles", "Bundle", "User"];
        psa_product(data, row, &dec(BUNDLE_PRICE, 2), "0.00");
        for (seat, units, from, to) in PARTS {
            let part = self.seats.get(seat).map_or("", |p| p.psa_id.as_str());
            data.table_mut(File::Mappings).push(&[
                ("kind", "bundle"),
                ("psaId", part),
                ("relation", "component"),
                ("bundlePsaId", BUNDLE_ID),
                ("perUnit", &units.to_string()),
                ("weightFrom", from),
                ("weightTo", to),
                ("psaName", BUNDLE.1),
            ]);
        }
    }
}

fn made(seed: u64, at: usize, kind: Kind, listed: &Listed) -> Product {
    let &(vendor, name, unit, price, cost, identifier, description, commitment) = listed;
    let vendor_id = uuid(&format!("world/{seed}/product/{name}"));
    let short: String = vendor.chars().take(3).collect::<String>().to_ascii_uppercase();
    let mark = vendor_id.get(..6).unwrap_or_default().to_ascii_uppercase();
    Product {
        psa_id: if identifier.is_empty() { String::new() } else { (600 + at * 3).to_string() },
        sku: format!("{short}-{mark}-C100"),
        vendor_id,
        name,
        vendor,
        unit,
        price,
        cost,
        kind,
        identifier,
        description,
        commitment,
    }
}

/// A product with its prices, and what the MSP calls it.
fn write_product(data: &mut Data, product: &Product) {
    data.table_mut(File::VendorProducts).push(&[
        ("id", &product.vendor_id),
        ("name", product.name),
        ("vendorName", product.vendor),
        ("shortDescription", &format!("{} subscription", product.name)),
        ("sku", &product.sku),
        ("vendorSku", &format!("{}:0001", product.sku.replace("-C100", ""))),
        ("requiresCommitment", if product.commitment { "true" } else { "false" }),
    ]);
    prices(data, product);
    let (relation, compare) = match (product.psa_id.is_empty(), product.kind) {
        (true, _) => ("unmapped", ""),
        (false, Kind::Seat) => ("shorthand", "quantity"),
        (false, Kind::Usage) => ("shorthand", "amount"),
    };
    data.table_mut(File::Mappings).push(&[
        ("kind", "product"),
        ("vendorId", &product.vendor_id),
        ("psaId", &product.psa_id),
        ("relation", relation),
        ("compare", compare),
        ("vendorName", product.name),
        ("psaName", product.description),
    ]);
    if !product.psa_id.is_empty() {
        let (price, cost) = (dec(product.price, 2), dec(product.cost, 2));
        let row = [product.psa_id.as_str(), product.identifier, product.description, "Cloud", "Service", product.unit];
        psa_product(data, row, &price, &cost);
    }
}

fn psa_product(
    data: &mut Data,
    [id, identifier, description, category, class, unit]: [&str; 6],
    price: &str,
    cost: &str,
) {
    data.table_mut(File::PsaProducts).push(&[
        ("id", id),
        ("identifier", identifier),
        ("description", description),
        ("category", category),
        ("productClass", class),
        ("unitOfMeasure", unit),
        ("price", price),
        ("cost", cost),
        ("inactiveFlag", "false"),
    ]);
}

/// One open band, or two bands for what is bound for a year; metered products show zero.
fn prices(data: &mut Data, product: &Product) {
    let (price, cost) = (dec(product.price, 2), dec(product.cost, 2));
    let (lower_price, lower_cost) =
        (dec(product.price - product.price / 50, 2), dec(product.cost - product.cost / 50, 2));
    let bands: &[[&str; 4]] = if product.commitment {
        &[[&cost, &price, "1", "299"], [&lower_cost, &lower_price, "300", ""]]
    } else {
        &[[&cost, &price, "1", ""]]
    };
    for [buy, retail, from, to] in bands {
        data.table_mut(File::VendorPrices).push(&[
            ("productId", &product.vendor_id),
            ("productName", product.name),
            ("billingTerm", "Monthly"),
            ("commitmentTerm", if product.commitment { "1-Year" } else { "" }),
            ("commitmentTermInMonths", if product.commitment { "12" } else { "" }),
            ("type", if product.commitment { "Volume" } else { "Flat" }),
            ("unitOfMeasurement", product.unit),
            ("partnerBuyRate", buy),
            ("suggestedRetailPrice", retail),
            ("startQuantityRange", from),
            ("endQuantityRange", to),
            ("chargeType", "Per Unit"),
        ]);
    }
}
