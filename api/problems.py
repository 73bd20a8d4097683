"""The codes of problems, with a title that stays the same and what a program or a person can do about each.

Codes of a single field (`errors[].code`) and those the provider gives a refusal are not listed here.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import NamedTuple


class Known(NamedTuple):
    """A code that we explain."""

    title: str
    remedy: str


CODES = {
    "bad_request": Known("Bad request", "Send valid JSON in UTF-8."),
    "validation_failed": Known("A field is wrong", "`errors` says which fields and why. Mend them and send it again."),
    "parameter_invalid": Known("A parameter is wrong", "`errors` says which query parameters and why."),
    "limit_invalid": Known("The limit is wrong", "Use 1 to 200."),
    "cursor_invalid": Known("The cursor does not belong here", "Start the list again without `cursor`."),
    "idempotency_key_missing": Known("The Idempotency-Key is missing", "Send a new UUID in the header."),
    "idempotency_key_invalid": Known("The Idempotency-Key is wrong", "Use 1 to 255 visible ASCII characters."),
    "idempotency_key_in_use": Known(
        "The same request is at work", "Send it again in a moment, with the same key, to get its answer."
    ),
    "idempotency_key_reused": Known(
        "The Idempotency-Key was used before", "It belongs to another request. Use a new key for a new request."
    ),
    "unauthorized": Known("Not signed in", "Ask `/oauth2/token` for an access token and send it as Bearer."),
    "forbidden": Known("Not allowed", "Ask the owner for an API client with the scope that the operation needs."),
    "not_found": Known("Not found", "Check the id; what belongs to others looks the same as what does not exist."),
    "method_not_allowed": Known("Method not allowed", "The header `Allow` names the methods of this address."),
    "conflict": Known("Conflict", "Read the thing again and decide anew."),
    "change_in_progress": Known("Another change is at work", "Wait for its operation to end, then try again."),
    "version_conflict": Known("It has changed", "Read it again, decide anew, and send its new `ETag`."),
    "precondition_required": Known("If-Match is missing", "Send the `ETag` of the version you have seen."),
    "content_too_large": Known("The body is too large", "Send at most 1 MB."),
    "unsupported_media_type": Known("Unsupported media type", "Send `Content-Type: application/json`."),
    "already_member": Known("The person works there already", "Change their role instead."),
    "not_a_member": Known("The person is shut out", "Invite them again."),
    "not_oneself": Known("Nobody changes their own role", "Ask a colleague who may."),
    "works_elsewhere": Known("The person works elsewhere, too", "Ask our support to do it."),
    "last_owner": Known("This is the last owner", "Make somebody else an owner first."),
    "role_above_own": Known("The role may do more than you", "Give a role whose rights you all have."),
    "invitation_expired": Known("The invitation has expired", "Ask for another one."),
    "no_sandbox": Known("There is no sandbox", "Make one with `createSandbox`."),
    "not_a_sandbox": Known("This is no sandbox", "Set clocks and faults from inside a sandbox, by its own program."),
    "sandbox_exists": Known("There is a sandbox already", "`getSandbox` says which; a customer has one at most."),
    "sandbox_not_possible": Known("No sandbox is possible here", "Ask for it as an active live customer."),
    "sandbox_off": Known("There are no sandboxes here", "Use an installation with a sandbox provider."),
    "clock_only_forward": Known("The clock only goes forward", "Read the clock and name a later moment."),
    "too_many_attempts": Known("Too many attempts", "Wait for `Retry-After` seconds."),
    "too_many_requests": Known("Too many requests", "Wait for `Retry-After` seconds."),
    "budget_exceeded": Known("The account's budget is spent", "Order less, or raise the account's budget."),
    "credit_exceeded": Known("The credit limit is reached", "Order less, or ask us to raise the credit limit."),
    "agreement_over": Known("The agreement is over", "Make a new one: what was agreed stays as it was."),
    "operator_only": Known("The operator keeps this", "Ask the operator to do it."),
    "approval_needed": Known(
        "It needs an approval by now", "Read it again and send it again: it then waits for an approval."
    ),
    "account_busy": Known("Something is under way for the account", "Wait until it has ended, then close the account."),
    "account_in_use": Known("Something runs in the account", "Cancel it or let it end, then close the account."),
    "account_not_open": Known("The account is not open", "Read the account to see its status."),
    "commitment_exceeded": Known(
        "The ceiling for terms that run is reached", "Raise it, order less, or let something end."
    ),
    "beyond_invalid": Known("There is no such way", "Send block, warn or ask."),
    "alerts_invalid": Known("The percents are too many or out of range", "Send at most 5 percents from 1 to 200."),
    "tags_invalid": Known("The tags are too many or too long", "Send at most 10 tags of at most 40 characters each."),
    "preview_required": Known("The order must name a preview", "Ask for a preview and order with its id."),
    "start_not_possible": Known("The order cannot start on this day", "Choose today or a day up to 90 days ahead."),
    "quote_not_found": Known("There is no such quote", "List the quotes and take an id from there."),
    "quote_closed": Known("The quote does not stand any more", "Ask for a new one."),
    "cart_empty": Known("The cart is empty", "Put something in, or read it again: it may be ordered."),
    "cart_not_found": Known("There is no such cart", "Open one for the account."),
    "cart_line_not_found": Known("There is no such line in the cart", "Read the cart and take an id from there."),
    "approval_not_found": Known("There is no such approval", "List the approvals and take an id from there."),
    "approval_rejected": Known("It was not approved", "Ask whoever decided, then order anew."),
    "approval_expired": Known("Nobody approved it in time", "Order anew and have it approved in time."),
    "approval_closed": Known("It is decided", "Read it again to see what was decided."),
    "own_request": Known("It is your own request", "Somebody else has to decide it."),
    "not_an_approver": Known("Your role does not approve", "Ask an owner."),
    "limit_too_low": Known("It is above your own limit", "Somebody with a higher limit has to decide."),
    "delegate_self": Known("It is you", "Name a colleague, or decide yourself."),
    "days_out_of_range": Known("That many days are not possible", "Choose 1 to 90 days."),
    "limit_negative": Known("An amount is below zero", "Use zero or more."),
    "account_not_active": Known("The account is not active", "Choose another account, or wait until it is open."),
    "preview_expired": Known("The preview has expired", "Ask for a new preview and confirm its prices."),
    "preview_mismatch": Known("The preview is of another request", "Send exactly what was previewed."),
    "preview_used": Known("The preview was used before", "It holds for one order. Ask for a new preview."),
    "preview_not_found": Known("There is no such preview", "Ask for a new preview and send its id."),
    "account_not_found": Known("There is no such account", "List the accounts and take an id from there."),
    "audit_entry_not_found": Known("There is no such entry", "List the audit entries and take an id from there."),
    "export_too_long": Known("Too many entries for one file", "Export a shorter time: `since` and `until`."),
    "support_access_asked": Known("They were asked already", "Wait for their answer."),
    "support_access_answered": Known("The request was answered", "List the support accesses to see how."),
    "customers_own": Known("The customer cares for its people itself", "Ask one of its owners to do it."),
    "support_access_needed": Known("No support access", "Ask the customer for it, with the reason."),
    "support_grant_not_found": Known("There is no such support access", "List them and take an id from there."),
    "export_not_found": Known(
        "There is no such export", "It is there for a week. List the exports, or ask for a new one."
    ),
    "belongs_elsewhere": Known("They belong to another organisation, too", "Only they themselves can ask for this."),
    "invoice_not_found": Known("There is no such invoice", "List the invoices and take an id from there."),
    "document_damaged": Known("The document is damaged", "Open a case and quote the `request_id`: we must restore it."),
    "document_not_ready": Known("The document is being made", "Try again in a minute."),
    "tax_undecided": Known("Nobody knows which tax applies", "Add the customer's VAT number; then it is invoiced."),
    "customer_not_found": Known("There is no such customer", "List the customers and take an id from there."),
    "customer_not_active": Known("The customer is not active", "Wait until its onboarding has ended."),
    "customer_missing": Known("For which customer?", "Send `customer_id`, or link something of that customer."),
    "offer_not_found": Known("There is no such offer", "Search the offers and take an id from there."),
    "offer_not_sold": Known("The offer is not sold now", "Choose another one, or wait for the day in `detail`."),
    "country_not_sold": Known("Not sold in this country", "Choose another offer."),
    "currency_not_sold": Known("Not sold in this currency", "Choose another offer, or an account in its currency."),
    "term_not_sold": Known("Not sold for this term", "Take a term of one of the offer's `plans`."),
    "billing_cycle_not_sold": Known("Not billed this way", "Take a billing cycle of one of the offer's `plans`."),
    "webhook_unverified": Known(
        "The webhook cannot be believed", "Sign the body as it is with our common secret, and send it at once."
    ),
    "several_providers": Known(
        "The lines come from several providers", "Order the lines of each provider in an order of its own."
    ),
    "price_missing": Known("There is no price yet", "Open a case and we will make one."),
    "quantity_out_of_range": Known("The quantity is out of range", "Stay between the least and the most."),
    "quantity_unchanged": Known("The quantity is the same", "Say another quantity than the one there is."),
    "prerequisite_missing": Known("Something it needs is missing", "Order it for the same account, or with it."),
    "parent_missing": Known("An add-on needs something to add to", "Order it with, or after, what it adds to."),
    "parent_ambiguous": Known("What does the add-on add to?", "Send `parent_subscription_id`."),
    "offer_not_repeatable": Known("Given once only", "The account has had it; choose another offer."),
    "plan_missing": Known("No plan is named", "Name an offer, a term or a billing cycle of `/plans`."),
    "plan_not_offered": Known("That plan is not offered", "Choose one of `/plans`, or of `plans` for the next term."),
    "plan_not_allowed": Known("The provider does not allow that plan", "Read `/plans` again and choose another one."),
    "nothing_planned": Known("Nothing would change", "Name a quantity, an offer, a term or a billing cycle."),
    "nothing_scheduled": Known("Nothing is planned", "There is nothing to take back."),
    "needs_auto_renew": Known("It does not renew", "What does not renew has no next term to plan for."),
    "suspended": Known("It is suspended", "Resume it first."),
    "subscription_suspended": Known("It is suspended at the provider", "Resume it first."),
    "not_suspended": Known("It is not suspended", "Only what is suspended can be resumed."),
    "not_offered": Known("The provider does not offer this", "`allowed_actions` says what is possible."),
    "addons_running": Known("Its add-ons run on", "Cancel what `/add-ons` lists first."),
    "seats_not_returnable": Known("These seats cannot go back now", "Send back at most `returnable_quantity`."),
    "increase_not_allowed": Known("More units are not allowed now", "See `allowed_actions` of the subscription."),
    "cancel_window_closed": Known("The window to cancel has closed", "Cancel at `end_of_term`, or after the renewal."),
    "end_date_not_allowed": Known("This last day is not offered", "Take one of `allowed_end_dates`."),
    "not_active": Known("The subscription is not active", "See `state` and `allowed_actions` of the subscription."),
    "mode_not_offered": Known("The provider does not offer this", "Choose one of the `ways` that are allowed."),
    "provider_must_hear": Known("The provider has to hear of this first", "Set it again and follow the operation."),
    "locked_before_renewal": Known("It is about to renew", "Try again after the renewal."),
    "beyond_own_rights": Known(
        "More rights than you have", "Nobody gives a program more rights than they have, nor changes one that has more."
    ),
    "two_are_live": Known("Two are live already", "Remove the secret or key that is not used any more, then add one."),
    "key_known": Known("The key is there already", "Send the public half of another key."),
    "sign_on_exists": Known("There is one already", "Read it, then change it with `updateSignOn`."),
    "sign_on_untried": Known("Nobody has come in by it yet", "Sign in through the provider once, then force it."),
    "too_many_domains": Known("Too many domains", "Remove one of the domains first."),
    "domain_not_proven": Known("The domain is not proven", "Publish the TXT record, wait a while, ask again."),
    "domain_taken": Known("The domain is another organisation's", "Open a case if it is yours."),
    "own_means_wanted": Known("It is not for this login", "Sign in with a password or passkey of the person's own."),
    "other_sign_in": Known("Another way in is needed", "Sign in the way that the organisation wants it."),
    "name_taken": Known("The name is taken", "Choose another name."),
    "account_closed": Known("The account is closed", "Choose another account, or open a new one."),
    "changed_at_provider": Known("It was changed at the provider", "Settle it (`listDrift`), then decide anew."),
    "drift_changed": Known("It has changed again at the provider", "Compare the account, then decide anew."),
    "drift_settling": Known("Somebody is settling it", "Wait for its operation to end, then look again."),
    "drift_settled": Known("It is settled already", "See its `state` and `decision`."),
    "goes_on_already": Known("It runs on in this way as it is", "setEndOfTerm keeps it so, and stops reminders."),
    "strategy_not_offered": Known("It cannot run longer in this way", "Take one of `listExtensions`."),
    "has_ended": Known("It has ended at the provider", "Order it anew."),
    "plan_not_sold": Known("We have no price for it", "Open a case and we will make one."),
    "plan_not_said": Known("The provider does not say what was bought", "Open a case."),
    "not_supported": Known("The provider cannot do this", "Open a case."),
    "plan_not_ready": Known("The plan was applied or cancelled", "Make a new plan."),
    "plan_mismatch": Known("It is not the plan that was shown", "Read the plan again and send its `digest`."),
    "plan_expired": Known("The plan has expired", "Make a new plan and look at its prices."),
    "answer_unknown": Known("This is not asked", "Send only keys of the offer's `questions`."),
    "answer_missing": Known("An answer is missing", "See the offer's `questions` and send the line's `answers`."),
    "answer_invalid": Known("An answer is none", "Mend it as `detail` says."),
    "plan_canceled": Known("The plan was cancelled", "Make a new plan."),
    "plan_to_be_split": Known("Several would have to approve it", "Make a plan for each customer and currency."),
    "plan_empty": Known("No row can be made", "See `error` of each row, mend them, and make a new plan."),
    "plan_ended": Known("The plan has ended", "See what became of each row."),
    "unknown_at_provider": Known("The provider does not know it", "Open a case that links the subscription."),
    "reseller_not_active": Known("The reseller is not active", "Ask us when it will be."),
    "reply_id_taken": Known("This id is in use", "Make a new id for each reply."),
    "internal_not_allowed": Known("Only staff write notes", "Leave out `internal`."),
    "case_closed": Known("The case is closed", "Open a new case and link the same things."),
    "too_many_attachments": Known("The case has enough files", "Open another case, or say the rest in a reply."),
    "attachments_off": Known("No files are taken here", "Say it in a reply; whoever runs this has no scanner."),
    "attachment_id_taken": Known("This id is in use", "Make a new id for each file."),
    "attachment_not_found": Known("There is no such file", "List the files of the case and take an id from there."),
    "attachment_not_ready": Known("The file is being searched", "Try again in a minute."),
    "attachment_infected": Known("Malware was found in the file", "Nobody gets it. Send a clean one."),
    "attachment_empty": Known("The file is empty", "Send a file that holds something."),
    "attachment_too_large": Known("The file is too large", "Send at most 10 MB."),
    "attachment_kind_not_taken": Known("This kind of file is not taken", "Send one of the kinds in `detail`."),
    "attachment_content_unfit": Known("The content is not what the name says", "Save it in the kind its name says."),
    "attachment_archive_unfit": Known("The archive cannot be searched", "Send a smaller one without a lock."),
    "link_not_found": Known("There is no such thing to link", "Link only what you can read yourself."),
    "internal_error": Known("Something broke on our side", "Try again; if it stays, quote `request_id` in a case."),
    "temporarily_unavailable": Known("Not available for the moment", "Try again after `Retry-After` seconds."),
}


def title_of(code: str, status: int) -> str:
    """The title of a code; of one that is not listed, the meaning of its status."""
    known = CODES.get(code)
    return known.title if known else HTTPStatus(status).phrase.replace("Entity", "Content")
