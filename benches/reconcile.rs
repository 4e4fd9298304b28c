//! How long a reconcile takes once its lines are there: reading a month's exports, booking every line, judging every cell.
//!
//! The month is the same in every run. One line in sixteen is billed short, so that judging has something to find.

#![expect(clippy::unwrap_used, reason = "a bench that cannot be set up has nothing to time")]

use std::fmt::Write as _;
use std::path::Path;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use trueup::connectors::files::{FilesPsa, FilesVendor};
use trueup::connectors::{PsaConnector as _, Unwatched, VendorConnector as _};
use trueup::core::billing::{BilledLine, VendorCharge};
use trueup::core::id::Id;
use trueup::core::link::{Link, Shape};
use trueup::core::period::BillingPeriod;
use trueup::core::reconcile::coverage::Coverage;
use trueup::core::reconcile::lines::{Billed, Charge};
use trueup::core::reconcile::{Book, Mapping, Outcome};

const CUSTOMERS: u32 = 500;
const PRODUCTS: u32 = 20;

fn write_month(folder: &Path) {
    let mut charges = String::from(
        "id,invoiceId,type,companyId,productId,startPeriod,endPeriod,quantity,chargeType,term,price,subTotal,cost,\
         costTotal,currencyCode\n",
    );
    let mut billed = String::from(
        "id,agreementStatus,companyId,productId,lineType,quantity,lessIncluded,unitPrice,unitCost,extendedPrice,\
         extendedCost,billCustomer,effectiveDate,cancelledDate,currencyCode\n",
    );
    for line in 0..CUSTOMERS * PRODUCTS {
        let (customer, product) = (line / PRODUCTS, line % PRODUCTS);
        let quantity = 1 + line % 40;
        let short = u32::from(line % 16 == 0);
        let _ = writeln!(
            charges,
            "c{line},i1,subscription,v{customer},vp{product},2026-04-01,2026-04-30,{quantity},per,Monthly,2.50,{}.00,\
             2.00,{}.00,USD",
            quantity * 2,
            quantity * 2
        );
        let sold = quantity - short;
        let _ = writeln!(
            billed,
            "b{line},Active,p{customer},pp{product},recurring,{sold},0,3.00,2.00,{}.00,{}.00,Billable,2026-01-01,,USD",
            sold * 3,
            sold * 2
        );
    }
    std::fs::write(folder.join("vendor_invoice_items.csv"), charges).unwrap();
    std::fs::write(folder.join("psa_agreement_lines.csv"), billed).unwrap();
}

fn mapping() -> Mapping {
    let mut mapping = Mapping::default();
    for customer in 0..CUSTOMERS {
        let link = Link { vendor: Id::new(format!("v{customer}")), psa: Id::new(format!("p{customer}")) };
        mapping.companies.claim(link, Shape::OneToOne).unwrap();
    }
    for product in 0..PRODUCTS {
        let link = Link { vendor: Id::new(format!("vp{product}")), psa: Id::new(format!("pp{product}")) };
        mapping.products.claim(link, Shape::ManyToOne).unwrap();
    }
    mapping
}

fn book(period: BillingPeriod, mapping: &Mapping, charges: &[VendorCharge], billed: &[BilledLine]) -> Outcome {
    let (book, mut coverage) = (Book::new(period, mapping), Coverage::default());
    for line in charges {
        book.add_charge(&Charge::from(line), &mut coverage).unwrap();
    }
    for line in billed {
        book.add_billed(&Billed::from(line), &mut coverage).unwrap();
    }
    book.finish(1, coverage, Vec::new()).unwrap()
}

fn reconcile(c: &mut Criterion) {
    let folder = tempfile::tempdir().unwrap();
    write_month(folder.path());
    let period: BillingPeriod = "2026-04".parse().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let read = || {
        let vendor = FilesVendor::new("exports", folder.path()).unwrap();
        let psa = FilesPsa::new("exports", folder.path()).unwrap();
        runtime.block_on(async {
            let charges = vendor.charges(period, &Unwatched).await.unwrap();
            (charges, psa.billed_lines(period, &Unwatched).await.unwrap())
        })
    };
    let mapping = mapping();
    let (charges, billed) = read();
    let lines = charges.records().len() + billed.records().len();
    assert_eq!(lines, usize::try_from(2 * CUSTOMERS * PRODUCTS).unwrap(), "{:?}", charges.problems().first());

    let mut group = c.benchmark_group("reconcile");
    group.throughput(Throughput::Elements(u64::try_from(lines).unwrap()));
    group.bench_function("parse", |b| b.iter(read));
    group.bench_function("book and finish", |b| {
        b.iter(|| book(period, &mapping, charges.records(), billed.records()));
    });
    group.finish();
}

criterion_group!(benches, reconcile);
criterion_main!(benches);
