"""Runs the client library `pyconnectwise` from PyPI, unchanged, against a simulated ConnectWise PSA.

usage: pypi_connectwise.py URL COMPANY PUBLIC_KEY PRIVATE_KEY CLIENT_ID

The library speaks https to a host; its calls are led to URL on their way out, and nothing else of it is touched. Prints one
line per operation and ends with status 1 when one fails.
"""
import sys

from pyconnectwise import ConnectWiseManageAPIClient
from pyconnectwise.exceptions import AuthenticationFailedException, NotFoundException, ObjectExistsError

from led import end, lead, refused, run

url, company, public_key, private_key, client_id = sys.argv[1:]
HOST = "api-na.psa.example"
lead(url.rstrip("/"), f"https://{HOST}")


def connect(key):
    return ConnectWiseManageAPIClient(company, HOST, client_id, public_key, key)


client = run("ask for the code base", lambda: connect(private_key))
refused("another key", AuthenticationFailedException, lambda: connect("wrong").company.companies.get())
assert run("system information", client.system.info.get).version
companies = run("list companies", lambda: client.company.companies.get(params={"pageSize": 1000}))
assert len(companies) > 10 and companies[0].name
assert run("count companies", client.company.companies.count.get).count == len(companies)
pages = run("companies by pages", lambda: list(client.company.companies.paginated(1, 7).all()))
assert [one.id for one in pages] == [one.id for one in companies]
some = {"conditions": f"id={companies[3].id}", "fields": "id,identifier,name"}
assert run("companies by a condition", lambda: client.company.companies.get(params=some))[0].name == companies[3].name
assert run("one company", lambda: client.company.companies.id(companies[1].id).get()).identifier == companies[1].identifier
refused("a company that is not there", NotFoundException, lambda: client.company.companies.id(999999).get())
assert run("statuses", client.company.companies.statuses.get)
new = {"identifier": "FOREIGN", "name": "Foreign Client Ltd", "site": {"name": "Main"}}
made = run("make a company", lambda: client.company.companies.post(new))
refused("the same again", ObjectExistsError, lambda: client.company.companies.post(new))
change = [{"op": "replace", "path": "/city", "value": "Bath"}]
assert run("change a company", lambda: client.company.companies.id(made.id).patch(change)).city == "Bath"
assert client.company.companies.id(made.id).get().city == "Bath"

catalog = run("list the catalogue", lambda: client.procurement.catalog.get(params={"pageSize": 1000}))
assert catalog[0].identifier and catalog[0].price is not None
assert run("one item", lambda: client.procurement.catalog.id(catalog[0].id).get()).id == catalog[0].id

agreements = run("list agreements", lambda: client.finance.agreements.get(params={"pageSize": 1000}))
agreement = client.finance.agreements.id(agreements[0].id)
additions = run("list additions", agreement.additions.get)
assert additions[0].quantity is not None and additions[0].product
product = {"id": catalog[0].id}
line = {"product": product, "billCustomer": "Billable", "quantity": 3, "effectiveDate": "2026-11-01T00:00:00Z"}
added = run("make an addition", lambda: agreement.additions.post(line))
assert added.ext_price == added.unit_price * 3
more = [{"op": "replace", "path": "quantity", "value": 5}]
assert run("change its quantity", lambda: agreement.additions.id(added.id).patch(more)).quantity == 5
assert len(agreement.additions.get()) == len(additions) + 1

invoices = run("list invoices", lambda: client.finance.invoices.get(params={"pageSize": 1000}))
assert invoices[0].agreement and invoices[0].total == invoices[0].agreement_amount
ticket = {"summary": "A variance", "company": {"id": companies[0].id}, "externalXRef": "variance-1"}
opened = run("make a ticket", lambda: client.service.tickets.post(ticket))
by_reference = {"conditions": 'externalXRef="variance-1"'}
assert [one.id for one in run("find the ticket", lambda: client.service.tickets.get(params=by_reference))] == [opened.id]
end()
