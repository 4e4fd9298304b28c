//! `trueup pax8 products`: the catalogue, its prices, and what ordering demands. Reads only.

use crate::cli::pax8::read::{Asks, Id, Noun, Read, flag};
use crate::engine::pax8::Ask;

const PRODUCT: Id = ("PRODUCT", "The product's id or name, or the beginning of either; of an id at least 6 characters");

/// Reads of products.
#[derive(Debug, Clone)]
pub(super) struct Products;

impl Noun for Products {
    const READS: &'static [Read] = &[
        Read {
            verb: "list",
            about: "List the catalogue",
            more: "The catalogue is large; --search narrows it at Pax8.",
            asks: Asks::Pages(Ask::Products),
            flags: &[
                flag("search", "search", "With this in their name, vendor, sku or id"),
                flag("vendor", "vendorName", "Of exactly this vendor"),
            ],
            example: "products list --search Microsoft --sort name",
        },
        Read {
            verb: "get",
            about: "Show one product, with its long description",
            more: "",
            asks: Asks::Whole(PRODUCT, Ask::Product),
            flags: &[],
            example: "products get \"Microsoft 365 Business Basic\"",
        },
        Read {
            verb: "pricing",
            about: "Show a product's prices for each pair of billing and commitment term",
            more: "A price of zero says neither that a product is free nor that it is metered.",
            asks: Asks::Whole(PRODUCT, |product| Ask::Pricing { product }),
            flags: &[flag("company", "companyId", "As this company has them")],
            example: "products pricing \"Microsoft 365 Business Basic\" --company \"Meridian Credit Union\"",
        },
        Read {
            verb: "provision-details",
            about: "Show the questions that ordering a product asks",
            more: "Pax8 changes them; read them right before ordering. Answers are given with `orders create --line \"detail.KEY=…\"`.",
            asks: Asks::Whole(PRODUCT, |product| Ask::ProvisionDetails { product }),
            flags: &[],
            example: "products provision-details \"Microsoft 365 Business Basic\"",
        },
        Read {
            verb: "dependencies",
            about: "Show a product's commitments and the products it needs",
            more: "A commitment says how long one is bound, and whether quantities may go up or down meanwhile.",
            asks: Asks::Whole(PRODUCT, |product| Ask::Dependencies { product }),
            flags: &[],
            example: "products dependencies \"Microsoft 365 Business Basic\"",
        },
    ];
}
