//! Links that come from a file or from a person, held against what was pulled and against each other.

#![cfg(test)]

use std::path::Path;

use sqlx::{Connection as _, SqliteConnection};

use crate::support::hermetic::{EXPORTS, Place, Ran};

const HEAD: &str = "kind,vendorId,psaId,compare,bundlePsaId,perUnit,weightFrom,weightTo\n";

/// A place with the canonical sample pulled on a day.
fn pulled() -> Place {
    let place = Place::new();
    place.write("trueup.toml", EXPORTS);
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/csv/canonical");
    for entry in std::fs::read_dir(samples).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        place.write(&format!("exports/{name}"), &std::fs::read_to_string(path).unwrap());
    }
    let _ = place.run("db migrate --as-of 2026-11-02").ended(0);
    let _ = place.run("pull --period 2026-10 --as-of 2026-11-02").ended(0);
    place
}

/// The same with its candidates.
fn proposed() -> Place {
    let place = pulled();
    let _ = place.run("propose all --as-of 2026-11-02").ended(0);
    place
}

/// Takes over a links file of these rows.
fn import(place: &Place, rows: &str) -> Ran {
    place.write("links.csv", &format!("{HEAD}{rows}"));
    place.run("review import links.csv --as-of 2026-11-02")
}

#[test]
fn a_links_file_is_taken_over_row_by_row_and_what_contradicts_is_named() {
    let place = pulled();
    let partly =
        import(&place, "company,v-1,20001,,,,,\nproduct,p-1,501,quantity,,,,\nproduct,p-2,502,weight,,,,\n").ended(5);
    assert_eq!(partly.stdout, "2 decisions saved\n");
    assert!(partly.stderr.contains("links.csv:4") && partly.stderr.contains("compare"), "{}", partly.transcript());
    // Another way to compare is a decision about a link that stands; another counterpart is not taken.
    assert_eq!(import(&place, "product,p-1,501,amount,,,,\n").ended(0).stdout, "1 decision saved\n");
    let refused = import(&place, "company,v-1,20002,,,,,\n").ended(4);
    assert!(refused.stderr.contains("link v-1 with 20002"), "{}", refused.transcript());
}

#[test]
fn ids_that_no_pull_listed_are_named_with_the_nearest_and_the_rest_is_taken_over() {
    let place = pulled();
    let rows = "company,v-11,20001,,,,,\ncompany,v-2,20092,,,,,\nproduct,p-1,501,quantity,,,,\n\
                product,zzzzzz,502,amount,,,,\nbundle,,501,,503,1,0,0.7\nbundle,,5002,,503,20,0.7,1\n";
    let partly = import(&place, rows).ended(5);
    assert_eq!(partly.stdout, "1 decision saved\n");
    let told: Vec<&str> = partly.stderr.lines().collect();
    assert_eq!(
        told,
        [
            "warning: links.csv:2, record v-11, field vendorId: no pull listed a vendor company `v-11`; did you mean `v-1`?",
            "warning: links.csv:3, record 20092, field psaId: no pull listed a PSA customer `20092`; did you mean `20002`?",
            "warning: links.csv:5, record zzzzzz, field vendorId: no pull listed a vendor product `zzzzzz`",
            "warning: links.csv:7, record 5002, field psaId: no pull listed a PSA product `5002`; did you mean `502`?",
        ],
    );
    let nothing = import(&place, "company,v-11,20001,,,,,\n").ended(2);
    assert!(nothing.stderr.contains("error: 1 row not followed"), "{}", nothing.transcript());
    // a record that left the list, and is charged for in the month, is known
    let companies = place.read("exports/vendor_companies.csv");
    let left: String =
        companies.lines().filter(|line| !line.starts_with("v-1,")).map(|line| format!("{line}\n")).collect();
    place.write("exports/vendor_companies.csv", &left);
    let _ = place.run("pull --period 2026-10 --as-of 2026-11-02").ended(0);
    assert_eq!(import(&place, "company,v-1,20001,,,,,\n").ended(0).stdout, "1 decision saved\n");
}

#[test]
fn an_exported_review_with_an_unknown_id_names_it_and_the_nearest() {
    let place = proposed();
    let _ = place.run("review export --kind products review.csv --as-of 2026-11-02").ended(0);
    let sheet = place.read("review.csv");
    let mut lines: Vec<Vec<String>> = sheet.lines().map(|line| line.split(',').map(str::to_owned).collect()).collect();
    let decision = lines[0].iter().position(|column| column == "decision").unwrap();
    for (row, vendor, say) in [(1, None, "link:5O1"), (2, Some("p-22"), "defer")] {
        say.clone_into(&mut lines[row][decision]);
        if let Some(vendor) = vendor {
            vendor.clone_into(&mut lines[row][1]);
        }
    }
    let filled: String = lines.iter().map(|cells| cells.join(",") + "\n").collect();
    place.write("review.csv", &filled);
    let refused = place.run("review import review.csv --as-of 2026-11-02").ended(2);
    for told in [
        "field decision: the PSA lists no `5O1`; did you mean `501`?",
        "record p-22, field vendor_id: no product `p-22` is under review; did you mean `p-2`?",
    ] {
        assert!(refused.stderr.contains(told), "{}", refused.transcript());
    }
}

#[tokio::test]
async fn links_of_one_product_are_compared_in_one_way() {
    let place = proposed();
    let told = "p-2 with 502 is compared by amount, p-1 with 502 by quantity; link one of them with another PSA record";
    let run = |line: &str| place.run(&format!("{line} --as-of 2026-11-02"));
    let _ = run("review link --kind products p-1 502").ended(0);
    // every charge of p-2 is metered, so a person's link of it is compared by amount
    let refused = run("review link --kind products p-2 502").ended(4);
    assert!(refused.stderr.contains(told), "{}", refused.transcript());
    let refused = import(&place, "product,p-2,502,amount,,,,\n").ended(4);
    assert!(refused.stderr.contains(told), "{}", refused.transcript());
    // said of both in one file, it is one way
    let both =
        "company,v-1,20001,,,,,\ncompany,v-2,20002,,,,,\nproduct,p-1,502,amount,,,,\nproduct,p-2,502,amount,,,,\n";
    assert_eq!(import(&place, both).ended(0).stdout, "4 decisions saved\n");
    let _ = run("reconcile --period 2026-10").ended(0);
    // a database from before the rule
    let url = format!("sqlite:{}", place.path().join("trueup.db").display());
    let mut database = SqliteConnection::connect(&url).await.unwrap();
    sqlx::query("update link set compare = 'quantity' where vendor_id = 'p-2'").execute(&mut database).await.unwrap();
    database.close().await.unwrap();
    let unknown = run("reconcile --period 2026-10").ended(8);
    for told in
        ["record p-2, field compare: p-2 with 502 is compared by quantity, p-1 with 502 by amount", "until then both"]
    {
        assert!(unknown.stderr.contains(told), "{}", unknown.transcript());
    }
}

#[test]
fn a_list_older_than_allowed_is_refused_as_old_lines_are() {
    for (file, list) in [("vendor_products.csv", "vendor products"), ("psa_companies.csv", "psa customers")] {
        let place = pulled();
        // the listing fails as a whole, so the one before it is what there is
        place.write(&format!("exports/{file}"), "Nummer;Firma\n1;Nordlicht\n");
        let _ = place.run("pull --period 2026-10 --as-of 2026-11-05").ended(8);
        let refused = place.run("reconcile --period 2026-10 --as-of 2026-11-05").ended(8);
        assert!(refused.stderr.contains(&format!("error: the {list} of `")), "{}", refused.transcript());
        assert!(refused.stderr.contains("are 72 hours old, 48 are allowed"), "{}", refused.transcript());
        place.write("trueup.toml", &format!("{EXPORTS}\n[reconcile]\nsnapshot_age_hours_max = 72\n"));
        let used = place.run("reconcile --period 2026-10 --as-of 2026-11-05").ended(8);
        assert!(used.stderr.contains("are used, 72 h old"), "{}", used.transcript());
    }
}
