"""Runs the client library `pax8` from PyPI, unchanged, against a simulated Pax8.

usage: pypi_pax8.py URL

The library has the addresses of the live service built in, so its calls are led to URL on their way out; nothing else of it
is touched. Prints one line per operation and ends with status 1 when one fails.
"""
import sys

import pax8
import pax8.filters as filters

from led import end, lead, run

url = sys.argv[1].rstrip("/")
lead(url, "https://api.pax8.com", "https://login.pax8.com")

client = pax8.Pax8Client("demo-client", "demo-secret", cache_token=False)
everything = dict(page=0, size=200)
companies = run("list companies", lambda: client.Company.list(filters.CompanyFilter(**everything)))
assert {c.status.value for c in companies} <= {"Active", "Inactive"} and companies[0].address.city
company = run("get company", lambda: client.Company.get(companies[0].id))
assert company.name == companies[0].name
contacts = run("list contacts", lambda: client.Company.list_contacts(company.id))
assert run("get contact", lambda: client.Company.get_contact(company.id, contacts[0].id)) == contacts[0]
products = run("list products", lambda: client.Product.list(filters.ProductFilter(vendorName="Microsoft", **everything)))
product = run("get product", lambda: client.Product.get(products[0].id))
assert run("list provisioning details", lambda: client.Product.list_provisioning_details(product.id))[0].key == "msCustExists"
assert run("list dependencies", lambda: client.Product.list_dependencies(product.id)).commitmentDependencies
assert run("list pricing", lambda: client.Product.list_pricing(product.id))[0].rates[0].partnerBuyRate > 0
orders = run("list orders", lambda: client.Order.list(filters.OrderFilter(**everything)))
assert run("get order", lambda: client.Order.get(orders[0].id)).lineItems[0].subscriptionId
wanted = filters.SubscriptionFilter(status=None, companyId=company.id, **everything)
subscriptions = run("list subscriptions", lambda: client.Subscription.list(wanted))
assert all(s.companyId == company.id for s in subscriptions)
subscription = run("get subscription", lambda: client.Subscription.get(subscriptions[0].id))
assert run("get history", lambda: client.Subscription.get_history(subscription.id)).content
invoices = run("list invoices", lambda: client.Invoice.list(filters.InvoiceFilter(**everything)))
assert run("get invoice", lambda: client.Invoice.get(invoices[0].id)).total == invoices[0].total
items = run("list invoice items", lambda: client.Invoice.list_items(invoices[0].id, filters.InvoiceItemFilter(**everything)))
assert items and all(i.productName is None or i.sku for i in items)
every = client.Subscription.list(filters.SubscriptionFilter(**everything))
summaries = []
for one in every:
    summaries += client.Subscription.list_usage_summaries(one.id)
print(f"ok   list usage summaries: {len(summaries)} rows")
assert summaries
assert run("get usage summary", lambda: client.UsageSummary.get(summaries[0].id)) == summaries[0]
end()
