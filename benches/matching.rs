//! How long matching takes: names of companies, two lists of equal length, two thirds of them with a partner.

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use trueup::core::customer::{CustomerFields, PsaCustomer, VendorCustomer};
use trueup::core::id::Id;
use trueup::core::matching::{Known, Rules, customers};
use trueup::core::record::Record;

const SYLLABLES: [&str; 16] =
    ["ka", "ro", "mi", "ten", "bar", "dol", "ves", "lin", "gra", "pho", "sta", "ner", "qui", "zor", "hem", "wal"];
const TRADES: [&str; 8] = ["Dental", "Services", "Group", "Holdings", "Marine", "Care", "Systems", "Legal"];
const FORMS: [&str; 4] = ["Ltd", "Inc", "LLC", ""];

/// The same names in every run: a linear congruential generator, good enough to spread syllables.
struct Names(u64);

impl Names {
    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let at = usize::try_from(self.0 >> 33).unwrap_or(0) % from.len();
        from.get(at).copied().unwrap_or_default()
    }

    fn next(&mut self) -> String {
        let mut name = String::new();
        for part in 0..5 {
            if part == 3 {
                name.push(' ');
            }
            name.push_str(self.pick(&SYLLABLES));
        }
        format!("{name} {} {}", self.pick(&TRADES), self.pick(&FORMS))
    }
}

fn lists(size: usize) -> (Vec<VendorCustomer>, Vec<PsaCustomer>) {
    let mut names = Names(42);
    let fields = |name: String| CustomerFields { name, ..CustomerFields::default() };
    let vendor: Vec<VendorCustomer> = (0..size)
        .map(|at| Record { id: Id::new(format!("v{at}")), fields: fields(names.next()), version: None })
        .collect();
    let psa = vendor.iter().enumerate().map(|(at, record)| {
        let name = if at % 3 == 0 { names.next() } else { record.fields.name.to_uppercase() };
        Record { id: Id::new(format!("p{at}")), fields: fields(name), version: None }
    });
    let psa = psa.collect();
    (vendor, psa)
}

fn matching(c: &mut Criterion) {
    let mut group = c.benchmark_group("matching");
    group.sample_size(10);
    for size in [1_000, 5_000, 20_000] {
        let (vendor, psa) = lists(size);
        group.bench_with_input(BenchmarkId::new("customers", size), &size, |b, _| {
            b.iter(|| customers(&vendor, &psa, &Known::default(), &Rules::default()));
        });
    }
    group.finish();
}

criterion_group!(benches, matching);
criterion_main!(benches);
