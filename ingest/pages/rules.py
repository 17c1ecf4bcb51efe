"""What a person decided about their artists, as their own pages say it."""

from dataclasses import dataclass

from accounts.models import User
from ingest.models import MutedArtist
from ingest.models.muted import STANDS


@dataclass(frozen=True, slots=True)
class Rule:
    is_counted: bool = True
    is_shown: bool = True

    def __and__(self, other: "Rule") -> "Rule":
        """Of two rules for what is one artist now, what each of them takes away."""
        return Rule(
            self.is_counted and other.is_counted, self.is_shown and other.is_shown
        )

    @property
    def words(self) -> str:
        """What holds, in words; "" for an artist like any other."""
        if not self.is_counted:
            return "Not counted" if self.is_shown else "Not counted, not shown"
        return "" if self.is_shown else "Not shown to others"


UNMUTED = Rule()


def rules_of(person: User) -> dict[int, Rule]:
    """A person's rules by the artist that stands, in one query."""
    rows = MutedArtist.objects.of([person.pk]).annotate(stands=STANDS)
    found: dict[int, Rule] = {}
    for artist, *said in rows.values_list("stands", "is_counted", "is_shown"):
        found[artist] = found.get(artist, UNMUTED) & Rule(*said)
    return found
