"""The accounts part: ``/authorize`` and ``/api/token``."""

import base64
import hmac
from collections.abc import Iterable, Mapping

from musicmatch.standins.spotify import grants
from musicmatch.standins.spotify.consent import consent_page, error_page
from musicmatch.standins.spotify.grants import Code, CodeRefused, Token, TokenRefused
from musicmatch.standins.spotify.listeners import all_listeners
from musicmatch.standins.spotify.redirects import is_registered
from musicmatch.standins.spotify.wire import oauth_error
from musicmatch.standins.spotify.world import SCOPES, World
from musicmatch.standins.wire import (
    Answer,
    Refused,
    Request,
    html_answer,
    json_answer,
    redirect_answer,
    with_query,
)

_CHALLENGE_LENGTH = 43
_VERIFIER_LENGTHS = range(43, 129)
_CHOICES = ("listener", "cancel")


def authorize(world: World, request: Request) -> Answer:
    """The consent page, and what follows the choice made on it.

    The choice comes from the page's form or as ``listener=<key>`` or ``cancel=1``
    in the query.
    """
    asked = dict(request.form if request.method == "POST" else request.query)
    choice = {name: asked.pop(name) for name in _CHOICES if name in asked}
    _check_app(world, asked)
    problem = _problem_with(asked)
    if problem is not None:
        return _back(asked, {"error": problem})
    if "cancel" in choice:
        return _back(asked, {"error": "access_denied"})
    if choice.get("listener") in all_listeners():
        return _back(asked, {"code": _new_code(world, asked, choice["listener"])})
    scopes = (SCOPES[scope] for scope in asked.get("scope", "").split())
    return html_answer(consent_page(all_listeners().values(), scopes, asked))


def _check_app(world: World, asked: Mapping[str, str]) -> None:
    """Raise ``Refused`` with our own page for what is never redirected back."""
    if asked.get("client_id") != world.client_id:
        page = error_page("INVALID_CLIENT", "Invalid client")
        raise Refused(html_answer(page, status=400))
    if not is_registered(asked.get("redirect_uri", ""), world.redirects):
        page = error_page("INVALID_CLIENT", "Invalid redirect URI")
        raise Refused(html_answer(page, status=400))


def _problem_with(asked: Mapping[str, str]) -> str | None:
    """The OAuth error to send back for a malformed request, if it is one."""
    if asked.get("response_type") != "code":
        return "unsupported_response_type"
    if any(scope not in SCOPES for scope in asked.get("scope", "").split()):
        return "invalid_scope"
    if "code_challenge" not in asked and "code_challenge_method" not in asked:
        return None
    is_sha256 = asked.get("code_challenge_method") == "S256"
    is_whole = len(asked.get("code_challenge", "")) == _CHALLENGE_LENGTH
    return None if is_sha256 and is_whole else "invalid_request"


def _back(asked: Mapping[str, str], answer: dict[str, str]) -> Answer:
    if "state" in asked:
        answer["state"] = asked["state"]
    return redirect_answer(with_query(asked["redirect_uri"], answer))


def _new_code(world: World, asked: Mapping[str, str], listener: str) -> str:
    code = Code(
        listener=listener,
        scopes=tuple(asked.get("scope", "").split()),
        redirect_uri=asked["redirect_uri"],
        challenge=asked.get("code_challenge"),
        issued_at=world.now,
    )
    return world.grants.issue_code(code)


def token(world: World, request: Request) -> Answer:
    """Exchange a code, or refresh."""
    form = request.form
    if request.media_type != "application/x-www-form-urlencoded":
        return oauth_error("invalid_request", "The body must be a form")
    has_secret = _check_client(world, request, form)
    match form.get("grant_type"):
        case "authorization_code":
            return _exchange(world, form, has_secret=has_secret)
        case "refresh_token":
            return _refresh(world, form, has_secret=has_secret)
        case _:
            return oauth_error(
                "unsupported_grant_type",
                "grant_type must be authorization_code or refresh_token",
            )


def _check_client(world: World, request: Request, form: Mapping[str, str]) -> bool:
    """Whether the client showed its secret; raises ``Refused`` for a wrong one."""
    client_id, secret = form.get("client_id", ""), form.get("client_secret")
    header = request.headers.get("authorization")
    if header is not None:
        client_id, secret = _basic_credentials(header)
    if client_id != world.client_id:
        raise Refused(oauth_error("invalid_client", "Invalid client"))
    if secret is None:
        return False
    if not hmac.compare_digest(secret.encode(), world.client_secret.encode()):
        raise Refused(oauth_error("invalid_client", "Invalid client secret"))
    return True


def _basic_credentials(header: str) -> tuple[str, str]:
    scheme, _, value = header.partition(" ")
    try:
        text = base64.b64decode(value, validate=True).decode()
    except ValueError:
        return "", ""
    client_id, _, secret = text.partition(":")
    return (client_id, secret) if scheme.lower() == "basic" else ("", "")


def grant(world: World, listener: str, scopes: Iterable[str]) -> dict[str, object]:
    """The token answer that a consent of this listener would bring, without HTTP."""
    code = Code(
        listener=listener,
        scopes=tuple(scopes),
        redirect_uri="",
        challenge=None,
        issued_at=world.now,
    )
    refresh = world.grants.issue_refresh(code, now=world.now, is_public=False)
    return _tokens(world, refresh, shows_refresh=True)


def _exchange(world: World, form: Mapping[str, str], *, has_secret: bool) -> Answer:
    try:
        code = world.grants.redeem_code(
            form.get("code", ""), now=world.now, life=world.code_life
        )
    except CodeRefused as refusal:
        return oauth_error("invalid_grant", str(refusal))
    if form.get("redirect_uri") != code.redirect_uri:
        return oauth_error("invalid_grant", "Invalid redirect URI")
    _check_verifier(code, form.get("code_verifier"), has_secret=has_secret)
    refresh = world.grants.issue_refresh(
        code, now=world.now, is_public=code.challenge is not None and not has_secret
    )
    return json_answer(_tokens(world, refresh, shows_refresh=True))


def _check_verifier(code: Code, verifier: str | None, *, has_secret: bool) -> None:
    """Raise ``Refused`` unless the verifier is the one the challenge was made from."""
    if code.challenge is None:
        if not has_secret:
            raise Refused(oauth_error("invalid_client", "Invalid client secret"))
        if verifier is not None:
            raise Refused(oauth_error("invalid_request", "code_verifier not expected"))
        return
    if verifier is None:
        raise Refused(oauth_error("invalid_request", "code_verifier required"))
    is_right = grants.challenge_of(verifier) == code.challenge
    if len(verifier) not in _VERIFIER_LENGTHS or not is_right:
        raise Refused(oauth_error("invalid_grant", "code_verifier was incorrect"))


def _refresh(world: World, form: Mapping[str, str], *, has_secret: bool) -> Answer:
    try:
        refresh = world.grants.read_refresh(
            form.get("refresh_token", ""), now=world.now
        )
    except TokenRefused as refusal:
        return oauth_error("invalid_grant", str(refusal))
    if not refresh.is_public and not has_secret:
        return oauth_error("invalid_client", "Invalid client secret")
    if not world.rotates_now():
        return json_answer(_tokens(world, refresh, shows_refresh=False))
    rotated = world.grants.rotate(refresh)
    return json_answer(_tokens(world, rotated, shows_refresh=True))


def _tokens(world: World, refresh: Token, *, shows_refresh: bool) -> dict[str, object]:
    life = world.access_token_life
    access = world.grants.issue_access(refresh, now=world.now, life=life)
    data: dict[str, object] = {
        "access_token": grants.write(access),
        "token_type": "Bearer",
        "expires_in": int(life),
        "scope": " ".join(refresh.scopes),
    }
    if shows_refresh:
        data["refresh_token"] = grants.write(refresh)
    return data
