"""The OpenAPI document keeps what makes generated clients pleasant to use."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from openapi_spec_validator import validate

from api import DOCUMENT
from api.spec import SCOPES

from .program import Program, contract_of

Json = dict[str, Any]
PREVIEWS = {"previewOrder", "previewSubscriptionChange", "previewCart", "previewPriceBook"}
FILES = (["application/pdf"], ["text/csv"], ["application/octet-stream"])
EXPECTED = {
    "customers": {"listCustomers", "getCustomer", "createCustomer", "updateCustomer"},
    "sandbox": {
        "getSandbox", "createSandbox", "listSandboxFaults", "setSandboxFaults", "clearSandboxFaults",
    },
    "test_clocks": {"listTestClocks", "getTestClock", "advanceTestClock"},
    "accounts": {"listAccounts", "getAccount", "createAccount", "updateAccount", "closeAccount", "getCcpUser"},
    "resale_prices": {"getResalePrices", "listResalePriceVersions", "listResalePrices", "setResalePrices"},
    "resale_statement": {"downloadResaleStatementCsv", "getResaleStatement"},
    "budgets": {"listBudgets", "getBudget", "updateBudget"},
    "mismatches": {"listMismatches"},
    "offers": {"listOffers", "getOffer", "explainPrice"},
    "support_grants": {"listSupportGrants", "createSupportGrant", "endSupportGrant", "answerSupportGrant"},
    "privacy": {"exportPersonData", "listErasures", "erasePersonData"},
    "exports": {"listPersonalExports", "downloadPersonalExport"},
    "audit": {"listAuditEntries", "getAuditEntry", "exportAuditEntries"},
    "orders": {"previewOrder", "placeOrder", "listOrders", "getOrder"},
    "approvals": {"listApprovals", "getApproval", "approve", "reject", "delegate"},
    "ordering_rules": {"getOrderingRules", "setOrderingRules"},
    "carts": {
        "listCarts", "openCart", "refillCart", "getCart", "updateCart", "addCartLine", "updateCartLine",
        "removeCartLine", "emptyCart", "previewCart", "orderCart",
    },
    "quotes": {"listQuotes", "makeQuote", "getQuote", "sendQuote", "declineQuote", "acceptQuote"},
    "subscriptions": {
        "listSubscriptions",
        "getSubscription",
        "previewSubscriptionChange",
        "changeQuantity",
        "cancelSubscription",
        "extendSubscription", "listExtensions",
    },
    "planning": {
        "suspendSubscription", "resumeSubscription", "listPlans", "changePlan", "getScheduledChange", "scheduleChange",
        "removeScheduledChange", "listAddOns", "listCoTerms",
    },
    "operations": {"listOperations", "getOperation", "cancelOperation"},
    "cases": {
        "listCases",
        "getCase",
        "openCase",
        "updateCase",
        "listReplies",
        "addReply",
        "listAttachments",
        "addAttachment",
        "downloadAttachment",
    },
    "charges": {"listCharges", "getCosts"},
    "invoices": {"listInvoices", "getInvoice", "downloadInvoicePdf", "downloadInvoiceCsv"},
    "providers": {"listProviders"},
    "runs": {"listRuns", "getRun", "listRunEvents", "listInterventions", "intervene", "retryRuns"},
    "users": {
        "getMe", "updateMe", "listUsers", "getUser", "updateUser", "listLogins", "endLogin", "endLogins",
        "requireSecondFactor",
        "resetFactors",
    },
    "invitations": {
        "listInvitations", "createInvitation", "getInvitation", "resendInvitation", "withdrawInvitation",
    },
    "approval_limits": {"listApprovalLimits", "setApprovalLimit"},
    "api_clients": {
        "listApiClients", "getApiClient", "createApiClient", "updateApiClient", "deleteApiClient", "addApiClientSecret",
        "removeApiClientSecret", "addApiClientKey", "removeApiClientKey",
    },
    "sign_on": {
        "getSignOn", "createSignOn", "updateSignOn", "removeSignOn", "checkSignOn", "listSignOnDomains",
        "addSignOnDomain", "verifySignOnDomain", "removeSignOnDomain",
    },
    "reconciliations": {"reconcileAccount"},
    "end_of_term": {"getEndOfTerm", "giveDecision", "listDecisions", "listHistory", "setEndOfTerm"},
    "price_books": {
        "createPriceBook", "getPriceBook", "listPriceBookVersions", "listPriceBooks", "previewPriceBook",
        "updatePriceBook",
    },
    "price_agreements": {"createPriceAgreement", "getPriceAgreement", "listPriceAgreements", "updatePriceAgreement"},
    "catalogue": {"getCatalogueSync", "listCatalogueChanges", "listCatalogueSyncs", "startCatalogueSync"},
    "drift": {"getDrift", "listDrift", "settleDrift"},
    "drift_rules": {"getDriftRule", "listDriftRules", "updateDriftRule"},
    "bulk_plans": {
        "applyBulkPlan", "cancelBulkPlan", "createBulkPlan", "downloadBulkPlanCsv", "getBulkPlan",
        "listBulkPlanRows", "listBulkPlans",
    },
}  # fmt: skip


@pytest.fixture
def document(app: Flask) -> Json:
    return contract_of(app).document


def operations(document: Json) -> Iterator[tuple[str, str, Json]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield method, path, operation


def headers_of(operation: Json) -> set[str]:
    return {one["$ref"].rpartition("/")[2] for one in operation.get("parameters", ()) if "$ref" in one}


def reached(document: Json, schema: Json, seen: set[str]) -> set[str]:
    """The names of all components that a schema leads to."""
    for part in references(schema):
        name = part.rpartition("/")[2]
        if name not in seen:
            seen.add(name)
            reached(document, document["components"]["schemas"][name], seen)
    return seen


def references(thing: Any) -> Iterator[str]:
    if isinstance(thing, dict):
        yield from ([thing["$ref"]] if isinstance(thing.get("$ref"), str) else ())
        for inner in thing.values():
            yield from references(inner)
    elif isinstance(thing, list):
        for inner in thing:
            yield from references(inner)


def test_it_is_valid_and_says_all_operations_and_no_others(document: Json) -> None:
    validate(document)  # type: ignore[arg-type]

    found: dict[str, set[str]] = {tag["name"]: set() for tag in document["tags"]}
    for _, _, operation in operations(document):
        assert operation["operationId"] not in found[operation["tags"][0]]
        found[operation["tags"][0]].add(operation["operationId"])
    assert found == EXPECTED


def test_every_operation_has_one_tag_a_summary_and_a_known_scope(document: Json) -> None:
    for _, _, operation in operations(document):
        assert len(operation["tags"]) == 1
        assert not operation["summary"].endswith(".")
        assert operation["description"].endswith(".")
        assert operation["security"][0]["oauth2"][0] in SCOPES
    tags = {tag["name"]: tag["description"] for tag in document["tags"]}
    assert all(tags.values())


def test_every_write_can_be_repeated_safely(document: Json) -> None:
    for method, _, operation in operations(document):
        headers, name = headers_of(operation), operation["operationId"]
        if method == "post" and name not in PREVIEWS:
            assert "IdempotencyKey" in headers, name
        if method == "patch":
            assert {"IdempotencyKeyOptional", "IfMatch"} <= headers, name
            assert {"412", "428"} <= set(operation["responses"]), name
        if method == "get":
            assert not {"IdempotencyKey", "IfMatch"} & headers, name
    assert document["components"]["parameters"]["IdempotencyKey"]["required"] is True


def test_path_parameters_come_first(document: Json) -> None:
    for _, path, operation in operations(document):
        places = [one.get("in", "header") for one in operation.get("parameters", ())]
        assert places == sorted(places, key=lambda place: place != "path"), operation["operationId"]
        assert places.count("path") == path.count("{")


@pytest.mark.asvs("8.2.3", "15.3.1", "15.3.3")
def test_requests_are_closed_and_answers_are_open_and_complete(document: Json) -> None:
    sent, got = set(), set()
    for _, _, operation in operations(document):
        reached(document, operation.get("requestBody", {}), sent)
        for answer in operation["responses"].values():
            reached(document, answer.get("content", {}), got)
    schemas = document["components"]["schemas"]

    for name in sent:
        if schemas[name].get("type") == "object":
            assert schemas[name]["additionalProperties"] is False, name
    for name in got - {"Money"}:
        assert "additionalProperties" not in schemas[name], name
        assert set(schemas[name]["required"]) == set(schemas[name]["properties"]), name
    assert sent & got <= {"Money"}


def test_every_body_is_a_named_component(document: Json) -> None:
    for _, _, operation in operations(document):
        bodies = [operation["requestBody"]] if "requestBody" in operation else []
        bodies += [answer for answer in operation["responses"].values() if "content" in answer]
        for body in bodies:
            named = {media: "$ref" in content["schema"] for media, content in body["content"].items()}
            files = {"application/pdf", "text/csv", "application/jsonl", "application/octet-stream"}
            assert all(named.values()) or set(named) <= files, operation["operationId"]


def test_only_the_status_of_an_operation_is_a_closed_list_in_an_answer(document: Json) -> None:
    got: set[str] = set()
    for _, _, operation in operations(document):
        for answer in operation["responses"].values():
            reached(document, answer.get("content", {}), got)

    def resolved(reference: str) -> Json:
        found: Json = document["components"]["schemas"][reference.rpartition("/")[2]]
        return found

    schemas = document["components"]["schemas"]
    fields = ((f"{name}.{field}", one) for name in got for field, one in schemas[name]["properties"].items())
    inner = ((name, [one, *map(resolved, references(one))]) for name, one in fields)
    closed = [name for name, parts in inner if any("enum" in part or "enum" in part.get("items", {}) for part in parts)]
    assert closed == ["Operation.status"]


def test_errors_are_problems_and_all_are_listed(document: Json) -> None:
    for _, _, operation in operations(document):
        assert {"401", "403", "429", "default"} <= set(operation["responses"]), operation["operationId"]
    for name, answer in document["components"]["responses"].items():
        assert list(answer["content"]) == ["application/problem+json"], name


def test_there_is_no_float_no_free_object_and_nothing_unused(document: Json) -> None:
    text = json.dumps(document)

    assert '"type": "number"' not in text
    assert "PaginationMetadata" not in text
    assert "ModelError" not in text
    used = {name.rpartition("/")[2] for name in references(document)}
    for kind in ("schemas", "responses", "parameters"):
        assert set(document["components"][kind]) <= used, kind
    for name, schema in document["components"]["schemas"].items():
        assert schema.get("properties") or schema.get("enum"), name


def test_the_committed_document_is_served_whatever_domains_are_held(app: Flask) -> None:
    answer = Program(app, None).get("/openapi.json")
    again = Program(app, None).get("/openapi.json", If_None_Match=answer.headers["ETag"])

    assert answer.json == json.loads(DOCUMENT.read_text(encoding="utf-8"))
    assert (answer.content_type, again.status_code) == ("application/json", 304)
