"""The same reconcile in DuckDB, the peer of against_duckdb.py: reads a folder of exports, writes variances.csv and totals.json.

  duckdb_reconcile.py DIR PERIOD OUT [--load]

One streaming aggregation per side: lines are never materialised, columns are typed and only those needed are read. With
--load both long files are first read into tables, whole and in order, as one would begin by hand.
"""
import json
import os
import sys

import duckdb

ITEMS = """read_csv('{dir}/vendor_invoice_items.csv', header=true, delim=',', quote='"', types={{
  'quantity': 'DECIMAL(18,10)', 'subTotal': 'DECIMAL(18,6)', 'costTotal': 'DECIMAL(18,6)', 'price': 'DECIMAL(18,9)', 'cost': 'DECIMAL(18,9)',
  'startPeriod': 'VARCHAR', 'term': 'VARCHAR', 'type': 'VARCHAR', 'chargeType': 'VARCHAR', 'companyId': 'VARCHAR', 'productId': 'VARCHAR',
  'currencyCode': 'VARCHAR', 'externalId': 'VARCHAR', 'details': 'VARCHAR', 'endPeriod': 'VARCHAR'}})"""
LINES = """read_csv('{dir}/psa_agreement_lines.csv', header=true, delim=',', quote='"', types={{
  'quantity': 'DECIMAL(18,6)', 'lessIncluded': 'DECIMAL(18,6)', 'unitPrice': 'DECIMAL(18,6)', 'unitCost': 'DECIMAL(18,6)',
  'extendedPrice': 'DECIMAL(18,2)', 'extendedCost': 'DECIMAL(18,2)', 'effectiveDate': 'DATE', 'cancelledDate': 'DATE', 'companyId': 'VARCHAR',
  'productId': 'VARCHAR', 'currencyCode': 'VARCHAR'}})"""
QUERY = """
create table links as select * from read_csv('{dir}/ground_truth_mappings.csv', header=true, all_varchar=true);
create table company as select "vendorId" v, "psaId" p from links where kind = 'company' and "psaId" is not null;
create table product as select "vendorId" v, "psaId" p from links where kind = 'product' and "psaId" is not null;
create table compare as select "psaId" p, any_value(compare) how from links where kind = 'product' and "psaId" is not null group by 1;
create table bundle as select "bundlePsaId" b, "psaId" p, cast("perUnit" as decimal(9,4)) n,
  cast("weightFrom" as decimal(9,6)) lo, cast("weightTo" as decimal(9,6)) hi from links where kind = 'bundle';

create view vendor_line as
select i."currencyCode" cur, i."type" typ, case when i."type" = 'payment-credit' then 'vendorExcluded'
    when left(i."startPeriod", 7) <> '{period}' then 'vendorOutOfPeriod' else 'vendorCells' end bucket, c.p company, d.p product,
  i."companyId" vc, i."productId" vp, i.quantity q, i."subTotal" amount, i."costTotal" cost, i.price price, i.cost unit_cost,
  i."type" in ('subscription', 'one-time') priced, i."chargeType" = 'per' and i.term is distinct from 'Arrears' multiplies
from {items} i
left join company c on c.v = i."companyId" left join product d on d.v = i."productId";

create table vendor_all as
select cur, bucket,
  case when bucket <> 'vendorCells' then null when company is null then 'vendor:' || vc else 'psa:' || company end ck,
  case when bucket <> 'vendorCells' then null when company is null or product is null then 'vendor:' || vp else 'psa:' || product end pk,
  count(*) lines,
  coalesce(sum(q) filter (typ in ('subscription', 'prorate', 'one-time', 'service-charge')), 0) q,
  sum(amount) amount_exact, sum(cost) cost_exact,
  coalesce(sum(amount) filter (typ in ('service-credit', 'invoice-credit', 'rebate')), 0) credit,
  min(price) filter (priced) plo, max(price) filter (priced) phi, min(unit_cost) filter (priced) clo, max(unit_cost) filter (priced) chi,
  coalesce(bool_or(priced and multiplies and cost <> round(cast(q as decimal(18,10)) * cast(unit_cost as decimal(18,9)), 2)), false) math
from vendor_line group by 1, 2, 3, 4;

create view psa_line as
select l.*, l."agreementStatus" <> 'Active' or l."billCustomer" = 'DoNotBill' or l."effectiveDate" > last_day(date '{period}-01')
  or coalesce(l."cancelledDate" <= date '{period}-01', false) inactive,
  l."companyId" in (select p from company) known_company, l."productId" in (select p from compare) sold, l."productId" in (select b from bundle) bundled
from {lines} l;
create table psa_bucket as
select "currencyCode" cur, case when inactive then 'psaInactive' when not known_company then 'psaCompanyUnmapped'
  when not sold and not bundled then 'psaNotVendorSourced' else 'psaCells' end bucket, count(*) lines, sum("extendedPrice") amount, sum("extendedCost") cost
from psa_line group by 1, 2;
create view psa_share as
select "currencyCode" cur, "companyId" company, "productId" product, "quantity" q, "extendedPrice" ext, "extendedCost" ext_cost, "lessIncluded" inc,
  "unitPrice" price, "unitCost" unit_cost, "billCustomer" bill, "lineType" typ, false bundled
from psa_line where not inactive and known_company and sold and not bundled
union all
select "currencyCode", "companyId", b.p, "quantity" * b.n, round("extendedPrice" * b.hi, 2) - round("extendedPrice" * b.lo, 2),
  round("extendedCost" * b.hi, 2) - round("extendedCost" * b.lo, 2), 0, null, null, "billCustomer", "lineType", true
from psa_line join bundle b on b.b = "productId" where not inactive and known_company and bundled;
create table psa_cell as
select cur, 'psa:' || company ck, 'psa:' || product pk, count(*) lines, coalesce(sum(q) filter (typ <> 'credit'), 0) q,
  coalesce(sum(ext) filter (bill <> 'NoCharge'), 0) amount,
  coalesce(sum(ext) filter (bill = 'NoCharge'), 0) + coalesce(sum(round(inc * price, 2)) filter (not bundled), 0) included,
  sum(ext_cost) cost, coalesce(sum(ext) filter (typ = 'credit'), 0) credit, bool_or(bundled) bundled,
  min(price) filter (typ = 'recurring') plo, max(price) filter (typ = 'recurring') phi,
  min(unit_cost) filter (typ = 'recurring') clo, max(unit_cost) filter (typ = 'recurring') chi
from psa_share group by 1, 2, 3;

create table cell as
with joined as (
  select coalesce(v.cur, p.cur) cur, coalesce(v.ck, p.ck) ck, coalesce(v.pk, p.pk) pk, coalesce(v.q, 0) vq, coalesce(p.q, 0) pq,
    round(coalesce(v.amount_exact, 0), 2) va, coalesce(p.amount, 0) pa, coalesce(p.included, 0) pi, round(coalesce(v.cost_exact, 0), 2) vc,
    coalesce(p.cost, 0) pc, round(coalesce(v.credit, 0), 2) v_credit, coalesce(p.credit, 0) p_credit, v.lines vl, p.lines pl, coalesce(v.math, false) math,
    coalesce(p.bundled, false) bundled, v.plo <> p.plo or v.phi <> p.phi price_off, v.clo <> p.clo or v.chi <> p.chi cost_off
  from (select * from vendor_all where bucket = 'vendorCells') v full join psa_cell p on v.cur = p.cur and v.ck = p.ck and v.pk = p.pk),
judged as (
  select j.*, va - pa - pi variance, ck like 'vendor:%' f1, not f1 and pk like 'vendor:%' f2, not f1 and not f2 and pl is null f4,
    not f1 and not f2 and not f4 and vl is null f8, not f1 and not f2 and not f4 and not f8 both_sides, coalesce(c.how, 'quantity') <> 'amount' by_quantity,
    both_sides and by_quantity and vq > pq f16, both_sides and by_quantity and vq < pq f32,
    both_sides and by_quantity and not bundled and coalesce(price_off, false) f64,
    both_sides and by_quantity and not bundled and coalesce(cost_off, false) f512,
    both_sides and by_quantity and not bundled and not f16 and not f32 and not f64 and variance <> 0 rest,
    rest and variance = v_credit - p_credit f256, (rest and not f256) or (both_sides and not by_quantity and variance <> 0) f128
  from joined j left join compare c on j.pk = 'psa:' || c.p)
select *, f1::int + 2 * f2::int + 4 * f4::int + 8 * f8::int + 16 * f16::int + 32 * f32::int + 64 * f64::int + 128 * f128::int + 256 * f256::int
  + 512 * f512::int + 1024 * math::int flags,
  case when f1 then 'UNMAPPED_COMPANY' when f2 then 'UNMAPPED_PRODUCT' when f4 then 'MISSING_IN_PSA' when f8 then 'MISSING_IN_VENDOR'
    when f16 then 'QTY_UNDERBILLED' when f32 then 'QTY_OVERBILLED' when f64 then 'PRICE_STALE' when f128 then 'AMOUNT_MISMATCH'
    when f256 then 'CREDIT_NOT_PASSED' when f512 then 'COST_STALE' when math then 'VENDOR_MATH' else 'OK' end class
from judged;

copy (select '{period}' period, cur "currencyCode", ck "companyKey", pk "productKey", class, flags, vq "vendorQuantity", pq "psaQuantity",
  vq - pq "quantityVariance", va "vendorAmount", pa "psaAmount", pi "psaIncludedAmount", variance "amountVariance", vc "vendorCost", pc "psaCost"
  from cell where flags <> 0 order by cur, ck, pk) to '{out}/variances.csv' (header true);
"""


def main():
    folder, period, out = sys.argv[1:4]
    os.makedirs(out, exist_ok=True)
    db = duckdb.connect()
    db.execute(f"set threads = {os.cpu_count()}")
    items, lines = ITEMS.format(dir=folder), LINES.format(dir=folder)
    if "--load" in sys.argv:
        db.execute(f"create table item as select * from {items}")
        db.execute(f"create table line as select * from {lines}")
        items, lines = "item", "line"
    else:
        db.execute("set preserve_insertion_order = false")
    for statement in QUERY.format(dir=folder, period=period, out=out, items=items, lines=lines).split(";\n"):
        if statement.strip():
            db.execute(statement)
    rows = lambda q: [[str(c) for c in r] for r in db.execute(q).fetchall()]
    totals = {
        "buckets": rows("select cur, bucket, sum(lines), sum(amount_exact), sum(cost_exact) from vendor_all group by 1, 2 union all select * from psa_bucket order by 1, 2"),
        "classes": rows("select cur, class, count(*), sum(va), sum(pa), sum(pi), sum(variance), sum(vc), sum(pc) from cell group by 1, 2 order by 1, 2"),
    }
    with open(os.path.join(out, "totals.json"), "w", encoding="utf-8") as f:
        json.dump(totals, f, indent=1)


if __name__ == "__main__":
    main()
