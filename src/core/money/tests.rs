//! What money keeps: every digit, its currency, and sums that cannot be broken by one figure.

use proptest::prelude::*;

use super::*;

fn amount(text: &str) -> Amount {
    Amount::parse(text).unwrap()
}

#[test]
fn text_is_read_exactly_or_refused() {
    //     text                   read as
    for (text, read) in [
        ("12345678901234567.89", "12345678901234567.89"),
        ("-0.0333", "-0.0333"),
        ("1.5e3", "1500"),
        ("25e-2", "0.25"),
        ("0e999999", "0"),
    ] {
        assert_eq!(exact(text).map(plain).as_deref(), Ok(read), "{text}");
    }
    for refused in [
        "",
        "NaN",
        "inf",
        "1,5",
        "1_000",
        " 1",
        "1e400",
        "1e-400",
        "1.2.3",
        "1-2",
        "e5",
        "0.12345678901234567890123456789",
        "٣",
    ] {
        assert!(exact(refused).is_err(), "{refused}");
    }
}

#[test]
fn a_figure_that_would_break_the_sums_is_refused() {
    for (text, told) in [
        ("999999999999999999", None),
        ("-999999999999999999.99", None),
        ("0.123456789012345678", None),
        ("0.100000000000000000000000000", None),
        ("1000000000000000000", Some("larger")),
        ("-1e18", Some("larger")),
        ("79228162514264337593543950335", Some("larger")),
        ("0.1234567890123456789", Some("more digits")),
        ("1e-28", Some("more digits")),
    ] {
        let refused = Amount::parse(text).err().map(|refused| refused.to_string());
        assert_eq!(refused.is_some(), told.is_some(), "{text}: {refused:?}");
        assert!(refused.unwrap_or_default().contains(told.unwrap_or_default()), "{text}");
        assert_eq!(Quantity::parse(text).is_err(), told.is_some(), "{text}");
    }
    assert!(UnitPrice::parse("0.0000000000000000000000000001").is_ok(), "prices are not summed");
}

#[test]
fn rounding_is_half_away_from_zero() {
    for (text, cents) in
        [("0.005", "0.01"), ("-0.005", "-0.01"), ("-0.0049", "0.00"), ("474.2255", "474.23"), ("7", "7.00")]
    {
        assert_eq!(amount(text).cents_text(), cents, "{text}");
    }
}

#[test]
fn a_share_is_the_nearest_integer() {
    //   part      whole     scale  share
    for (part, whole, scale, share_of) in [
        ("8.00", "44.00", 1000, Some(182)),
        ("1", "2", 1, Some(1)),
        ("-1", "2", 1, Some(-1)),
        ("1", "-2", 1, Some(-1)),
        ("-0.49", "-1", 1, Some(0)),
        ("2", "3", 1000, Some(667)),
        ("-0.05", "100.00", 1000, Some(-1)),
        ("0", "5", 1000, Some(0)),
        ("5", "0", 1000, None),
        ("999999999999999", "0.000000000001", 1000, None),
    ] {
        assert_eq!(share(amount(part), amount(whole), scale), share_of, "{part} of {whole}");
    }
}

#[test]
fn currencies_are_never_added_together() {
    let usd = Money::new(Decimal::ONE, "USD".parse().unwrap());
    let eur = Money::new(Decimal::TWO, "EUR".parse().unwrap());
    let mut totals = Totals::default();
    totals.add(usd).unwrap();
    totals.add(eur).unwrap();
    assert_eq!(totals.iter().map(|m| m.to_string()).collect::<Vec<_>>(), ["EUR 2.00", "USD 1.00"]);
    assert!("usd".parse::<Currency>().is_err() && "US".parse::<Currency>().is_err());
}

#[test]
fn a_product_that_would_lose_digits_is_refused() {
    let tiny = UnitPrice::parse("0.0000000000000000000000000001").unwrap();
    assert_eq!(tiny.extend(Quantity::parse("0.1").unwrap()), Err(MoneyError::Overflow));
    let largest = Amount::new(Decimal::MAX);
    assert_eq!(largest.plus(amount("1")), Err(MoneyError::Overflow));
    assert_eq!(amount("79228162514264").plus(Amount::new(exact("1e-21").unwrap())), Err(MoneyError::Overflow));
    assert_eq!(amount("1.25").minus(amount("1.25")), Ok(Amount::ZERO));
}

proptest! {
    #[test]
    fn totals_of_parts_equal_totals_of_the_whole(cents in proptest::collection::vec(-1_000_000_000i64..1_000_000_000, 0..40), cut in 0usize..40) {
        let usd: Currency = "USD".parse().unwrap();
        let sum = |part: &[i64]| {
            let mut totals = Totals::default();
            totals.add(Money::new(Decimal::ZERO, usd)).unwrap();
            for c in part { totals.add(Money::new(Decimal::new(*c, 4), usd)).unwrap(); }
            totals.get(usd).unwrap()
        };
        let (left, right) = cents.split_at(cut.min(cents.len()));
        prop_assert_eq!(sum(left).plus(sum(right)).unwrap(), sum(&cents));
    }
}
