"""What the audit trail calls `accounts.update`, in plain words; an action without words is shown by its own name."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l

DEEDS: dict[str, Any] = {
    "accounts.activate": _l("Opened an account"),
    "accounts.begin_closing": _l("Asked to close an account"),
    "accounts.close": _l("Closed an account"),
    "accounts.confirm": _l("Confirmed a reserved amount"),
    "accounts.discard": _l("Discarded an account"),
    "accounts.keep_open": _l("Kept an account open"),
    "accounts.open": _l("Asked for an account"),
    "accounts.release": _l("Released a reserved amount"),
    "accounts.reserve": _l("Reserved an amount"),
    "accounts.update": _l("Changed an account"),
    "audit.erase": _l("Erased a person's data"),
    "billing.charge": _l("Charged something"),
    "billing.download_invoice": _l("Downloaded an invoice"),
    "billing.download_lines": _l("Downloaded an invoice's lines"),
    "billing.issue_invoice": _l("Issued an invoice"),
    "customers.activate": _l("Activated a customer"),
    "customers.advance_clock": _l("Moved the sandbox’s clock"),
    "customers.discard": _l("Discarded a customer"),
    "customers.register": _l("Registered a customer"),
    "customers.register_sandbox": _l("Made a sandbox"),
    "customers.set_faults": _l("Set the faults of the sandbox’s provider"),
    "customers.update": _l("Changed a customer's facts"),
    "notifications.export_person": _l("Put a person's data together"),
    "notifications.export_trail": _l("Exported the audit log"),
    "saga.cancel": _l("Cancelled an operation"),
    "saga.compensate": _l("Had an operation taken back"),
    "saga.pause": _l("Paused an operation"),
    "saga.resolve": _l("Ended an operation by hand"),
    "saga.resume": _l("Let an operation go on"),
    "saga.retry": _l("Had an operation tried again"),
    "saga.skip": _l("Skipped a step"),
    "services.abandon_change": _l("Gave up a change"),
    "services.activate_account": _l("Opened an account for orders"),
    "services.activate_order": _l("Completed an order"),
    "services.apply_change": _l("Changed a subscription"),
    "services.approve": _l("Approved an order or a change"),
    "services.cancel": _l("Asked for a cancellation"),
    "services.change_quantity": _l("Asked for another quantity"),
    "services.change_plan": _l("Asked for another plan"),
    "services.close_approval": _l("Closed a request for an approval"),
    "services.delegate_approval": _l("Left an approval to a colleague"),
    "services.decline_quote": _l("Declined or withdrew a quote"),
    "services.decide_end_of_term": _l("Decided about the end of a term"),
    "services.adopt_drift": _l("Adopted what was done at the provider"),
    "services.apply_bulk_plan": _l("Applied a bulk change"),
    "services.ask_for_bulk_plan": _l("Asked for a bulk change to be approved"),
    "services.cancel_bulk_plan": _l("Cancelled a bulk change"),
    "services.end_bulk_plan": _l("Ended a bulk change"),
    "services.make_bulk_plan": _l("Made a bulk change ready"),
    "services.begin_settling": _l("Began to settle a difference"),
    "services.close_drift": _l("Found that a difference was gone"),
    "services.find_drift": _l("Found a difference at the provider"),
    "services.ignore_drift": _l("Left a difference as it is"),
    "services.open_drift_case": _l("Made a difference a case"),
    "services.revert_drift": _l("Undid what was done at the provider"),
    "services.set_drift_rule": _l("Said what an account adopts by itself"),
    "services.stop_settling": _l("Gave up settling a difference"),
    "services.discard_order": _l("Discarded an order"),
    "services.end": _l("Took over that a term has ended"),
    "services.extend": _l("Asked for an extension"),
    "services.make_quote": _l("Made a quote"),
    "services.place_order": _l("Placed an order"),
    "services.retire_account": _l("Ended an account's orders"),
    "services.resume": _l("Asked for a resumption"),
    "services.schedule_change": _l("Planned the next term"),
    "services.reject": _l("Rejected an order or a change"),
    "services.request_approval": _l("Asked for an approval"),
    "services.send_quote": _l("Sent a quote"),
    "services.send_order": _l("Sent an order to the provider"),
    "services.set_approval_limit": _l("Set an approval limit"),
    "services.set_ordering_rule": _l("Set rules for orders"),
    "services.give_decision": _l("Gave a decision to somebody"),
    "services.renew": _l("Took over a renewal"),
    "services.set_end_of_term": _l("Told the provider about the end of a term"),
    "services.set_price_book": _l("Set prices"),
    "services.set_resale_prices": _l("Set what end-customers pay"),
    "services.suspend": _l("Asked for a suspension"),
    "services.start_order": _l("Let a waiting order go on"),
    "services.agree_prices": _l("Agreed prices"),
    "services.end_agreement": _l("Changed the end of a price agreement"),
    "services.take_over": _l("Took over what the provider says"),
    "support.attach": _l("Put a file to a case"),
    "support.change_status": _l("Changed a case's state"),
    "support.download_attachment": _l("Fetched a case's file"),
    "support.note": _l("Noted something in a case"),
    "support.open": _l("Opened a case"),
    "support.reply": _l("Answered in a case"),
    "support.search_attachment": _l("Searched a case's file for malware"),
    "users.accept_invitation": _l("Accepted an invitation"),
    "users.act_for": _l("Acted for a customer"),
    "users.add_domain": _l("Named an e-mail domain"),
    "users.add_factor": _l("Enrolled a second factor"),
    "users.add_key": _l("Added a program's key"),
    "users.add_sandbox": _l("Let the owners into the sandbox"),
    "users.add_secret": _l("Gave a program a secret"),
    "users.answer_support": _l("Answered a request for support access"),
    "users.ask_for_link": _l("Asked for a link to choose a password"),
    "users.change_role": _l("Gave a person another role"),
    "users.code_replayed": _l("Gave a code that was used before"),
    "users.confirm": _l("Proved anew who they are"),
    "users.confirm_failed": _l("Did not prove who they are"),
    "users.create_api_client": _l("Made an API client"),
    "users.decline_invitation": _l("Declined an invitation"),
    "users.delete_client": _l("Deleted an API client"),
    "users.disable": _l("Shut a person out"),
    "users.disable_client": _l("Disabled an API client"),
    "users.enable_client": _l("Let an API client in again"),
    "users.end_login": _l("Ended a sign-in"),
    "users.end_support": _l("Ended support access"),
    "users.ended_login_used": _l("Showed a sign-in that had ended"),
    "users.enrol_failed": _l("Did not get a second factor set up"),
    "users.erase": _l("Had a person erased"),
    "users.grant_support": _l("Granted support access"),
    "users.invite": _l("Invited a person"),
    "users.join": _l("Joined by single sign-on"),
    "users.link_failed": _l("Did not prove that an account is theirs"),
    "users.link_sign_on": _l("Tied an account to single sign-on"),
    "users.read": _l("Looked at the organisation's pages"),
    "users.refuse_assertion": _l("Sent a forged statement of who they are"),
    "users.refuse_client": _l("Did not prove to be a program"),
    "users.refuse_sign_on": _l("Was refused at single sign-on"),
    "users.refuse_token": _l("Came with a token that proves nothing"),
    "users.remove_domain": _l("Gave up an e-mail domain"),
    "users.remove_factor": _l("Took a second factor away"),
    "users.remove_key": _l("Removed a program's key"),
    "users.remove_secret": _l("Removed a program's secret"),
    "users.remove_sign_on": _l("Took single sign-on away"),
    "users.rename_factor": _l("Renamed a passkey"),
    "users.renew_recovery_codes": _l("Made new recovery codes"),
    "users.request_support": _l("Asked for support access"),
    "users.require_second_factor": _l("Changed who needs a second factor"),
    "users.reset_factors": _l("Reset a person's second factors"),
    "users.reset_password": _l("Chose a password by a mailed link"),
    "users.revoke_tokens": _l("Ended an API client's tokens"),
    "users.second_factor_failed": _l("Gave a wrong second factor"),
    "users.set_password": _l("Chose a password"),
    "users.set_sign_on": _l("Set up single sign-on"),
    "users.sign_in": _l("Signed in"),
    "users.sign_in_failed": _l("Tried to sign in"),
    "users.sign_out": _l("Signed out"),
    "users.update_client": _l("Changed an API client"),
    "users.use_recovery_code": _l("Used a recovery code"),
    "users.verify_domain": _l("Proved an e-mail domain"),
    "users.withdraw_invitation": _l("Withdrew an invitation"),
    "users.work_for": _l("Changed the organisation they work for"),
}
AREAS = {
    "users.": _l("People, sign-in and access"), "accounts.": _l("Accounts and budgets"),
    "services.": _l("Orders and subscriptions"), "billing.": _l("Charges and invoices"),
    "support.": _l("Support cases"), "customers.": _l("The organisation itself"), "saga.": _l("Operations"),
    "notifications.": _l("The audit log itself"),
}  # fmt: skip
SUBJECTS = {
    "account": ("/accounts/", _l("an account")), "order": ("/orders/", _l("an order")),
    "quote": ("/quotes/", _l("a quote")), "approval": ("/approvals/", _l("an approval")),
    "subscription": ("/subscriptions/", _l("a subscription")), "invoice": ("/invoices/", _l("an invoice")),
    "case": ("/cases/", _l("a case")), "customer": ("/customers/", _l("the organisation")),
    "run": ("/operations/", _l("an operation")), "user": ("", _l("a person")), "person": ("", _l("a person")),
    "login": ("", _l("a sign-in")), "membership": ("", _l("a membership")), "api_client": ("", _l("an API client")),
    "support_grant": ("", _l("support access")), "trail": ("", _l("the audit log")), "change": ("", _l("a change")),
    "charge": ("", _l("a charge")), "reservation": ("", _l("a reserved amount")),
    "drift": ("/drift/", _l("a difference")), "bulk_plan": ("/bulk-plans/", _l("a bulk change")),
}  # fmt: skip


def deed(action: str) -> str:
    """An action in the reader's words."""
    return str(DEEDS.get(action, action))


def subject(kind: str) -> str:
    """What a kind of thing is called."""
    return str(SUBJECTS[kind][1] if kind in SUBJECTS else kind)


def subject_address(kind: str, id: Any) -> str:
    """Where a thing is shown; empty when it has no page of its own."""
    path = SUBJECTS.get(kind, ("", ""))[0]
    return f"{path}{id}" if path else ""


def differences(before: Any, after: Any) -> list[tuple[str, Any, Any]]:
    """What an entry says was and is, name by name; names within names are joined by a dot."""
    was, became = _flat(before), _flat(after)
    return [(name, was.get(name), became.get(name)) for name in [*was, *(name for name in became if name not in was)]]


def _flat(values: Any, inside: str = "") -> dict[str, Any]:
    if not isinstance(values, dict):
        return {inside or "value": values} if values is not None else {}
    found: dict[str, Any] = {}
    for name, value in values.items():
        found |= (
            _flat(value, f"{inside}.{name}" if inside else str(name))
            if isinstance(value, dict)
            else {f"{inside}.{name}" if inside else str(name): value}
        )
    return found
