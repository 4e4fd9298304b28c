//! What is public of Rev.io PSA: customers over several pages, with a token that ends in between; and nothing is written.

use trueup::connectors::rest::{ConnectorFile, describe};
use trueup::connectors::{PsaConnector as _, Unwatched};
use trueup::simulate::{File, REVIO, World};

use super::serve;

#[tokio::test]
async fn customers_are_read_over_pages_and_through_another_token() {
    let data = World::from_seed(7, 120, "2026-04").unwrap().data;
    for faults in ["", "expire=once"] {
        let (_running, rest) = serve(&REVIO, &data, faults, &[("calls = 60,", "calls = 1000000,")]).await;
        let customers = rest.customers(&Unwatched).await.unwrap();
        assert_eq!(customers.problems(), []);
        assert_eq!(customers.records().len(), data.table(File::PsaCompanies).len(), "{faults}");
        assert!(customers.records().len() > 100, "several pages");
        let products = rest.products(&Unwatched).await.unwrap_err().to_string();
        assert!(products.contains("the file has no entity `product`"), "{products}");
    }
}

#[test]
fn what_is_missing_is_said() {
    let said = describe(&ConnectorFile::builtin("builtin:revio").unwrap()).unwrap();
    let said = format!("{said:?}");
    for missing in
        ["No product is read.", "No line is read.", "A customer cannot be made or changed.", "No tickets are made."]
    {
        assert!(said.contains(missing), "{missing}: {said}");
    }
}
