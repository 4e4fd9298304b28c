//! Invented companies: names, addresses, and how the other side spells them.
//!
//! Invariant: no two customers of one world share their vendor name; every domain ends in `.example`.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::Rng as _;

use super::json::rng;

const FIRST: [&str; 60] = [
    "Alder",
    "Anchor",
    "Ashgrove",
    "Aspen",
    "Barley",
    "Beacon",
    "Birchwood",
    "Blue Heron",
    "Bramble",
    "Bridgewater",
    "Calloway",
    "Cedar Point",
    "Clearbrook",
    "Copperfield",
    "Crescent",
    "Dovetail",
    "Eastlake",
    "Elmhurst",
    "Evergreen",
    "Fairmont",
    "Falcon",
    "Fenwick",
    "Foxglove",
    "Granite",
    "Greystone",
    "Halcyon",
    "Hawthorn",
    "Highland",
    "Ironbridge",
    "Juniper",
    "Kestrel",
    "Kingsley",
    "Lakeside",
    "Larkspur",
    "Linden",
    "Lodestar",
    "Magnolia",
    "Mapleton",
    "Meridian",
    "Millrace",
    "Northgate",
    "Oakmont",
    "Orchard",
    "Otter Creek",
    "Pemberton",
    "Pinewood",
    "Prairie",
    "Quarry Hill",
    "Redwood",
    "Riverbend",
    "Rosewood",
    "Saltmarsh",
    "Sandpiper",
    "Silver Oak",
    "Stonegate",
    "Summit",
    "Thornton",
    "Vantage",
    "Westport",
    "Willowbrook",
];
const TRADE: [&str; 40] = [
    "Accounting",
    "Architects",
    "Aviation",
    "Bakery",
    "Brewing",
    "Cardiology",
    "Catering",
    "Construction",
    "Consulting",
    "Credit Union",
    "Dermatology",
    "Electric",
    "Engineering",
    "Family Law",
    "Farms",
    "Foods",
    "Freight and Storage",
    "Furniture",
    "Glassworks",
    "Home Care",
    "Insurance",
    "Joinery",
    "Landscaping",
    "Logistics",
    "Manufacturing",
    "Marine",
    "Montessori",
    "Optical",
    "Orthodontics",
    "Packaging and Print",
    "Pediatrics",
    "Plumbing",
    "Property Management",
    "Realty",
    "Roofing",
    "Senior Living",
    "Surveying",
    "Title",
    "Veterinary",
    "Wealth Advisors",
];
const STREETS: [(&str, &str); 8] = [
    ("Mill Road", "Mill Rd"),
    ("Oak Avenue", "Oak Ave"),
    ("Station Road", "Station Rd"),
    ("Commerce Drive", "Commerce Dr"),
    ("Market Street", "Market St"),
    ("Harbour Way", "Harbour Way"),
    ("Church Lane", "Church Ln"),
    ("King Street", "King St"),
];
const US: [(&str, &str, &str); 8] = [
    ("Denver", "CO", "80202"),
    ("Columbus", "OH", "43215"),
    ("Tampa", "FL", "33602"),
    ("Boise", "ID", "83702"),
    ("Omaha", "NE", "68102"),
    ("Raleigh", "NC", "27601"),
    ("Albany", "NY", "12207"),
    ("Madison", "WI", "53703"),
];
const GB: [(&str, &str, &str); 3] = [("Leeds", "", "LS1 4DY"), ("Bristol", "", "BS1 4ZZ"), ("Norwich", "", "NR1 3QU")];
const DE: [(&str, &str, &str); 2] = [("Köln", "", "50667"), ("Leipzig", "", "04109")];

/// Where a company is, and what follows from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Country {
    Us,
    Gb,
    De,
}

impl Country {
    pub(super) fn code(self) -> &'static str {
        match self {
            Self::Us => "US",
            Self::Gb => "GB",
            Self::De => "DE",
        }
    }

    pub(super) fn currency(self) -> &'static str {
        match self {
            Self::Us => "USD",
            Self::Gb => "GBP",
            Self::De => "EUR",
        }
    }

    /// Sales tax in hundredths of a percent, as the distributor's lines carry it.
    pub(super) fn tax(self) -> i64 {
        match self {
            Self::Us | Self::De => 0,
            Self::Gb => 2_000,
        }
    }

    fn legal(self, turn: usize) -> (&'static str, &'static str) {
        let forms: &[(&str, &str)] = match self {
            Self::Us => &[(" LLC", ""), (", Inc.", " Incorporated"), (" Inc", ", Inc."), (" LLC", ", L.L.C.")],
            Self::Gb => &[(" Ltd", " Limited"), (" Limited", " Ltd.")],
            Self::De => &[(" GmbH", ""), (" GmbH", " Gmbh")],
        };
        cycle(forms, turn).unwrap_or_default()
    }

    fn places(self) -> &'static [(&'static str, &'static str, &'static str)] {
        match self {
            Self::Us => &US,
            Self::Gb => &GB,
            Self::De => &DE,
        }
    }
}

/// The element a turn falls on.
pub(super) fn cycle<T: Copy>(of: &[T], turn: usize) -> Option<T> {
    of.get(turn.checked_rem(of.len())?).copied()
}

/// A company as both sides know it.
#[derive(Debug, Clone)]
pub(super) struct Firm {
    pub(super) vendor_name: String,
    pub(super) psa_name: String,
    /// How the names relate, in the words of the mappings file.
    pub(super) relation: &'static str,
    pub(super) slug: String,
    pub(super) country: Country,
    pub(super) street: (String, String),
    pub(super) place: (&'static str, &'static str, &'static str),
    /// Digits grouped by dashes.
    pub(super) phone: String,
}

/// The names of one world.
pub(super) struct Names {
    first: Vec<&'static str>,
    trade: Vec<&'static str>,
    rng: ChaCha8Rng,
}

impl Names {
    pub(super) fn new(seed: u64) -> Self {
        let mut rng = rng(&format!("names/{seed}"));
        let (mut first, mut trade) = (FIRST.to_vec(), TRADE.to_vec());
        shuffle(&mut first, &mut rng);
        shuffle(&mut trade, &mut rng);
        Self { first, trade, rng }
    }

    /// The n-th customer. Pairs of words are unique up to 2,400 customers.
    pub(super) fn customer(&mut self, n: usize) -> Firm {
        let country = match n % 10 {
            3 | 7 => Country::Gb,
            9 => Country::De,
            _ => Country::Us,
        };
        let first = cycle(&self.first, n).unwrap_or_default();
        let trade = cycle(&self.trade, n * 7 + n / FIRST.len()).unwrap_or_default();
        let core = format!("{first} {trade}");
        let (legal, other) = country.legal(n / 2);
        let (psa_name, relation) = spelled(&core, legal, other, n);
        self.firm(n, format!("{core}{legal}"), psa_name, relation, country)
    }

    /// A company with given names.
    pub(super) fn firm(
        &mut self,
        n: usize,
        vendor_name: String,
        psa_name: String,
        relation: &'static str,
        country: Country,
    ) -> Firm {
        let house = 10 + self.rng.next_u64() % 900;
        let (long, short) = cycle(&STREETS, n).unwrap_or_default();
        let slug = slug(vendor_name.split(',').next().unwrap_or_default());
        Firm {
            slug,
            country,
            relation,
            street: (format!("{house} {short}"), format!("{house} {long}")),
            place: cycle(country.places(), n / 3).unwrap_or_default(),
            phone: format!("{}-555-01{:02}", 200 + n % 700, n % 100),
            vendor_name,
            psa_name,
        }
    }
}

/// How the PSA spells a name.
fn spelled(core: &str, legal: &str, other: &str, n: usize) -> (String, &'static str) {
    let (head, tail) = core.rsplit_once(' ').unwrap_or((core, ""));
    match n % 6 {
        _ if core.contains(" and ") => (format!("{}{legal}", core.replace(" and ", " & ")), "ampersand"),
        1 => (format!("{core}{other}"), "legal_form"),
        2 => (core.to_uppercase(), "case_or_site"),
        3 => (format!("{}{legal}", mistyped(core, n / 6)), "typo"),
        4 => (format!("{tail}, {head}"), "reordered"),
        _ => (format!("{core}{legal}"), "exact"),
    }
}

/// One slip of the fingers: a letter twice, a letter too few, or two letters swapped.
fn mistyped(text: &str, turn: usize) -> String {
    let mut letters: Vec<char> = text.chars().collect();
    let at = 2 + turn % 4;
    match turn % 3 {
        0 => letters.insert(at.min(letters.len()), letters.get(at).copied().unwrap_or('e')),
        1 if at < letters.len() => drop(letters.remove(at)),
        _ if at + 1 < letters.len() => letters.swap(at, at + 1),
        _ => letters.push('e'),
    }
    letters.into_iter().collect()
}

fn slug(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).take(32).collect::<String>().to_ascii_lowercase()
}

/// A whole number below a limit.
pub(super) fn below(rng: &mut ChaCha8Rng, limit: usize) -> usize {
    let limit = u64::try_from(limit).unwrap_or(u64::MAX).max(1);
    usize::try_from(rng.next_u64() % limit).unwrap_or_default()
}

fn shuffle<T>(of: &mut [T], rng: &mut ChaCha8Rng) {
    for at in (1..of.len()).rev() {
        of.swap(at, below(rng, at + 1));
    }
}
