"""Runs the client library `HaloPSA` from PyPI, unchanged, against a simulated HaloPSA.

usage: pypi_halopsa.py URL

The library has the addresses of the live service built in, so its calls are led to URL on their way out; nothing else of it
is touched. Prints one line per operation and ends with status 1 when one fails.
"""
import sys

from HaloPSA.Halo import Halo

from led import end, lead, run

lead(sys.argv[1].rstrip("/"), "https://demo.halopsa.com")


def same(found, wanted):
    assert found == wanted, f"{found} is not {wanted}"
    return found


halo = run("token", lambda: Halo("demo", "demo-client", "demo-secret"))
clients = run("clients", lambda: halo.Clients.search(includeinactive=True)["clients"])
client = clients[0]["id"]
paged = run("clients, a page", lambda: halo.Clients.search(pageinate=True, page_size=2, page_no=1))
run("clients, how many", lambda: same((len(paged["clients"]), paged["record_count"] >= 2), (2, True)))
run("all clients", lambda: halo.Clients.get_all())
run("client", lambda: same(halo.Clients.get(id=client, includedetails=True)["id"], client))
run("client changed", lambda: same(halo.Clients.update(id=client, name="By a library")["name"], "By a library"))
items = run("items", lambda: halo.Items.search()["items"])
run("item", lambda: same(halo.Items.get(id=items[0]["id"], includedetails=True)["id"], items[0]["id"]))
run("item changed", lambda: same(halo.Items.update(id=items[0]["id"], recurringcost=1.5)["recurringcost"], 1.5))
invoices = run("recurring invoices", lambda: halo.RecurringInvoices.get_all(includelines=True))
invoice = run("recurring invoice", lambda: halo.RecurringInvoices.get(id=invoices[0]["id"], includedetails=True))
invoice["lines"][0]["qty_order"] = 7
sent = run("lines sent whole", lambda: halo.RecurringInvoices.update(id=invoice["id"], lines=invoice["lines"]))
run("line changed", lambda: same(sent["lines"][0]["qty_order"], 7))
licence = run("licence made", lambda: halo.SoftwareLicences.update(name="Seats", type=1, count=3, client_id=client))
run("licence changed", lambda: same(halo.SoftwareLicences.update(id=licence["id"], count=4)["count"], 4))
run("licence", lambda: same(halo.SoftwareLicences.get(id=licence["id"])["count"], 4))
ticket = run("ticket made", lambda: halo.Tickets.update(summary="Renewal", details="Ask", client_id=client))
run("ticket", lambda: same(halo.Tickets.get(id=ticket["id"])["summary"], "Renewal"))
run("tickets", lambda: same(len(halo.Tickets.search(search="Renewal")["tickets"]), 1))
end()
