//! The laws of matching, on random lists with few words so that ties and rivals abound.

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::option;
    use proptest::prelude::*;

    use crate::core::customer::CustomerFields;
    use crate::core::matching::*;
    use crate::core::product::ProductFields;

    fn name() -> impl Strategy<Value = String> {
        let word =
            prop::sample::select(vec!["harbour", "Harbor", "dental", "marine", "nord", "NORDWIND", "7", "Ltd", "GmbH"]);
        vec(word, 1..4).prop_map(|words| words.join(" "))
    }

    fn customers_of(side: &'static str) -> impl Strategy<Value = Vec<CustomerFields>> {
        let digit = || prop::sample::select(vec!["1", "2", "3"]);
        let key = if side == "v" { "p" } else { "v" };
        let fields = (name(), option::of(digit()), option::weighted(0.2, digit()), option::of(digit()));
        vec(fields, 0..9).prop_map(move |all| {
            let field = move |(name, phone, external, domain): (String, Option<&str>, Option<&str>, Option<&str>)| {
                CustomerFields {
                    name,
                    phone: phone.map(|d| format!("555 010{d} 000")),
                    website: domain.map(|d| format!("https://site{d}.example/")),
                    external_id: external.map(|d| format!("{key}{d}")),
                    ..CustomerFields::default()
                }
            };
            all.into_iter().map(field).collect()
        })
    }

    fn numbered<S, E, F>(side: &str, all: Vec<F>) -> Vec<crate::core::record::Record<Id<S, E>, F>> {
        let record =
            |(at, fields)| crate::core::record::Record { id: Id::new(format!("{side}{at}")), fields, version: None };
        all.into_iter().enumerate().map(record).collect()
    }

    fn lists() -> impl Strategy<Value = (Vec<VendorCustomer>, Vec<PsaCustomer>)> {
        (customers_of("v"), customers_of("p")).prop_map(|(v, p)| (numbered("v", v), numbered("p", p)))
    }

    fn pairs<E>(proposals: &[Proposal<E>], band: impl Fn(Band) -> bool) -> BTreeSet<(String, String)> {
        let pair = |p: &Proposal<E>| Some((p.vendor.as_ref()?.to_string(), p.psa.as_ref()?.to_string()));
        proposals.iter().filter(|p| band(p.band)).filter_map(pair).collect()
    }

    proptest! {
        #[test]
        fn the_order_of_input_does_not_matter((vendor, psa) in lists(), turn in 0usize..9) {
            let known = Known::default();
            let expected = customers(&vendor, &psa, &known, &Rules::default());
            let (mut v, mut p) = (vendor, psa);
            v.reverse();
            let by = turn.min(p.len());
            p.rotate_left(by);
            prop_assert_eq!(customers(&v, &p, &known, &Rules::default()), expected);
        }

        #[test]
        fn every_record_appears_once_and_no_proposal_breaks_the_shape((vendor, psa) in lists(), sharing: bool) {
            let shape = if sharing { Shape::ManyToOne } else { Shape::OneToOne };
            let rules = Rules { customers: shape, ..Rules::default() };
            let proposals = customers(&vendor, &psa, &Known::default(), &rules);
            let mut seen: Vec<&str> = proposals.iter().filter_map(|p| p.vendor.as_ref()).map(Id::as_str).collect();
            seen.sort_unstable();
            prop_assert_eq!(seen, vendor.iter().map(|r| r.id.as_str()).collect::<Vec<_>>());
            let mut links = LinkSet::default();
            for proposal in &proposals {
                if let (Some(vendor), Some(psa)) = (proposal.vendor.clone(), proposal.psa.clone()) {
                    let claim = links.claim(Link { vendor, psa }, shape);
                    prop_assert!(claim.is_ok(), "{claim:?}");
                }
            }
            // each PSA record is taken by a pair, or listed alone once
            for record in &psa {
                let alone = proposals.iter().filter(|p| p.vendor.is_none() && p.psa.as_ref() == Some(&record.id)).count();
                prop_assert_eq!(alone, usize::from(!links.knows_psa(&record.id)));
            }
        }

        #[test]
        fn raising_a_threshold_never_adds_matches((vendor, psa) in lists(), low in 0u16..1000, more in 0u16..500, margin in 0u16..500) {
            let at = |match_at, possible_at, margin| {
                let rules = Rules {
                    match_at: Permille(match_at),
                    possible_at: Permille(possible_at),
                    margin: Permille(margin),
                    ..Rules::default()
                };
                customers(&vendor, &psa, &Known::default(), &rules)
            };
            let base = at(low, 100, 0);
            let is_match = |b| b == Band::Match;
            for stricter in [at(low + more, 100, 0), at(low, 100 + more, 0), at(low, 100, margin)] {
                prop_assert!(pairs(&stricter, is_match).is_subset(&pairs(&base, is_match)));
                prop_assert!(pairs(&stricter, |_| true).is_subset(&pairs(&base, |_| true)));
            }
        }

        #[test]
        fn ties_are_never_matches((vendor, psa) in lists()) {
            for proposal in customers(&vendor, &psa, &Known::default(), &Rules { match_at: Permille(0), margin: Permille(0), ..Rules::default() }) {
                let rival = proposal.runner_up.as_ref().map(|r| r.score);
                let even = proposal.psa.is_some() && proposal.exact_key.is_none() && rival == Some(proposal.score);
                prop_assert!(!even || (proposal.tie && proposal.band == Band::Possible), "{proposal:?}");
            }
        }

        #[test]
        fn what_is_decided_is_not_proposed_again((vendor, psa) in lists()) {
            let first = customers(&vendor, &psa, &Known::default(), &Rules::default());
            let mut known = Known::<Company>::default();
            for (at, proposal) in first.iter().enumerate() {
                match (proposal.vendor.clone(), proposal.psa.clone()) {
                    (Some(vendor), Some(psa)) if at % 2 == 0 => {
                        known.links.claim(Link { vendor, psa }, Shape::OneToOne).unwrap();
                    }
                    (Some(vendor), Some(psa)) => {
                        known.rejected.insert((vendor, psa), Some(proposal.fingerprint.clone()));
                    }
                    (Some(vendor), None) => { known.excluded_vendor.insert(vendor); }
                    (None, Some(psa)) => { known.excluded_psa.insert(psa); }
                    (None, None) => prop_assert!(false, "a proposal about nothing"),
                }
            }
            for proposal in customers(&vendor, &psa, &known, &Rules::default()) {
                let (v, p) = (proposal.vendor, proposal.psa);
                prop_assert!(v.as_ref().is_none_or(|v| known.links.psa_of(v).is_none() && !known.excluded_vendor.contains(v)));
                prop_assert!(p.as_ref().is_none_or(|p| !known.links.knows_psa(p) && !known.excluded_psa.contains(p)));
                if let (Some(v), Some(p)) = (v, p) {
                    prop_assert!(!known.rejected.contains_key(&(v, p)));
                }
            }
        }

        #[test]
        fn any_text_is_taken(name in ".{0,60}", other in ".{0,60}", site in ".{0,30}") {
            let fields = |name: String| CustomerFields {
                name,
                website: Some(site.clone()),
                phone: Some(site.clone()),
                postcode: Some(site.clone()),
                street: Some(site.clone()),
                city: Some(site.clone()),
                ..CustomerFields::default()
            };
            let (v, p) = (numbered("v", vec![fields(name.clone())]), numbered("p", vec![fields(other.clone())]));
            prop_assert_eq!(customers(&v, &p, &Known::default(), &Rules::default()).iter().filter(|p| p.vendor.is_some()).count(), 1);
            let title = |name: String| ProductFields { name, vendor_sku: Some(site.clone()), ..ProductFields::default() };
            let (v, p) = (numbered("v", vec![title(name)]), numbered("p", vec![title(other)]));
            prop_assert_eq!(products(&v, &p, &Known::default(), &Rules::default()).iter().filter(|p| p.vendor.is_some()).count(), 1);
        }
    }

    fn customer(name: &str, external: Option<&str>) -> CustomerFields {
        CustomerFields { name: name.to_owned(), external_id: external.map(str::to_owned), ..CustomerFields::default() }
    }

    #[test]
    fn a_key_decides_before_any_name_and_a_double_key_decides_nothing() {
        let vendor: Vec<VendorCustomer> = numbered(
            "v",
            vec![
                customer("Harbour Dental", Some("p1")),
                customer("Nordwind", Some("p2")),
                customer("Nordwind West", Some("p2")),
            ],
        );
        let psa: Vec<PsaCustomer> = numbered(
            "p",
            vec![customer("Harbour Dental", None), customer("Other Name", None), customer("Nordwind", None)],
        );
        let proposals = customers(&vendor, &psa, &Known::default(), &Rules::default());
        let of = |v: &str| proposals.iter().find(|p| p.vendor.as_ref().is_some_and(|id| id.as_str() == v)).unwrap();
        let first = of("v0");
        assert_eq!(first.psa, Some(Id::new("p1")), "the key outranks the equal name");
        assert_eq!((first.band, first.score), (Band::Match, Permille::ALL));
        assert_eq!(first.exact_key.as_ref().map(|k| k.kind.as_str()), Some("vendor external id = PSA id"));
        let second = of("v1");
        assert!(
            second.has_key_conflict() && second.band == Band::Possible && second.psa == Some(Id::new("p2")),
            "{second:?}"
        );
        assert_eq!(exact_customers(&vendor, &psa), [Link { vendor: Id::new("v0"), psa: Id::new("p1") }]);
    }

    #[test]
    fn a_key_that_points_at_a_linked_record_is_a_conflict() {
        let vendor: Vec<VendorCustomer> =
            numbered("v", vec![customer("Harbour", None), customer("Marine", Some("p0"))]);
        let psa: Vec<PsaCustomer> = numbered("p", vec![customer("Harbour", None)]);
        let mut known = Known::default();
        known.links.claim(Link { vendor: Id::new("v0"), psa: Id::new("p0") }, Shape::OneToOne).unwrap();
        let proposals = customers(&vendor, &psa, &known, &Rules::default());
        assert_eq!(proposals.len(), 1);
        assert_eq!(
            proposals[0].evidence[0].line(),
            "key cannot decide: \"p0\" / \"p0\" (vendor external id = PSA id, p0 is already linked with v0)"
        );
    }

    #[test]
    fn a_rejected_pair_comes_back_only_when_its_evidence_changed() {
        let vendor: Vec<VendorCustomer> = numbered("v", vec![customer("Harbour Dental Ltd", None)]);
        let psa: Vec<PsaCustomer> = numbered("p", vec![customer("HARBOUR DENTAL", None)]);
        let first = &customers(&vendor, &psa, &Known::default(), &Rules::default())[0];
        assert_eq!(first.psa, Some(Id::new("p0")));
        let mut known = Known::default();
        known.rejected.insert((Id::new("v0"), Id::new("p0")), Some(first.fingerprint.clone()));
        assert_eq!(customers(&vendor, &psa, &known, &Rules::default())[0].psa, None);
        // another spelling of the same words is the same evidence; another telephone number is not
        let mut changed = vendor.clone();
        changed[0].fields.name = "harbour DENTAL ltd.".to_owned();
        assert_eq!(customers(&changed, &psa, &known, &Rules::default())[0].psa, None);
        changed[0].fields.phone = Some("555 0101 000".to_owned());
        let again = &customers(&changed, &psa, &known, &Rules::default())[0];
        assert_eq!(again.psa, Some(Id::new("p0")));
        assert!(again.evidence.iter().any(|e| e.attribute == Attribute::Rejection));
        // rejected without evidence: never again
        known.rejected.insert((Id::new("v0"), Id::new("p0")), None);
        assert_eq!(customers(&changed, &psa, &known, &Rules::default())[0].psa, None);
    }

    #[test]
    fn several_terms_of_one_product_share_a_psa_product_and_audiences_stay_apart() {
        let product = |name: &str| ProductFields { name: name.to_owned(), ..ProductFields::default() };
        let vendor: Vec<VendorProduct> = numbered(
            "v",
            vec![
                product("Microsoft 365 Business Premium [New Commerce Experience]"),
                product("Microsoft 365 Business Premium Annual"),
                product("Microsoft 365 Business Premium (faculty)"),
            ],
        );
        let psa: Vec<PsaProduct> = numbered("p", vec![product("M365 Bus Prem"), product("M365 Bus Std")]);
        let proposals = products(&vendor, &psa, &Known::default(), &Rules::default());
        let bands: Vec<_> = proposals.iter().map(|p| (p.psa.as_ref().map(Id::as_str), p.band)).collect();
        assert_eq!(bands[..2], [(Some("p0"), Band::Match), (Some("p0"), Band::Match)]);
        assert!(bands[2].1 < Band::Match, "{bands:?}");
        let audience = proposals[2].evidence.iter().find(|e| e.attribute == Attribute::Audience);
        assert!(proposals[2].psa.is_none() || audience.is_some_and(|e| e.weight < 0));
    }

    #[test]
    fn an_article_code_decides_a_product_only_where_it_stands_once_on_each_side() {
        let product = |name: &str, sku: &str, vendor_sku: &str| ProductFields {
            name: name.to_owned(),
            sku: Some(sku.to_owned()),
            vendor_sku: Some(vendor_sku.to_owned()),
            ..ProductFields::default()
        };
        let vendor: Vec<VendorProduct> = numbered(
            "v",
            vec![
                product("Backup", "D-1", "M-1"),
                product("Filter", "D-2", "M-2"),
                product("Filter Yearly", "D-3", "M-2"),
            ],
        );
        let psa: Vec<PsaProduct> = numbered("p", vec![product("Safe", "M-1", ""), product("Spam", "SPAM", "M-2")]);
        assert_eq!(exact_products(&vendor, &psa), [Link { vendor: Id::new("v0"), psa: Id::new("p0") }]);
        let proposals = products(&vendor, &psa, &Known::default(), &Rules::default());
        let of_vendor = proposals.iter().filter(|p| p.vendor.is_some());
        assert_eq!(of_vendor.map(Proposal::has_key_conflict).collect::<Vec<_>>(), [false, true, true]);
    }

    #[test]
    fn a_better_rival_that_went_elsewhere_is_a_tie_too() {
        let vendor: Vec<VendorCustomer> =
            numbered("v", vec![customer("dental", None), customer("dental Harbor", Some("p1"))]);
        let psa: Vec<PsaCustomer> =
            numbered("p", vec![customer("dental", None), customer("dental", None), customer("dental", Some("v1"))]);
        let rules = Rules { match_at: Permille(0), margin: Permille(0), ..Rules::default() };
        let proposals = customers(&vendor, &psa, &Known::default(), &rules);
        assert!(proposals[1].tie && proposals[1].band == Band::Possible, "{:?}", proposals[1]);
    }

    #[test]
    fn a_renamed_company_is_found_through_its_fields() {
        let fields = |name: &str| CustomerFields {
            name: name.to_owned(),
            phone: Some("555 0101 000".to_owned()),
            website: Some("https://harbour.example".to_owned()),
            street: Some("7 Market Street".to_owned()),
            ..CustomerFields::default()
        };
        let vendor: Vec<VendorCustomer> =
            numbered("v", vec![fields("Harbour Dental"), customer("Quite Another", None)]);
        let psa: Vec<PsaCustomer> = numbered("p", vec![fields("Northgate Clinic"), customer("Something Else", None)]);
        let proposals = customers(&vendor, &psa, &Known::default(), &Rules::default());
        assert_eq!(proposals[0].psa, Some(Id::new("p0")));
        assert_eq!(proposals[1].band, Band::NoCounterpart);
    }

    #[test]
    fn a_proposal_survives_being_stored() {
        let vendor: Vec<VendorCustomer> = numbered("v", vec![customer("Harbour Dental Ltd", Some("p0"))]);
        let psa: Vec<PsaCustomer> = numbered("p", vec![customer("HARBOUR DENTAL", None), customer("Harbour", None)]);
        let proposals = customers(&vendor, &psa, &Known::default(), &Rules::default());
        let text = serde_json::to_string(&proposals).unwrap();
        assert_eq!(serde_json::from_str::<Vec<Proposal<Company>>>(&text).unwrap(), proposals);
        assert!(!text.contains("e-"), "no float leaves the comparison: {text}");
    }
}
