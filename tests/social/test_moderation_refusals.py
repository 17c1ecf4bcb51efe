"""Who may not decide about a report, and what cannot be decided."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied

from accounts.models import User
from social import services
from social.models import ModerationAction, Notice, Report
from social.services import CannotDecide
from tests.conftest import NOW
from tests.factories import make_person, make_user
from tests.social.deciding import (
    LATER,
    NO_RULE,
    RESPECT,
    connect,
    decide,
    make_chief,
    make_moderator,
    report,
    told,
    write,
)

MEASURES = [
    (services.person_warn, {}),
    (services.profile_clear, {}),
    (services.person_limit, {"until": LATER}),
    (services.person_suspend, {"until": LATER}),
]


@pytest.fixture
def mod(db: None) -> User:
    return make_moderator()


@pytest.mark.parametrize("right", ["nobody", "staff"])
def test_only_who_may_moderate(ada: User, ben: User, right: str) -> None:
    actor = make_user("someone", is_staff=right == "staff")
    case = report(ada, ben)
    for verb, more in MEASURES:
        with pytest.raises(PermissionDenied):
            decide(verb, case, actor, **more)
    with pytest.raises(PermissionDenied):
        decide(services.report_dismiss, case, actor, NO_RULE)
    with pytest.raises(PermissionDenied):
        decide(services.person_restore, case, actor, NO_RULE)
    _nothing_happened(case)


def test_nobody_decides_about_themselves(ada: User, mod: User) -> None:
    case = report(ada, mod)
    with pytest.raises(CannotDecide, match="about themselves"):
        decide(services.report_dismiss, case, mod, NO_RULE)
    User.objects.filter(pk=mod.pk).update(suspended_until=LATER)
    with pytest.raises(CannotDecide, match="about themselves"):
        decide(services.person_restore, case, mod, NO_RULE)
    _nothing_happened(case)


def test_nobody_decides_about_their_own_report(ada: User, ben: User, mod: User) -> None:
    own = report(mod, ben, profile=1)
    same = report(ada, ben, profile=1)
    for case in (own, same):
        with pytest.raises(CannotDecide, match="reported themselves"):
            decide(services.person_warn, case, mod)
        _nothing_happened(case)


@pytest.mark.parametrize("who", ["staff", "moderator", "chief"])
def test_staff_are_suspended_by_a_superuser_only(
    ada: User, mod: User, who: str
) -> None:
    makers: dict[str, Any] = {
        "staff": lambda: make_person("some_staff", is_staff=True),
        "moderator": lambda: make_moderator("mod_two"),
        "chief": lambda: make_chief("chief_two"),
    }
    person = makers[who]()
    case = report(ada, person)
    for verb in (services.person_suspend, services.person_limit):
        with pytest.raises(CannotDecide, match="Only a superuser"):
            decide(verb, case, mod, until=LATER)
    _nothing_happened(case)
    decide(services.person_suspend, case, make_chief(), until=LATER)
    person.refresh_from_db()
    assert person.is_suspended


@pytest.mark.parametrize("days", [-1, 0, 3651])
def test_an_end_lies_ahead_and_not_for_ever(
    ada: User, ben: User, mod: User, days: int
) -> None:
    case = report(ada, ben)
    until = NOW + timedelta(days=days)
    with pytest.raises(CannotDecide, match="within ten years"):
        decide(services.person_suspend, case, mod, until=until)
    _nothing_happened(case)


def test_a_rule_belongs_to_a_measure_and_none_to_a_dismissal(
    ada: User, ben: User, mod: User
) -> None:
    case = report(ada, ben)
    with pytest.raises(CannotDecide, match="Name the rule"):
        decide(services.person_warn, case, mod, NO_RULE)
    with pytest.raises(CannotDecide, match="no rule was broken"):
        decide(services.report_dismiss, case, mod, RESPECT)
    _nothing_happened(case)


def test_each_verb_is_about_its_own_thing(ada: User, ben: User, mod: User) -> None:
    connect(ada, ben)
    message = report(ada, ben, message=write(ben, ada, "Rude").public_id)
    profile = report(ada, ben, profile=1)
    with pytest.raises(CannotDecide, match="not about a profile"):
        decide(services.profile_clear, message, mod)
    with pytest.raises(CannotDecide, match="no such text"):
        decide(services.message_remove, profile, mod)
    assert "remove_message" in services.verbs_for(message)
    assert "remove_message" not in services.verbs_for(profile)


def test_of_someone_who_left_a_report_is_dismissed(
    ada: User, ben: User, mod: User
) -> None:
    case = report(ada, ben)
    ben.delete()
    case.refresh_from_db()
    assert services.verbs_for(case) == ["dismiss"]
    with pytest.raises(CannotDecide, match="has left"):
        decide(services.person_warn, case, mod)
    action = decide(services.report_dismiss, case, mod, NO_RULE)
    assert action.person_name == "someone who left"


def test_a_report_outlives_its_reporter(ada: User, ben: User, mod: User) -> None:
    case = report(ada, ben)
    ada.delete()
    decide(services.person_warn, case, mod)
    assert told(ben) == [("decision", "warn")]


def _nothing_happened(case: Report) -> None:
    case.refresh_from_db()
    assert case.is_open
    assert not ModerationAction.objects.exists()
    assert not Notice.objects.exists()
