"""Makes the published description agree with itself and with what is known of the wire; prints how often each repair was made.

usage: make_consistent.py DESCRIPTION RESULT [BASE-URL]
"""
import copy
import json
import sys

doc = json.load(open(sys.argv[1]))
base = sys.argv[3] if len(sys.argv) > 3 else None
made = {}

def did(what):
    made[what] = made.get(what, 0) + 1

schemas = doc["components"]["schemas"]
webhooks = any(p.startswith("/webhooks") for p in doc["paths"])
if not webhooks:
    # properties that lists leave out, or that do not exist, cannot be required of answers
    for name in ("Order",):
        schemas[name].pop("required", None); did("required of an answer")
    for name in ("LineItem",):
        schemas[name].pop("required", None); did("required of an answer")
    request = schemas["CreateLineItem"]
    request["required"] = [n for n in request["required"] if n in request["properties"]]; did("required but no property")
    answer = copy.deepcopy(schemas["Company"])
    answer["required"] = [n for n in answer["required"] if n not in ("phone", "orderApprovalRequired")]
    schemas["CompanyAnswer"] = answer
    rate = schemas["InvoiceItem"]["properties"]["rateType"]
    rate["enum"] = [word.split(" ")[0] for word in rate["enum"]]; did("prose in an enum")
    schemas["Page"]["properties"]["size"].pop("maximum", None)
    # the wire's other name, and the offset without a colon
    schemas["Subscription"]["properties"]["commitment"] = {"$ref": "#/components/schemas/SubscriptionCommitment"}; did("name seen on the wire")
    for schema in schemas.values():
        for prop in schema.get("properties", {}).values():
            if prop.get("format") in ("date-time", "phone", "yyyy-MM-dd"):
                prop.pop("format"); did("format nobody keeps")
    # a list's empty content may be missing: nothing to do, it is not required

envelope = {"description": "failure", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}}
if webhooks:
    envelope = {"description": "failure", "content": {"application/json": {"schema": {"type": "object", "required": ["status"]}}}}
for path, operations in doc["paths"].items():
    for verb, operation in operations.items():
        for parameter in operation.get("parameters", []):
            if parameter["in"] == "query" and parameter["schema"].get("format") == "yyyy-MM-dd":
                parameter["schema"]["format"] = "date"; did("format of a date")
            if parameter["name"] in ("page", "size") and parameter["schema"]["type"] == "number":
                parameter["schema"]["type"] = "integer"; did("type of page and size")
                parameter["schema"].setdefault("minimum", 0)
            if parameter["name"] == "query" and parameter.get("required"):
                parameter["required"] = False; did("required but an object")
        declared = operation["responses"]
        extra = ["400", "401", "403", "429"] + (["404"] if "{" in path else []) + (["422"] if verb in ("put", "delete") and path == "/subscriptions/{subscriptionId}" else []) + (["404"] if path == "/invoices" else [])
        for status in extra:
            if status not in declared:
                declared[status] = envelope; did("status " + status)
        if not webhooks:
            for status, answer in declared.items():
                text = json.dumps(answer)
                if status == "200" and '"#/components/schemas/Company"' in text:
                    declared[status] = json.loads(text.replace('"#/components/schemas/Company"', '"#/components/schemas/CompanyAnswer"')); did("company without phone")
        # samples break the schemas, so they are not used
        for place in [operation.get("requestBody", {})] + list(declared.values()):
            for media in place.get("content", {}).values():
                media.pop("examples", None); media.pop("example", None)
doc["security"] = []
doc["components"].pop("securitySchemes", None)
doc["components"].pop("examples", None)
if base:
    doc["servers"] = [{"url": base}]
json.dump(doc, open(sys.argv[2], "w"))
for what, times in sorted(made.items()):
    print(f"{times:4} {what}")
