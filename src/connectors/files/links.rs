//! Links and bundle recipes from a file.
//!
//! Keeps the shape of links (a vendor record has one PSA record) and of recipes (the weights of a bundle run from 0 to 1
//! without a gap). A row that breaks it is a problem; a recipe that breaks it is left out whole.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use rust_decimal::Decimal;

use super::convert::{Read, Row};
use super::entity::LINKS;
use super::table::Table;
use crate::connectors::{ErrorKind, Unwatched, Watched};
use crate::core::id::{Company, Id, Product, PsaCompanyId, PsaProductId, VendorCompanyId, VendorProductId};
use crate::core::link::{BundlePart, Compare, Link, LinkSet, Shape};
use crate::core::money::exact;
use crate::core::nearest::Guesses;
use crate::core::outside::excerpt;
use crate::core::record::Keyed;
use crate::core::snapshot::Problem;

/// What a links file says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LinkFile {
    /// Which companies are one; several vendor companies may be sites of one customer.
    pub companies: LinkSet<Company>,
    /// Which products are one; several vendor products may be terms of one service.
    pub products: LinkSet<Product>,
    /// How a linked PSA product is compared; `Quantity` where the file does not say.
    pub compare: BTreeMap<PsaProductId, Compare>,
    /// What each bundle consists of, in the order of the file.
    pub bundles: BTreeMap<PsaProductId, Vec<BundlePart>>,
}

/// The ids that are listed. A row of a links file that names another is not followed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Known {
    /// The distributor's companies.
    pub vendor_companies: BTreeSet<VendorCompanyId>,
    /// Its products.
    pub vendor_products: BTreeSet<VendorProductId>,
    /// The PSA's customers.
    pub psa_companies: BTreeSet<PsaCompanyId>,
    /// Its products.
    pub psa_products: BTreeSet<PsaProductId>,
}

impl Known {
    /// The problem of a row, without its place, where it names an id that is not listed.
    fn hold(&self, said: &Said, guesses: &mut Guesses) -> Result<(), Problem> {
        let (vendor, psa) = ("vendorId", "psaId");
        match said {
            Said::Company(link) => {
                of(&self.vendor_companies, vendor, "vendor company").hold(&link.vendor, guesses)?;
                of(&self.psa_companies, psa, "PSA customer").hold(&link.psa, guesses)
            }
            Said::Product(link, _) => {
                of(&self.vendor_products, vendor, "vendor product").hold(&link.vendor, guesses)?;
                of(&self.psa_products, psa, "PSA product").hold(&link.psa, guesses)
            }
            Said::Bundle(recipe) => {
                of(&self.psa_products, "bundlePsaId", "PSA product").hold(&recipe.bundle, guesses)?;
                of(&self.psa_products, psa, "PSA product").hold(&recipe.part.product, guesses)
            }
            // nothing is taken over of it
            Said::NoCounterpart(_) => Ok(()),
        }
    }
}

/// What a field of a row may name.
struct Listed<'k, S, E> {
    ids: &'k BTreeSet<Id<S, E>>,
    field: &'static str,
    what: &'static str,
}

fn of<'k, S, E>(ids: &'k BTreeSet<Id<S, E>>, field: &'static str, what: &'static str) -> Listed<'k, S, E> {
    Listed { ids, field, what }
}

impl<S, E> Listed<'_, S, E> {
    fn hold(&self, id: &Id<S, E>, guesses: &mut Guesses) -> Result<(), Problem> {
        if self.ids.contains(id) {
            return Ok(());
        }
        let near = guesses.meant(id.as_str(), self.ids.iter().map(Id::as_str));
        let shown = excerpt(id.as_str(), 60);
        let what = format!("no pull listed a {} `{shown}`{near}", self.what);
        Err(Problem::new("", what).record(shown).field(self.field))
    }
}

/// One row of a recipe, with where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Recipe {
    bundle: PsaProductId,
    part: BundlePart,
    at: String,
}

impl Keyed for Recipe {
    fn key(&self) -> String {
        format!("{}\u{0}{}\u{0}{}", self.bundle, self.part.product, self.part.weight_from)
    }
}

/// One row of a links file.
enum Said {
    Company(Link<Company>),
    Product(Link<Product>, Compare),
    Bundle(Recipe),
    NoCounterpart(String),
}

struct Line {
    said: Said,
    at: String,
}

impl Keyed for Line {
    /// The same link said twice changes nothing, so a line is told apart by its place alone.
    fn key(&self) -> String {
        self.at.clone()
    }
}

/// Reads a links file, with a problem for each row that cannot stand: where it is said which ids are known, for each row that
/// names another too.
///
/// # Errors
/// Where the file or its header cannot be read.
pub fn read(path: &Path, known: Option<&Known>) -> Result<(LinkFile, Vec<Problem>), ErrorKind> {
    let file = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let table = Table::open(folder, file, &LINKS, None)?;
    let (rows, mut problems) = table.collect(line, &Watched::new(&Unwatched, "links"))?.into_parts();
    let mut told = LinkFile::default();
    let mut recipes_said = Vec::new();
    let mut without: BTreeMap<String, String> = BTreeMap::new();
    let (mut broken, mut guesses) = (BTreeSet::new(), Guesses::default());
    for row in rows {
        if let Some(Err(problem)) = known.map(|known| known.hold(&row.said, &mut guesses)) {
            problems.push(Problem { at: row.at, ..problem });
            // a recipe with a part missing would share its amounts wrongly
            if let Said::Bundle(recipe) = row.said {
                broken.insert(recipe.bundle);
            }
            continue;
        }
        if let Err(problem) = take(&mut told, &mut recipes_said, &mut without, row) {
            problems.push(problem);
        }
    }
    recipes_said.retain(|recipe| !broken.contains(&recipe.bundle));
    told.bundles = recipes(recipes_said, &mut problems);
    Ok((told, problems))
}

fn take(
    told: &mut LinkFile,
    recipes: &mut Vec<Recipe>,
    without: &mut BTreeMap<String, String>,
    one: Line,
) -> Result<(), Problem> {
    let Line { said, at } = one;
    let contradicts = |key: &str, stands: String| Problem::new(at.clone(), stands).field("psaId").record(key);
    match said {
        Said::Company(link) => {
            let key = format!("company {}", link.vendor);
            if let Some(before) = without.get(&key) {
                return Err(contradicts(&key, format!("is linked here, and without a counterpart at {before}")));
            }
            let vendor = link.vendor.to_string();
            told.companies.claim(link, Shape::ManyToOne).map_err(|taken| contradicts(&vendor, taken.to_string()))
        }
        Said::Product(link, compare) => {
            let key = format!("product {}", link.vendor);
            if let Some(before) = without.get(&key) {
                return Err(contradicts(&key, format!("is linked here, and without a counterpart at {before}")));
            }
            let (vendor, psa) = (link.vendor.to_string(), link.psa.clone());
            if told.compare.get(&psa).is_some_and(|before| *before != compare) {
                let what = format!("product {psa} is compared by quantity in one row and by amount in another");
                return Err(contradicts(&vendor, what).field("compare"));
            }
            told.products.claim(link, Shape::ManyToOne).map_err(|taken| contradicts(&vendor, taken.to_string()))?;
            told.compare.insert(psa, compare);
            Ok(())
        }
        Said::Bundle(recipe) => {
            recipes.push(recipe);
            Ok(())
        }
        Said::NoCounterpart(key) => {
            let linked = match key.split_once(' ') {
                Some(("company", id)) => told.companies.psa_of(&Id::new(id)).map(ToString::to_string),
                Some((_, id)) => told.products.psa_of(&Id::new(id)).map(ToString::to_string),
                None => None,
            };
            if let Some(psa) = linked {
                return Err(contradicts(&key, format!("has no counterpart here, and is linked with {psa} before")));
            }
            without.insert(key, at);
            Ok(())
        }
    }
}

fn line(row: &Row<'_>) -> Read<Line> {
    let kind = row.need("kind")?;
    let said = match (kind, row.get("psaId")) {
        ("company", Some(psa)) => Said::Company(Link { vendor: Id::new(row.need("vendorId")?), psa: Id::new(psa) }),
        ("product", Some(psa)) => {
            let compare = match row.get("compare") {
                None | Some("quantity") => Compare::Quantity,
                Some("amount") => Compare::Amount,
                Some(other) => {
                    let what = format!("`{}` is neither quantity nor amount", excerpt(other, 40));
                    return Err(row.problem("compare", what));
                }
            };
            Said::Product(Link { vendor: Id::new(row.need("vendorId")?), psa: Id::new(psa) }, compare)
        }
        ("company" | "product", None) => Said::NoCounterpart(format!("{kind} {}", row.need("vendorId")?)),
        ("bundle", _) => Said::Bundle(recipe_row(row)?),
        (other, _) => {
            let what = format!("`{}` is none of company, product, bundle", excerpt(other, 40));
            return Err(row.problem("kind", what));
        }
    };
    Ok(Line { said, at: row.place.to_string() })
}

/// A row of a recipe: of `bundles`, or of a links file.
pub(super) fn recipe_row(row: &Row<'_>) -> Read<Recipe> {
    let part = BundlePart {
        product: Id::new(row.need("psaId")?),
        per_unit: row.need_number("perUnit", exact)?,
        weight_from: row.need_number("weightFrom", exact)?,
        weight_to: row.need_number("weightTo", exact)?,
    };
    if part.per_unit <= Decimal::ZERO {
        return Err(row.problem("perUnit", format!("is {}; expected more than nought", part.per_unit)));
    }
    Ok(Recipe { bundle: Id::new(row.need("bundlePsaId")?), part, at: row.place.to_string() })
}

/// The recipes whose weights run from 0 to 1 in the order of their rows; the others become problems.
pub(super) fn recipes(rows: Vec<Recipe>, problems: &mut Vec<Problem>) -> BTreeMap<PsaProductId, Vec<BundlePart>> {
    let mut by_bundle: BTreeMap<PsaProductId, Vec<Recipe>> = BTreeMap::new();
    for row in rows {
        by_bundle.entry(row.bundle.clone()).or_default().push(row);
    }
    by_bundle.retain(|bundle, rows| {
        let mut reached = Decimal::ZERO;
        for Recipe { part, at, .. } in rows.iter() {
            if part.weight_from != reached || part.weight_to < part.weight_from {
                let what = format!(
                    "the weights run from {} to {}; expected them to begin at {reached}, where the part before ends",
                    part.weight_from, part.weight_to
                );
                problems.push(Problem::new(at.clone(), what).record(bundle.as_str()).field("weightFrom"));
                return false;
            }
            reached = part.weight_to;
        }
        let ends = reached == Decimal::ONE;
        if !ends {
            let at = rows.last().map(|row| row.at.clone()).unwrap_or_default();
            let what = format!("the weights of the bundle end at {reached}; expected 1");
            problems.push(Problem::new(at, what).record(bundle.as_str()).field("weightTo"));
        }
        ends
    });
    by_bundle.into_iter().map(|(bundle, rows)| (bundle, rows.into_iter().map(|row| row.part).collect())).collect()
}
