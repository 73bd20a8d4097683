"""Passkeys (WebAuthn level 3): a device signs what we ask it to, after it has made sure that its owner is there.

What it is asked to sign is good once and for five minutes, and lies here as a digest.
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import webauthn
from sqlalchemy import delete, select
from sqlalchemy.orm import Session
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from domains.kernel import clock, config
from domains.kernel.columns import cut
from domains.kernel.crypto import digest
from domains.kernel.database import locked, new_id
from domains.kernel.errors import Invalid, NotFound, Refused

from ..models import OneTime, Passkey, User
from .factors import check_not_last, note_factor, note_removal

CHALLENGE_LASTS = timedelta(minutes=5)
MOST_KEYS = 20
LONGEST = 20_000  # characters of what a browser tells of a passkey
ODD = (WebAuthnException, ValueError, KeyError, TypeError, AttributeError, RecursionError)  # of what anybody can send
VERIFIED = UserVerificationRequirement.REQUIRED
TRANSPORTS = {"usb", "nfc", "ble", "internal", "hybrid", "smart-card"}


def party() -> dict[str, Any]:
    """Whom a passkey is for: the portal's host, reached at its address."""
    url = config.current().public_url
    return {"expected_rp_id": urlsplit(url).hostname or "", "expected_origin": url}


def offer_passkey(session: Session, *, user_id: UUID) -> str:
    """What the browser needs to make a passkey for a person, as JSON."""
    user = session.get_one(User, user_id)
    known = [_descriptor(key) for key in session.scalars(select(Passkey).where(Passkey.user_id == user_id))]
    if len(known) >= MOST_KEYS:
        raise Refused("You have 20 passkeys: remove one first.", code="too_many_passkeys")
    chosen = AuthenticatorSelectionCriteria(resident_key=ResidentKeyRequirement.REQUIRED, user_verification=VERIFIED)
    options = webauthn.generate_registration_options(
        rp_id=party()["expected_rp_id"], rp_name="Cloud Sales System", user_id=user_id.bytes, user_name=user.email,
        user_display_name=user.name, authenticator_selection=chosen, exclude_credentials=known,
    )  # fmt: skip
    _keep_challenge(session, options.challenge, user_id)
    return webauthn.options_to_json(options)


def add_passkey(session: Session, *, user_id: UUID, credential: str, name: str) -> UUID:
    """Keep a passkey that a person's browser has made; gives its id. Refused when it does not fit what was asked."""
    given = _parsed(credential)
    try:
        made = webauthn.verify_registration_response(
            credential=given, expected_challenge=_challenge(session, given, user_id), require_user_verification=True,
            **party(),
        )  # fmt: skip
    except ODD:
        raise Refused("The passkey could not be added. Try again.", code="passkey_invalid") from None
    key = Passkey(
        id=new_id(), user_id=user_id, credential_hash=digest("passkey", made.credential_id),
        credential_id=bytes_to_base64url(made.credential_id), public_key=bytes_to_base64url(made.credential_public_key),
        sign_count=made.sign_count, transports=_transports(given), backed_up=made.credential_backed_up,
        name=_name(name), created_at=clock.now(session), last_used_at=None,
    )  # fmt: skip
    known = select(Passkey.id).where(Passkey.credential_hash == key.credential_hash)
    if session.scalars(known).first() is not None:
        raise Refused("The passkey could not be added. Try again.", code="passkey_invalid")
    session.add(key)
    note_factor(session, user_id, "users.add_factor", kind="passkey")
    return key.id


def ask_passkey(session: Session, *, user_id: UUID | None) -> str:
    """What the browser needs to have a passkey sign, as JSON: one of a person's, or any, which tells whose it is."""
    keys = session.scalars(select(Passkey).where(Passkey.user_id == user_id)) if user_id is not None else ()
    options = webauthn.generate_authentication_options(
        rp_id=party()["expected_rp_id"], allow_credentials=[_descriptor(key) for key in keys],
        user_verification=VERIFIED,
    )  # fmt: skip
    _keep_challenge(session, options.challenge, user_id)
    return webauthn.options_to_json(options)


def owner_of_passkey(session: Session, *, credential: str, user_id: UUID | None) -> User | None:
    """The person whose passkey has signed what was asked; None when anything about it is wrong, or it is not theirs.

    A key that counts what it signs must count on, else it was copied.
    """
    given = _parsed(credential)
    try:
        challenge = _challenge(session, given, user_id)
        raw = base64url_to_bytes(given["rawId"])
        query = locked(select(Passkey).where(Passkey.credential_hash == digest("passkey", raw)), Passkey)
        key = session.scalars(query).one_or_none()
        handle = given["response"].get("userHandle")
        if key is None or user_id not in (None, key.user_id) or not _is_handle(handle, key, wanted=user_id is None):
            return None
        shown = webauthn.verify_authentication_response(
            credential=given, expected_challenge=challenge, credential_public_key=base64url_to_bytes(key.public_key),
            credential_current_sign_count=key.sign_count, require_user_verification=True, **party(),
        )  # fmt: skip
    except ODD:
        return None
    key.sign_count, key.backed_up = shown.new_sign_count, shown.credential_backed_up
    key.last_used_at = clock.now(session)
    return session.get(User, key.user_id)


def _is_handle(handle: Any, key: Passkey, *, wanted: bool) -> bool:
    """Whether the device names the same person as we do; it must where nobody has said who they are."""
    return base64url_to_bytes(handle) == key.user_id.bytes if handle else not wanted


def rename_passkey(session: Session, *, user_id: UUID, passkey_id: UUID, name: str) -> None:
    """Call a passkey otherwise."""
    _own(session, user_id, passkey_id).name = _name(name)
    note_factor(session, user_id, "users.rename_factor", kind="passkey")


def remove_passkey(session: Session, *, user_id: UUID, passkey_id: UUID) -> None:
    """Take a passkey's word no more; refused when it is the last second factor of somebody who needs one."""
    key = _own(session, user_id, passkey_id)
    check_not_last(session, user_id, "passkey")
    session.delete(key)
    session.flush()  # it is looked below whether it was the last one
    note_removal(session, user_id, "passkey")


def _own(session: Session, user_id: UUID, passkey_id: UUID) -> Passkey:
    query = select(Passkey).where(Passkey.id == passkey_id, Passkey.user_id == user_id)
    found: Passkey | None = session.scalars(locked(query, Passkey)).one_or_none()
    if found is None:
        raise NotFound("There is no such passkey.", code="passkey_not_found", field="passkey")
    return found


def _name(text: str) -> str:
    name = " ".join(text.split())
    if not 1 <= len(name) <= 60:
        raise Invalid("Give a name of 1 to 60 characters.", code="name_invalid", field="name")
    return cut(name, 80)


def _descriptor(key: Passkey) -> PublicKeyCredentialDescriptor:
    return PublicKeyCredentialDescriptor(id=base64url_to_bytes(key.credential_id))


def _transports(given: dict[str, Any]) -> list[str]:
    told = given["response"].get("transports")
    listed = told if isinstance(told, list) else []
    return sorted(TRANSPORTS.intersection(one for one in listed if isinstance(one, str)))


def _parsed(credential: str) -> dict[str, Any]:
    try:
        given = json.loads(credential) if len(credential) <= LONGEST else None
    except (ValueError, RecursionError):
        given = None
    return given if isinstance(given, dict) and isinstance(given.get("response"), dict) else {"response": {}}


def _keep_challenge(session: Session, challenge: bytes, user_id: UUID | None) -> None:
    until = clock.now(session) + CHALLENGE_LASTS
    key = digest("challenge", challenge)
    session.add(OneTime(key=key, purpose="passkey", user_id=user_id, expires_at=until))


def _challenge(session: Session, given: dict[str, Any], user_id: UUID | None) -> bytes:
    """What was to be signed, which is good no more. Raises ValueError when it was not asked, or of somebody else."""
    told = json.loads(base64url_to_bytes(given["response"]["clientDataJSON"]))["challenge"]
    challenge = base64url_to_bytes(told)
    query = select(OneTime).where(OneTime.key == digest("challenge", challenge), OneTime.purpose == "passkey")
    kept = session.scalars(locked(query, OneTime)).one_or_none()
    if kept is None or kept.user_id != user_id or kept.expires_at <= clock.now(session):
        raise ValueError("nobody has asked for this")
    session.execute(delete(OneTime).where(OneTime.key == kept.key))
    return challenge
