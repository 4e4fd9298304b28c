"""Makes a database of Tryton that every test starts from a copy of: prepare.py FOLDER

FOLDER/template.sqlite is a company with a chart of accounts, a fiscal year for every month the tests bill, and what
subscriptions and invoices need; FOLDER/template.json says which ids these have, and the key of the REST interface.
It has no customers, products or subscriptions: a test makes its own.
"""
import datetime
import json
import os
import pathlib
import sys
import tempfile
from decimal import Decimal

MODULES = ["account_product", "account_invoice", "sale_subscription"]
PASSWORD = "tests only"
YEARS = [2026]


def main():
    goal = pathlib.Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory() as place:
        place = pathlib.Path(place)
        configured(place)
        modules(place)
        found = base()
        (goal / "template.json").write_text(json.dumps(found, indent=1, sort_keys=True) + "\n")
        written(place / "erp.sqlite", goal / "template.sqlite")


def configured(place):
    from trytond import config

    (place / "trytond.conf").write_text(f"[database]\nuri = sqlite://\npath = {place}\n")
    (place / "password").write_text(PASSWORD)
    (place / "erp.sqlite").touch()
    os.environ["TRYTONPASSFILE"] = str(place / "password")
    config.update_etc([str(place / "trytond.conf")])


def modules(place):
    import trytond.admin as admin
    import trytond.commandline as commandline

    parser = commandline.get_parser_admin()
    common = ["-c", str(place / "trytond.conf"), "-d", "erp", "--no-indexes", "--email", "admin@erp.example"]
    admin.run(parser.parse_args([*common, "-u", "ir", "res", *MODULES, "--activate-dependencies"]))


def written(database, goal):
    """The database as one file, without a log beside it. It comes last: where it is, all is."""
    import sqlite3

    whole = goal.with_suffix(".part")
    whole.unlink(missing_ok=True)
    with sqlite3.connect(database) as connection:
        connection.execute("VACUUM INTO ?", [str(whole)])
    whole.rename(goal)


def base():
    from trytond.transaction import Transaction, TransactionError

    # A step that needs a table for itself says so, and is begun again with it: so does the server for every call.
    asked = {}
    while True:
        with Transaction().start("erp", 0, **asked) as transaction:
            try:
                return made(transaction)
            except TransactionError as error:
                transaction.rollback()
                error.fix(asked)


def made(transaction):
    from trytond.pool import Pool

    pool = Pool()
    user, = pool.get("res.user").search([("login", "=", "admin")])
    company, currency = our_company(pool, user)
    context = {"company": company.id, "companies": [company.id], "active_test": True}
    with transaction.set_user(user.id), transaction.set_context(context):
        found = {"password": PASSWORD, "user": user.id, "company": company.id, "currency": currency.id}
        found["key"] = key(pool, user)
        found.update(accounts(pool, company))
        for year in YEARS:
            fiscal_year(pool, company, year)
        found.update(trade(pool, found))
    return found


def our_company(pool, user):
    Currency, Party, Company = map(pool.get, ["currency.currency", "party.party", "company.company"])
    rates = [("create", [{"rate": Decimal(1), "date": datetime.date(2020, 1, 1)}])]
    dollar, = Currency.create([{"name": "US Dollar", "code": "USD", "symbol": "$", "digits": 2,
                                "rounding": Decimal("0.01"), "rates": rates}])
    # Every database has the currency of its company and, for what is billed in another, a second one.
    Currency.create([{"name": "Euro", "code": "EUR", "symbol": "€", "digits": 2, "rounding": Decimal("0.01"),
                      "rates": [("create", [{"rate": Decimal("0.9"), "date": datetime.date(2020, 1, 1)}])]}])
    party, = Party.create([{"name": "Our MSP"}])
    company, = Company.create([{"party": party.id, "currency": dollar.id, "timezone": "UTC"}])
    pool.get("res.user").write([user], {"companies": [("add", [company.id])], "company": company.id})
    return company, dollar


def key(pool, user):
    application, = pool.get("res.user.application").create([{"user": user.id, "application": "rest", "state": "validated"}])
    return application.key


def accounts(pool, company):
    Account, Template = pool.get("account.account"), pool.get("account.account.template")
    template, = Template.search([("parent", "=", None)])
    Wizard = pool.get("account.create_chart", type="wizard")
    session, *_ = Wizard.create()
    Wizard.execute(session, {"account": {"company": company.id, "account_template": template.id}}, "create_account")
    kinds = ["receivable", "payable", "revenue", "expense"]
    found = {kind: Account.search([("closed", "!=", True), (f"type.{kind}", "=", True)])[0].id for kind in kinds}
    properties = {"company": company.id, "account_receivable": found["receivable"], "account_payable": found["payable"]}
    Wizard.execute(session, {"properties": properties}, "create_properties")
    return found


def fiscal_year(pool, company, year):
    Sequence, Type = pool.get("ir.sequence.strict"), pool.get("ir.sequence.type")

    def sequence(name):
        kind, = Type.search([("name", "=", name)])
        return Sequence.create([{"name": f"{name} {year}", "company": company.id, "sequence_type": kind.id}])[0].id

    invoices = sequence("Invoice")
    whose = ["in_invoice_sequence", "in_credit_note_sequence", "out_invoice_sequence", "out_credit_note_sequence"]
    Year = pool.get("account.fiscalyear")
    made = Year.create([{
        "name": str(year), "company": company.id, "start_date": datetime.date(year, 1, 1),
        "end_date": datetime.date(year, 12, 31), "move_sequence": sequence("Account Move"),
        "invoice_sequences": [("create", [{"company": company.id, **dict.fromkeys(whose, invoices)}])]}])
    Year.create_period(made)


def trade(pool, found):
    """What products, subscriptions and invoices refer to."""
    category, = pool.get("product.category").create([{
        "name": "Cloud", "accounting": True, "account_revenue": found["revenue"], "account_expense": found["expense"]}])
    unit, = pool.get("product.uom").search([("name", "=", "Unit")])
    rule = {"freq": "monthly", "interval": 1, "bymonthday": "1"}
    monthly, = pool.get("sale.subscription.recurrence.rule.set").create([{"name": "Monthly", "rules": [("create", [rule])]}])
    relative = [("create", [{"days": 30}])]
    term, = pool.get("account.invoice.payment_term").create([{
        "name": "Net 30", "lines": [("create", [{"type": "remainder", "relativedeltas": relative}])]}])
    return {"category": category.id, "unit": unit.id, "monthly": monthly.id, "term": term.id}


if __name__ == "__main__":
    main()
