//! What a simulated system holds: tables of text, as the CSV files have them.
//!
//! Invariant: a cell keeps the characters it was read with, from the file to the wire and back to a file.

use chrono::NaiveDate;
use std::collections::BTreeMap;
use std::path::Path;

use super::SimulateError;

/// The files of a data folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum File {
    /// The distributor's customers.
    VendorCompanies,
    /// Their contacts (optional).
    VendorContacts,
    /// The distributor's catalogue.
    VendorProducts,
    /// Its price rows (optional).
    VendorPrices,
    /// What is held.
    VendorSubscriptions,
    /// Earlier states of what is held (optional), with the columns of the subscriptions.
    VendorHistory,
    /// What the distributor charges.
    VendorInvoiceItems,
    /// The MSP's customers.
    PsaCompanies,
    /// The MSP's catalogue.
    PsaProducts,
    /// What the MSP bills.
    PsaAgreementLines,
    /// True mappings and bundle recipes (optional).
    Mappings,
}

impl File {
    /// All of them, in the order they are read and written.
    pub const ALL: [Self; 11] = [
        Self::VendorCompanies,
        Self::VendorContacts,
        Self::VendorProducts,
        Self::VendorPrices,
        Self::VendorSubscriptions,
        Self::VendorHistory,
        Self::VendorInvoiceItems,
        Self::PsaCompanies,
        Self::PsaProducts,
        Self::PsaAgreementLines,
        Self::Mappings,
    ];

    /// Its name in the folder.
    pub fn name(self) -> &'static str {
        match self {
            Self::VendorCompanies => "vendor_companies.csv",
            Self::VendorContacts => "vendor_contacts.csv",
            Self::VendorProducts => "vendor_products.csv",
            Self::VendorPrices => "vendor_prices.csv",
            Self::VendorSubscriptions => "vendor_subscriptions.csv",
            Self::VendorHistory => "vendor_subscription_history.csv",
            Self::VendorInvoiceItems => "vendor_invoice_items.csv",
            Self::PsaCompanies => "psa_companies.csv",
            Self::PsaProducts => "psa_products.csv",
            Self::PsaAgreementLines => "psa_agreement_lines.csv",
            Self::Mappings => "ground_truth_mappings.csv",
        }
    }

    /// Its columns, in order.
    pub fn columns(self) -> &'static [&'static str] {
        match self {
            Self::VendorCompanies => &VENDOR_COMPANIES,
            Self::VendorContacts => &VENDOR_CONTACTS,
            Self::VendorProducts => &VENDOR_PRODUCTS,
            Self::VendorPrices => &VENDOR_PRICES,
            Self::VendorSubscriptions | Self::VendorHistory => &VENDOR_SUBSCRIPTIONS,
            Self::VendorInvoiceItems => &VENDOR_INVOICE_ITEMS,
            Self::PsaCompanies => &PSA_COMPANIES,
            Self::PsaProducts => &PSA_PRODUCTS,
            Self::PsaAgreementLines => &PSA_AGREEMENT_LINES,
            Self::Mappings => &MAPPINGS,
        }
    }

    fn optional(self) -> bool {
        matches!(self, Self::VendorContacts | Self::VendorPrices | Self::VendorHistory | Self::Mappings)
    }
}

const VENDOR_COMPANIES: [&str; 15] = [
    "id",
    "name",
    "street",
    "city",
    "stateOrProvince",
    "postalCode",
    "country",
    "phone",
    "website",
    "externalId",
    "billOnBehalfOfEnabled",
    "selfServiceAllowed",
    "orderApprovalRequired",
    "status",
    "updatedDate",
];
const VENDOR_CONTACTS: [&str; 8] =
    ["id", "companyId", "firstName", "lastName", "email", "phone", "createdDate", "types"];
const VENDOR_PRODUCTS: [&str; 8] =
    ["id", "name", "vendorName", "shortDescription", "sku", "vendorSku", "altVendorSku", "requiresCommitment"];
const VENDOR_PRICES: [&str; 12] = [
    "productId",
    "productName",
    "billingTerm",
    "commitmentTerm",
    "commitmentTermInMonths",
    "type",
    "unitOfMeasurement",
    "partnerBuyRate",
    "suggestedRetailPrice",
    "startQuantityRange",
    "endQuantityRange",
    "chargeType",
];
const VENDOR_SUBSCRIPTIONS: [&str; 19] = [
    "id",
    "parentSubscriptionId",
    "companyId",
    "productId",
    "vendorSubscriptionId",
    "quantity",
    "startDate",
    "endDate",
    "createdDate",
    "updatedDate",
    "billingStart",
    "status",
    "price",
    "currencyCode",
    "partnerCost",
    "productName",
    "billingTerm",
    "commitmentTerm",
    "commitmentEndDate",
];
const VENDOR_INVOICE_ITEMS: [&str; 32] = [
    "id",
    "type",
    "purchaseOrderNumber",
    "companyId",
    "externalId",
    "companyName",
    "startPeriod",
    "endPeriod",
    "quantity",
    "unitOfMeasure",
    "term",
    "sku",
    "description",
    "details",
    "rateType",
    "chargeType",
    "price",
    "subTotal",
    "cost",
    "costTotal",
    "offeredBy",
    "billedByPax8",
    "total",
    "productId",
    "productName",
    "billingFee",
    "billingFeeRate",
    "amountDue",
    "currencyCode",
    "salesTax",
    "subscriptionId",
    "vendorName",
];
const PSA_COMPANIES: [&str; 14] = [
    "id",
    "identifier",
    "name",
    "status",
    "type",
    "addressLine1",
    "city",
    "state",
    "zip",
    "country",
    "phoneNumber",
    "website",
    "accountNumber",
    "deletedFlag",
];
const PSA_PRODUCTS: [&str; 10] = [
    "id",
    "identifier",
    "description",
    "category",
    "productClass",
    "unitOfMeasure",
    "price",
    "cost",
    "manufacturerPartNumber",
    "inactiveFlag",
];
const PSA_AGREEMENT_LINES: [&str; 22] = [
    "id",
    "agreementId",
    "agreementName",
    "agreementStatus",
    "companyId",
    "companyName",
    "productId",
    "productIdentifier",
    "description",
    "lineType",
    "quantity",
    "lessIncluded",
    "billedQuantity",
    "unitPrice",
    "unitCost",
    "extendedPrice",
    "extendedCost",
    "billCustomer",
    "effectiveDate",
    "cancelledDate",
    "prorateCurrentPeriodFlag",
    "currencyCode",
];
const MAPPINGS: [&str; 11] = [
    "kind",
    "vendorId",
    "psaId",
    "relation",
    "compare",
    "bundlePsaId",
    "perUnit",
    "weightFrom",
    "weightTo",
    "vendorName",
    "psaName",
];

/// Rows of text under named columns.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Table {
    columns: Vec<String>,
    rows: Vec<Vec<String>>,
}

static EMPTY: Table = Table { columns: Vec::new(), rows: Vec::new() };

impl Table {
    /// No rows yet.
    pub fn new(columns: &[&str]) -> Self {
        Self { columns: columns.iter().map(ToString::to_string).collect(), rows: Vec::new() }
    }

    /// Adds a row given by name; columns not named stay empty, names that are no column are dropped.
    pub fn push(&mut self, cells: &[(&str, &str)]) {
        let by_name: BTreeMap<&str, &str> = cells.iter().copied().collect();
        let row = self.columns.iter().map(|c| by_name.get(c.as_str()).copied().unwrap_or_default().to_owned());
        self.rows.push(row.collect());
    }

    /// Adds the rows of a table with the same columns.
    pub(super) fn append(&mut self, other: Self) {
        self.rows.extend(other.rows);
    }

    /// Replaces a cell; `false` when there is no such row or column.
    pub fn set(&mut self, row: usize, column: &str, text: &str) -> bool {
        let Some(at) = self.columns.iter().position(|c| c == column) else { return false };
        let Some(cells) = self.rows.get_mut(row) else { return false };
        if cells.len() <= at {
            cells.resize(at + 1, String::new());
        }
        let Some(cell) = cells.get_mut(at) else { return false };
        text.clone_into(cell);
        true
    }

    /// Makes room for a column that files do not have; it is empty in the rows so far.
    pub(super) fn widen(&mut self, column: &str) {
        if !self.columns.iter().any(|c| c == column) {
            self.columns.push(column.to_owned());
        }
    }

    /// Takes a row out.
    pub(super) fn remove(&mut self, row: usize) {
        if row < self.rows.len() {
            self.rows.remove(row);
        }
    }

    /// Puts a copy of the first row, under another id, before it.
    pub(super) fn repeat_first(&mut self, id: &str) {
        if let Some(mut copy) = self.rows.first().cloned() {
            if let Some(cell) = self.columns.iter().position(|c| c == "id").and_then(|at| copy.get_mut(at)) {
                id.clone_into(cell);
            }
            self.rows.insert(0, copy);
        }
    }

    /// How many rows.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The names of the columns.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// One row.
    pub fn row(&self, at: usize) -> Option<Row<'_>> {
        self.rows.get(at).map(|cells| Row { table: self, cells })
    }

    /// All rows in order.
    pub fn rows(&self) -> impl DoubleEndedIterator<Item = Row<'_>> + ExactSizeIterator {
        self.rows.iter().map(|cells| Row { table: self, cells })
    }
}

/// One row of a table.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    table: &'a Table,
    cells: &'a [String],
}

impl<'a> Row<'a> {
    /// The cell of a column; empty when the column or the value is missing.
    pub fn get(&self, column: &str) -> &'a str {
        let at = self.table.columns.iter().position(|c| c == column);
        at.and_then(|at| self.cells.get(at)).map_or("", String::as_str)
    }
}

/// Everything both simulated systems hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Data {
    tables: BTreeMap<File, Table>,
}

impl Data {
    /// Both systems empty.
    pub fn empty() -> Self {
        Self { tables: File::ALL.into_iter().map(|f| (f, Table::new(f.columns()))).collect() }
    }

    /// Reads a folder. Optional files may be missing; a missing column is an error that names it.
    pub fn read_folder(dir: &Path) -> Result<Self, SimulateError> {
        let mut data = Self::empty();
        for file in File::ALL {
            let path = dir.join(file.name());
            if file.optional() && !path.exists() {
                continue;
            }
            let wrong = |message: String| SimulateError::File { path: path.clone(), message };
            let mut reader = csv::Reader::from_path(&path).map_err(|e| wrong(e.to_string()))?;
            let columns: Vec<String> =
                reader.headers().map_err(|e| wrong(e.to_string()))?.iter().map(str::to_owned).collect();
            if let Some(missing) = file.columns().iter().find(|c| !columns.iter().any(|have| have == *c)) {
                return Err(wrong(format!("column `{missing}` is missing; found {}", columns.join(", "))));
            }
            let mut rows = Vec::new();
            for record in reader.records() {
                let record = record.map_err(|e| wrong(e.to_string()))?;
                rows.push(record.iter().map(str::to_owned).collect());
            }
            data.tables.insert(file, Table { columns, rows });
        }
        Ok(data)
    }

    /// Writes every table with rows, and every table the layout demands, into a folder, which is made if need be.
    pub fn write_folder(&self, dir: &Path) -> Result<(), SimulateError> {
        std::fs::create_dir_all(dir)
            .map_err(|e| SimulateError::File { path: dir.to_owned(), message: e.to_string() })?;
        for file in File::ALL {
            let table = self.table(file);
            if file.optional() && table.is_empty() {
                continue;
            }
            let path = dir.join(file.name());
            let wrong = |message: String| SimulateError::File { path: path.clone(), message };
            let mut writer = csv::WriterBuilder::new().from_path(&path).map_err(|e| wrong(e.to_string()))?;
            writer.write_record(&table.columns).map_err(|e| wrong(e.to_string()))?;
            for row in &table.rows {
                writer.write_record(row).map_err(|e| wrong(e.to_string()))?;
            }
            writer.flush().map_err(|e| wrong(e.to_string()))?;
        }
        Ok(())
    }

    /// One table.
    pub fn table(&self, file: File) -> &Table {
        self.tables.get(&file).unwrap_or(&EMPTY)
    }

    /// One table, to be filled or bent.
    pub fn table_mut(&mut self, file: File) -> &mut Table {
        self.tables.entry(file).or_insert_with(|| Table::new(file.columns()))
    }

    /// The month most invoice items start in (`2026-10`), the later one of two equals; `None` without items.
    pub fn period(&self) -> Option<String> {
        let mut months: BTreeMap<&str, usize> = BTreeMap::new();
        for item in self.table(File::VendorInvoiceItems).rows() {
            if let Some(month) = item.get("startPeriod").get(..7) {
                *months.entry(month).or_default() += 1;
            }
        }
        months.into_iter().max_by_key(|&(month, rows)| (rows, month)).map(|(month, _)| month.to_owned())
    }
}

/// The last day that is billed, of the first that is not.
pub(super) fn eve(day: &str) -> String {
    let last = day.parse::<NaiveDate>().ok().and_then(|day| day.pred_opt());
    last.map_or_else(|| day.to_owned(), |last| last.to_string())
}
