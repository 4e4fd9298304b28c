//! A system without an interface: it imports files, writes a log of each, and exports what it holds. It shares nothing with what
//! writes the files.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use crate::writing::{AGREEMENT, CUSTOMER, LINE, PRODUCT};

pub(super) type Record = BTreeMap<String, String>;

/// The system: what it holds, by kind.
pub(super) struct Ledger {
    pub(super) kinds: BTreeMap<&'static str, Vec<Record>>,
    /// It imports nothing, for want of rights.
    pub(super) forbids: bool,
    /// A change from a day on ends a line and begins another.
    pub(super) splits: bool,
}

const EXPORTS: [(&str, &[&str]); 3] = [
    ("psa_companies", &["id", "identifier", "name", "status", "city", "website"]),
    ("psa_products", &["id", "identifier", "description", "price", "cost", "inactiveFlag"]),
    (
        "psa_agreement_lines",
        &[
            "id",
            "agreementId",
            "agreementStatus",
            "companyId",
            "productId",
            "lineType",
            "quantity",
            "lessIncluded",
            "unitPrice",
            "unitCost",
            "extendedPrice",
            "extendedCost",
            "billCustomer",
            "effectiveDate",
            "cancelledDate",
            "currencyCode",
        ],
    ),
];

/// Where a column of an import goes.
fn place(kind: &str, column: &str) -> &'static str {
    match (kind, column) {
        (_, "Id") => "id",
        ("psa_companies" | "psa_products", "Code") => "identifier",
        ("psa_companies", "Name") => "name",
        ("psa_companies", "City") => "city",
        ("psa_companies", "Web") => "website",
        ("psa_companies", "Status") => "status",
        ("psa_products", "Name") => "description",
        ("psa_products", "Price") => "price",
        ("psa_products", "Cost") => "cost",
        ("psa_products", "Inactive") => "inactiveFlag",
        ("psa_agreement_lines", "Agreement") => "agreementId",
        ("psa_agreement_lines", "Product") => "productId",
        ("psa_agreement_lines", "Quantity") => "quantity",
        ("psa_agreement_lines", "Price") => "unitPrice",
        ("psa_agreement_lines", "Cost") => "unitCost",
        ("psa_agreement_lines", "Bill") => "billCustomer",
        ("psa_agreement_lines", "Start") => "effectiveDate",
        ("psa_agreement_lines", "End") => "cancelledDate",
        (kind, column) => panic!("{kind} has no column {column}"),
    }
}

fn record(pairs: &[(&str, &str)]) -> Record {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

impl Ledger {
    pub(super) fn new() -> Self {
        let customer = |id, code, name| {
            let site = "https://harbour.example";
            record(&[
                ("id", id),
                ("identifier", code),
                ("name", name),
                ("status", "Active"),
                ("city", "Bristol"),
                ("website", site),
            ])
        };
        let product = |id, code, name, price| {
            record(&[
                ("id", id),
                ("identifier", code),
                ("description", name),
                ("price", price),
                ("cost", "1.00"),
                ("inactiveFlag", "false"),
            ])
        };
        let line = |id, product, quantity, start| {
            record(&[
                ("id", id),
                ("agreementId", AGREEMENT),
                ("agreementStatus", "Active"),
                ("companyId", CUSTOMER),
                ("productId", product),
                ("lineType", "recurring"),
                ("quantity", quantity),
                ("lessIncluded", "0"),
                ("unitPrice", "22.10"),
                ("unitCost", "18.70"),
                ("billCustomer", "Billable"),
                ("effectiveDate", start),
                ("currencyCode", "GBP"),
            ])
        };
        let kinds = [
            (
                "psa_companies",
                vec![customer(CUSTOMER, "HARBOUR", "Harbour & Finch"), customer("102", "QUAY", "Quay Row Dental")],
            ),
            ("psa_products", vec![product(PRODUCT, "SEAT", "Seat", "22.10"), product("202", "VAULT", "Vault", "4.00")]),
            (
                "psa_agreement_lines",
                vec![line(LINE, PRODUCT, "5", "2026-01-01"), line("402", "202", "2", "2026-02-01")],
            ),
        ];
        Self { kinds: kinds.into(), forbids: false, splits: false }
    }

    pub(super) fn export(&self, folder: &Path) {
        for (kind, columns) in EXPORTS {
            let mut out = csv::Writer::from_path(folder.join(format!("{kind}.csv"))).unwrap();
            out.write_record(columns).unwrap();
            for record in &self.kinds[kind] {
                let amount = |unit: &str| {
                    let number = |name: &str| record[name].parse::<rust_decimal::Decimal>().unwrap();
                    (number("quantity") * number(unit)).to_string()
                };
                out.write_record(columns.iter().map(|column| match *column {
                    "extendedPrice" => amount("unitPrice"),
                    "extendedCost" => amount("unitCost"),
                    other => record.get(other).cloned().unwrap_or_default(),
                }))
                .unwrap();
            }
            out.flush().unwrap();
        }
    }

    /// Imports a file, and answers its log.
    pub(super) fn import(&mut self, path: &Path) -> String {
        let name = path.file_name().unwrap().to_str().unwrap();
        let kind = match name {
            name if name.starts_with("customers-") => "psa_companies",
            name if name.starts_with("products-") => "psa_products",
            _ => "psa_agreement_lines",
        };
        let mut reader = csv::Reader::from_path(path).unwrap();
        let header: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
        let mut log = "Row,Id,Result,Why\n".to_owned();
        for (number, row) in reader.records().enumerate() {
            let row = row.unwrap();
            let cells: BTreeMap<&str, &str> = header.iter().map(String::as_str).zip(row.iter()).collect();
            let (id, why) = if self.forbids { (String::new(), "no permission") } else { self.take(kind, &cells) };
            let result = if why.is_empty() { "done" } else { "failed" };
            let _ = writeln!(log, "{},{id},{result},{why}", number + 1);
        }
        log
    }

    fn take(&mut self, kind: &'static str, cells: &BTreeMap<&str, &str>) -> (String, &'static str) {
        let fresh = (900 + self.kinds.values().map(Vec::len).sum::<usize>()).to_string();
        let records = self.kinds.get_mut(kind).unwrap();
        let id = cells.get("Id").copied().unwrap_or_default().to_owned();
        assert!(cells.get("Do").is_none_or(|told| *told == if id.is_empty() { "ADD" } else { "CHANGE" }));
        let code = cells.get("Code").copied().unwrap_or_default().to_uppercase();
        if !code.is_empty() && records.iter().any(|one| one["identifier"].to_uppercase() == code && one["id"] != id) {
            return (String::new(), "the code is taken");
        }
        let mut values = Record::new();
        for (column, cell) in cells.iter().filter(|(column, _)| !matches!(**column, "Do" | "Key" | "From" | "Id")) {
            let keeps = kind != "psa_products" && !id.is_empty();
            let dotted = cell.split('.').collect::<Vec<_>>();
            let cell = match (kind, *column, dotted.as_slice()) {
                ("psa_agreement_lines", "Start" | "End", [day, month, year]) => format!("{year}-{month}-{day}"),
                ("psa_agreement_lines", "Quantity" | "Price" | "Cost", _) => cell.replace(',', "."),
                _ => (*cell).to_owned(),
            };
            match cell.as_str() {
                "" if keeps => {}
                "(none)" => drop(values.insert(place(kind, column).to_owned(), String::new())),
                cell => drop(values.insert(place(kind, column).to_owned(), cell.to_owned())),
            }
        }
        if id.is_empty() {
            let mut made = record(&[("status", "Active"), ("inactiveFlag", "false"), ("agreementStatus", "Active")]);
            made.extend(record(&[
                ("companyId", CUSTOMER),
                ("lineType", "recurring"),
                ("lessIncluded", "0"),
                ("currencyCode", "GBP"),
            ]));
            let sent = values.into_iter().filter(|(_, value)| !value.is_empty());
            made.extend(sent.chain([("id".to_owned(), fresh.clone())]));
            records.push(made);
            return (fresh, "");
        }
        let Some(found) = records.iter_mut().find(|one| one["id"] == id) else { return (id, "unknown number") };
        match cells.get("From").copied().filter(|from| self.splits && !from.is_empty()) {
            None => found.extend(values),
            Some(from) => {
                let [day, month, year] = from.split('.').collect::<Vec<_>>()[..] else { panic!("{from}") };
                let start: chrono::NaiveDate = format!("{year}-{month}-{day}").parse().unwrap();
                let mut next = found.clone();
                found.insert("cancelledDate".to_owned(), start.pred_opt().unwrap().to_string());
                next.extend(values);
                next.extend(record(&[("id", &fresh), ("effectiveDate", &start.to_string())]));
                records.push(next);
            }
        }
        (id, "")
    }
}
