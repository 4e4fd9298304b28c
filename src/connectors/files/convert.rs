//! Rows to core records: pure, fallible, one sentence for each mistake.
//!
//! Whoever reads a file, whatever its format, hands over a [`Row`] of named fields in plain notation and gets the same
//! [`Problem`] for the same mistake. The first mistake of a row is told; a row makes one record or one problem.

use std::fmt;

use chrono::NaiveDate;

use super::entity::{Entity, Kind, PSA_AGREEMENT_LINES, VENDOR_INVOICE_ITEMS};
use crate::core::billing::{
    AgreementState, Assignment, BillCustomer, BilledLine, ChargeKind, InvoiceState, LineKind, Subscription,
    SubscriptionFields, VendorCharge, VendorInvoice,
};
use crate::core::customer::{CustomerFields, PsaCustomer, VendorCustomer};
use crate::core::id::Id;
use crate::core::money::{Amount, Currency, MoneyError, UnitPrice};
use crate::core::outside::excerpt;
use crate::core::period::iso_day;
use crate::core::product::{ProductFields, PsaProduct, VendorProduct};
use crate::core::quantity::Quantity;
use crate::core::reconcile::outcome::KeyPart;
use crate::core::record::Record;
use crate::core::snapshot::Problem;

/// Where a row stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place<'a> {
    /// A line of a file, from 1; the header is line 1.
    Line(&'a str, u64),
    /// An element of a JSON array, from 1.
    Item(&'a str, u64),
}

impl Place<'_> {
    /// Its number.
    #[must_use]
    pub fn number(self) -> u64 {
        match self {
            Self::Line(_, number) | Self::Item(_, number) => number,
        }
    }
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(file, line) => write!(f, "{file}:{line}"),
            Self::Item(file, item) => write!(f, "{file} item {item}"),
        }
    }
}

/// One row: its place and its cells in the order of the entity's fields.
///
/// A cell is `None` where the file has no such column, and empty where the source says nothing.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    /// Where it stands.
    pub place: Place<'a>,
    /// What it is a row of.
    pub entity: &'static Entity,
    /// As many as the entity has fields.
    pub cells: &'a [Option<&'a str>],
}

/// What a mistake of a row is told with.
pub type Read<T> = Result<T, Problem>;

impl<'a> Row<'a> {
    /// The value of a field; `None` where the source says nothing.
    #[must_use]
    pub fn get(&self, field: &str) -> Option<&'a str> {
        self.column(field).filter(|cell| !cell.is_empty())
    }

    fn column(&self, field: &str) -> Option<&'a str> {
        self.cells.get(self.entity.position(field)?).copied().flatten()
    }

    /// The row's id as its entity names it, cut to what a report can show.
    #[must_use]
    pub fn record(&self) -> Option<String> {
        self.get("id").map(|id| excerpt(id, 80))
    }

    /// A problem of a field of this row.
    #[must_use]
    pub fn problem(&self, field: &str, what: impl Into<String>) -> Problem {
        let problem = Problem::new(self.place.to_string(), what).field(field).customer(self.customer());
        match self.record() {
            Some(id) => problem.record(id),
            None => problem,
        }
    }

    /// Whose line it is, where it says so.
    fn customer(&self) -> Option<KeyPart> {
        if self.entity.name == VENDOR_INVOICE_ITEMS.name {
            self.get("companyId").map(|id| KeyPart::Vendor(id.into()))
        } else if self.entity.name == PSA_AGREEMENT_LINES.name {
            self.get("companyId").map(|id| KeyPart::Psa(id.into()))
        } else {
            None
        }
    }

    /// The value of a field that must say something.
    pub fn need(&self, field: &str) -> Read<&'a str> {
        self.get(field).ok_or_else(|| self.problem(field, format!("is empty; expected {}", self.expected(field))))
    }

    fn expected(&self, field: &str) -> &'static str {
        match self.entity.fields.iter().find(|f| f.name == field).map(|f| f.kind) {
            Some(Kind::Number) => "a decimal number",
            Some(Kind::Date) => "a day like 2026-04-30",
            Some(Kind::Flag) => "true or false",
            Some(Kind::Text) | None => "a value",
        }
    }

    fn text(&self, field: &str) -> Option<String> {
        self.get(field).map(str::to_owned)
    }

    /// A number that may be missing.
    pub fn number<T>(&self, field: &str, parse: impl Fn(&str) -> Result<T, MoneyError>) -> Read<Option<T>> {
        self.get(field).map(|cell| parse(cell).map_err(|refused| self.bad_number(field, &refused))).transpose()
    }

    /// A number that must be there.
    pub fn need_number<T>(&self, field: &str, parse: impl Fn(&str) -> Result<T, MoneyError>) -> Read<T> {
        parse(self.need(field)?).map_err(|refused| self.bad_number(field, &refused))
    }

    fn bad_number(&self, field: &str, refused: &MoneyError) -> Problem {
        let hint = match refused {
            MoneyError::NotANumber(text) if text.contains(',') => {
                "; expected a decimal point and no separators; how the file writes numbers can be said in columns.toml"
            }
            MoneyError::NotANumber(_) => "; expected one like 1234.50",
            MoneyError::TooPrecise(_) => "; 28 digits fit, 18 of them behind the point",
            MoneyError::TooLarge(_) | MoneyError::NotACurrency(_) | MoneyError::Overflow => "",
        };
        self.problem(field, format!("{refused}{hint}"))
    }

    /// A day that may be missing.
    pub fn day(&self, field: &str) -> Read<Option<NaiveDate>> {
        self.get(field)
            .map(|cell| {
                plain_day(cell)
                    .ok_or_else(|| self.problem(field, format!("`{}` is not a day like 2026-04-30", excerpt(cell, 40))))
            })
            .transpose()
    }

    /// A day that must be there.
    fn need_day(&self, field: &str) -> Read<NaiveDate> {
        self.need(field)?;
        self.day(field)?.ok_or_else(|| self.problem(field, "is empty; expected a day like 2026-04-30"))
    }

    fn flag(&self, field: &str) -> Read<Option<bool>> {
        self.get(field)
            .map(|cell| match cell.to_ascii_lowercase().as_str() {
                "true" | "yes" | "1" | "y" => Ok(true),
                "false" | "no" | "0" | "n" => Ok(false),
                _ => Err(self.problem(field, format!("`{}` is neither true nor false", excerpt(cell, 40)))),
            })
            .transpose()
    }

    /// A word of a closed set. Any other is a problem that says how its meaning, such as `meaning`, can be told.
    fn word<T>(&self, field: &str, not: &str, meaning: &str, read: impl FnOnce(&str) -> Option<T>) -> Read<T> {
        let word = self.get(field).unwrap_or_default();
        read(word).ok_or_else(|| {
            let (word, entity) = (excerpt(word, 40).replace(['"', '\\'], "…"), self.entity.name);
            let how = format!("in columns.toml: [{entity}.words] {field} = {{ \"{word}\" = \"{meaning}\" }}");
            self.problem(field, format!("`{word}` is {not}; what it means can be said {how}"))
        })
    }

    /// The status of a document, where the file has a column for it: whether its lines are cost hangs on it.
    fn invoice_status(&self) -> Read<String> {
        self.word("status", "no known state of a document", "Paid", |word| {
            InvoiceState::of(word).map(|_| word.to_owned())
        })
    }

    fn currency(&self, field: &str) -> Read<Currency> {
        self.need(field)?.parse().map_err(|refused: MoneyError| self.problem(field, refused.to_string()))
    }
}

/// `2026-04-30`, a time of day after it left out.
fn plain_day(cell: &str) -> Option<NaiveDate> {
    let (day, rest) = (cell.get(..10)?, cell.get(10..)?);
    let time_follows = rest.is_empty() || (rest.starts_with(['T', ' ']) && rest.contains(':'));
    iso_day(day).filter(|_| time_follows)
}

/// A row of `assignments`.
pub fn assignment(row: &Row<'_>) -> Read<Assignment> {
    Ok(Assignment {
        company: Id::new(row.need("companyId")?),
        product: Id::new(row.need("productId")?),
        assigned: row.need_number("assigned", Quantity::parse)?,
        day: row.day("day")?,
    })
}

/// A row of `vendor_companies`.
pub fn vendor_customer(row: &Row<'_>) -> Read<VendorCustomer> {
    Ok(Record {
        id: Id::new(row.need("id")?),
        fields: CustomerFields {
            name: row.need("name")?.to_owned(),
            street: row.text("street"),
            street2: row.text("street2"),
            city: row.text("city"),
            region: row.text("stateOrProvince"),
            postcode: row.text("postalCode"),
            country: row.text("country"),
            phone: row.text("phone"),
            website: row.text("website"),
            code: None,
            external_id: row.text("externalId"),
            status: row.text("status"),
            contacts: None,
        },
        version: None,
    })
}

/// A row of `psa_companies`.
pub fn psa_customer(row: &Row<'_>) -> Read<PsaCustomer> {
    let deleted = row.flag("deletedFlag")?.unwrap_or(false);
    Ok(Record {
        id: Id::new(row.need("id")?),
        fields: CustomerFields {
            name: row.need("name")?.to_owned(),
            street: row.text("addressLine1"),
            street2: row.text("addressLine2"),
            city: row.text("city"),
            region: row.text("state"),
            postcode: row.text("zip"),
            country: row.text("country"),
            phone: row.text("phoneNumber"),
            website: row.text("website"),
            code: row.text("identifier"),
            external_id: row.text("externalId"),
            status: if deleted { Some("Deleted".into()) } else { row.text("status") },
            contacts: None,
        },
        version: None,
    })
}

/// A row of `vendor_products`.
pub fn vendor_product(row: &Row<'_>) -> Read<VendorProduct> {
    Ok(Record {
        id: Id::new(row.need("id")?),
        fields: ProductFields {
            name: row.need("name")?.to_owned(),
            manufacturer: row.text("vendorName"),
            sku: row.text("sku"),
            vendor_sku: row.text("vendorSku"),
            unit: row.text("unitOfMeasure"),
            description: row.text("shortDescription"),
            requires_commitment: row.flag("requiresCommitment")?,
            ..ProductFields::default()
        },
        version: None,
    })
}

/// A row of `psa_products`.
pub fn psa_product(row: &Row<'_>) -> Read<PsaProduct> {
    let status = row.flag("inactiveFlag")?.map(|inactive| if inactive { "Inactive" } else { "Active" }.to_owned());
    Ok(Record {
        id: Id::new(row.need("id")?),
        fields: ProductFields {
            name: row.need("description")?.to_owned(),
            manufacturer: row.text("manufacturer"),
            sku: row.text("identifier"),
            vendor_sku: row.text("manufacturerPartNumber"),
            unit: row.text("unitOfMeasure"),
            category: row.text("category"),
            status,
            price: row.number("price", UnitPrice::parse)?,
            cost: row.number("cost", UnitPrice::parse)?,
            ..ProductFields::default()
        },
        version: None,
    })
}

/// A row of `vendor_subscriptions`.
pub fn subscription(row: &Row<'_>) -> Read<Subscription> {
    let currency = row.get("currencyCode").map(|_| row.currency("currencyCode")).transpose()?;
    Ok(Record {
        id: Id::new(row.need("id")?),
        fields: SubscriptionFields {
            company: Id::new(row.need("companyId")?),
            product: Id::new(row.need("productId")?),
            quantity: row.number("quantity", Quantity::parse)?,
            start: row.day("startDate")?,
            end: row.day("endDate")?,
            billing_start: row.day("billingStart")?,
            status: row.need("status")?.to_owned(),
            price: row.number("price", UnitPrice::parse)?,
            cost: row.number("partnerCost", UnitPrice::parse)?,
            currency,
            billing_term: row.text("billingTerm"),
            commitment_term: row.text("commitmentTerm"),
            commitment_end: row.day("commitmentEndDate")?,
            vendor_subscription: row.text("vendorSubscriptionId"),
            updated: row.text("updatedDate"),
        },
        version: None,
    })
}

/// A row of `vendor_invoice_items`. A source that numbers no lines gets `invoice#line` as ids.
pub fn vendor_charge(row: &Row<'_>) -> Read<VendorCharge> {
    let id = match row.column("id") {
        Some(_) => row.need("id")?.to_owned(),
        None => format!("{}#{}", row.get("invoiceId").unwrap_or("line"), row.place.number()),
    };
    Ok(VendorCharge {
        id: Id::new(id),
        invoice: row.get("invoiceId").map(Id::new),
        kind: ChargeKind::of(row.need("type")?),
        company: row.get("companyId").map(Id::new),
        company_name: row.text("companyName"),
        product: row.get("productId").map(Id::new),
        product_name: row.text("productName"),
        sku: row.text("sku"),
        subscription: row.get("subscriptionId").map(Id::new),
        start: row.need_day("startPeriod")?,
        end: row.day("endPeriod")?,
        end_rule: None,
        quantity: row.need_number("quantity", Quantity::parse)?,
        unit: row.text("unitOfMeasure"),
        term: row.text("term"),
        rate_type: row.text("rateType"),
        charge_type: row.text("chargeType"),
        price: row.need_number("price", UnitPrice::parse)?,
        amount: row.need_number("subTotal", Amount::parse)?,
        cost: row.need_number("cost", UnitPrice::parse)?,
        cost_total: row.need_number("costTotal", Amount::parse)?,
        tax: row.number("salesTax", Amount::parse)?,
        amount_due: row.number("amountDue", Amount::parse)?,
        currency: row.currency("currencyCode")?,
        description: row.text("description"),
    })
}

/// A row of `vendor_invoices`.
pub fn vendor_invoice(row: &Row<'_>) -> Read<VendorInvoice> {
    Ok(VendorInvoice {
        id: Id::new(row.need("id")?),
        date: row.need_day("invoiceDate")?,
        due: row.day("dueDate")?,
        status: row.column("status").map(|_| row.invoice_status()).transpose()?,
        total: row.number("total", Amount::parse)?,
        balance: row.number("balance", Amount::parse)?,
        carried: row.number("carriedBalance", Amount::parse)?,
        currency: row.currency("currencyCode")?,
        partner: row.text("partnerName"),
    })
}

/// A row of `psa_agreement_lines`.
pub fn billed_line(row: &Row<'_>) -> Read<BilledLine> {
    Ok(BilledLine {
        id: Id::new(row.need("id")?),
        agreement: row.text("agreementId"),
        agreement_status: row.word("agreementStatus", "no known state of an agreement", "Active", |word| {
            AgreementState::word(word).map(str::to_owned)
        })?,
        company: Id::new(row.need("companyId")?),
        company_name: row.text("companyName"),
        product: Id::new(row.need("productId")?),
        product_code: row.text("productIdentifier"),
        description: row.text("description"),
        kind: row.word("lineType", "neither recurring nor credit", "recurring", LineKind::of)?,
        quantity: row.need_number("quantity", Quantity::parse)?,
        included: row.need_number("lessIncluded", Quantity::parse)?,
        price: row.need_number("unitPrice", UnitPrice::parse)?,
        cost: row.need_number("unitCost", UnitPrice::parse)?,
        amount: row.need_number("extendedPrice", Amount::parse)?,
        cost_total: row.need_number("extendedCost", Amount::parse)?,
        bill: row.word("billCustomer", "none of Billable, NoCharge, DoNotBill", "Billable", BillCustomer::of)?,
        effective: row.need_day("effectiveDate")?,
        cancelled: row.day("cancelledDate")?,
        currency: row.currency("currencyCode")?,
    })
}
