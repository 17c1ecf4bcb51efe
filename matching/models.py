"""What matching keeps: tastes, the order of their changes, editions and reports."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models.functions import Now


class TasteQuerySet(models.QuerySet["Taste"]):
    def changed_since(self, watermark: int) -> Self:
        return self.filter(seq__gt=watermark).order_by("seq")


class Taste(models.Model):
    """A person's taste as the engine reads it; the one truth behind the index.

    ``seq`` grows with every change of any row, so an index built up to one seq
    knows what it has not seen. ``is_visible`` is False for people who have not
    joined, or paused: their row masks the one in an older index.
    """

    person = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="taste",
        primary_key=True,
    )
    seq = models.BigIntegerField(unique=True)
    blob = models.BinaryField()
    is_visible = models.BooleanField(default=False)
    # Whether any of it came from the Spotify API, which must not be trained on.
    has_spotify = models.BooleanField(default=False)
    # A copy, so that boards can be narrowed to a country without asking who is in it.
    country = models.CharField(max_length=2, blank=True, default="")
    computed_at = models.DateTimeField()

    objects = TasteQuerySet.as_manager()

    def __str__(self) -> str:
        return f"taste of {self.person_id} at {self.seq}"


class TasteChangeQuerySet(models.QuerySet["TasteChange"]):
    def departed_since(self, watermark: int) -> Self:
        """Changes that took a taste away, with the person who had it."""
        return self.filter(seq__gt=watermark, taste__seq__isnull=True)

    def swept_since(self, watermark: int) -> bool:
        """Whether changes after this one may have been swept.

        A sweep takes everything before some change that was the last at its time: as
        long as the one at the watermark is there, so are all that came later.
        """
        first = self.filter(seq__gte=watermark).order_by("seq").first()
        return first is not None and first.seq > watermark > 0

    def newest(self) -> int:
        """The last place given; 0 when every change is in an index."""
        last = self.order_by("seq").last()
        return last.seq if last else 0

    def note(self, person_ids: Iterable[int]) -> list[int]:
        """Take the next places in the sequence, one for each person."""
        rows = self.bulk_create([TasteChange(taste_id=pk) for pk in person_ids])
        return [row.seq for row in rows]


class TasteChange(models.Model):
    """A place in the sequence of changes, never given twice.

    Kept until an index holds the change. One whose taste is gone tells readers of
    an older index that this person left.
    """

    seq = models.BigAutoField(primary_key=True)
    # A number without a constraint: it outlives the row it names.
    taste = models.ForeignKey(
        Taste,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        null=True,
        related_name="+",
    )

    objects = TasteChangeQuerySet.as_manager()

    def __str__(self) -> str:
        return f"change {self.seq} of {self.taste_id}"


class EditionQuerySet(models.QuerySet["Edition"]):
    def of(self, version: str) -> Self:
        """Editions that this program can use, the newest last."""
        return self.filter(version=version).order_by("number")

    def serving(self) -> Self:
        return self.filter(serves_at__isnull=False)


class Edition(models.Model):
    """The community's statistics, counted once and used by every machine.

    A score depends on two tastes and on these alone, so machines that measure people
    under one edition agree to the last bit, whenever each of them read the tastes.
    ``about`` says how the arrays lie in the parts; ``digest`` is SHA-256 of all bytes.
    """

    number = models.BigAutoField(primary_key=True)
    version = models.CharField(max_length=20)
    built_at = models.DateTimeField()
    watermark = models.BigIntegerField()
    people = models.PositiveIntegerField()
    about = models.JSONField()
    digest = models.CharField(max_length=64)
    made_at = models.DateTimeField()
    # None while machines still build their index under it.
    serves_at = models.DateTimeField(null=True)

    objects = EditionQuerySet.as_manager()

    def __str__(self) -> str:
        return f"edition {self.number}"


class EditionPart(models.Model):
    """A megabyte of an edition's arrays."""

    edition = models.ForeignKey(Edition, models.CASCADE, related_name="parts")
    place = models.PositiveIntegerField()
    data = models.BinaryField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["edition", "place"], name="editionpart_one_a_place"
            )
        ]

    def __str__(self) -> str:
        return f"part {self.place} of edition {self.edition_id}"


class KeeperQuerySet(models.QuerySet["Keeper"]):
    def seen_within(self, span: timedelta) -> Self:
        """By the clock of the database, which all machines share."""
        return self.filter(seen_at__gte=Now() - span)


class Keeper(models.Model):
    """A folder of index files on some machine, as whoever keeps it last told.

    ``ready`` is the newest edition it has built, ``serves`` the one in use there;
    ``watermark`` is that of the oldest generation kept: later changes may still be
    asked for.
    """

    folder = models.UUIDField(primary_key=True)
    host = models.CharField(max_length=100)
    version = models.CharField(max_length=20)
    ready = models.BigIntegerField(default=0)
    serves = models.BigIntegerField(default=0)
    watermark = models.BigIntegerField(default=0)
    seen_at = models.DateTimeField()

    objects = KeeperQuerySet.as_manager()

    def __str__(self) -> str:
        return f"index of {self.host}"


class FairnessReportQuerySet(models.QuerySet["FairnessReport"]):
    def newest(self) -> "FairnessReport | None":
        return self.order_by("-made_at", "-pk").first()


class FairnessReport(models.Model):
    """How evenly the score treated the community at one moment; of no one person.

    ``groups`` are four, by how well known people's artists are, the least known
    first: ``matching.fairness.Group`` as plain values. Empty, and ``nobody_top20``
    None, where there were too few people.
    """

    made_at = models.DateTimeField()
    people = models.PositiveIntegerField()
    sampled = models.PositiveIntegerField()
    nobody_top20 = models.FloatField(null=True)
    groups = models.JSONField(default=list)
    index_built_at = models.DateTimeField()
    score_version = models.PositiveSmallIntegerField()

    objects = FairnessReportQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["index_built_at", "score_version"],
                name="fairnessreport_one_an_index",
            ),
            models.CheckConstraint(
                condition=models.Q(nobody_top20__isnull=True)
                | models.Q(nobody_top20__range=(0, 1)),
                name="fairnessreport_share_of_one",
            ),
        ]

    def __str__(self) -> str:
        return f"report of {self.made_at:%Y-%m-%d %H:%M}"

    @property
    def is_sample(self) -> bool:
        return 0 < self.sampled < self.people

    @property
    def nobody_count(self) -> int:
        """How many of the people whose boards were computed are in no top 20."""
        return round((self.nobody_top20 or 0) * self.sampled)

    @property
    def nobody_percent(self) -> float:
        return 100 * (self.nobody_top20 or 0)


class PreselectRecallQuerySet(models.QuerySet["PreselectRecall"]):
    def newest(self) -> "PreselectRecall | None":
        return self.order_by("-measured_at", "-pk").first()


class PreselectRecall(models.Model):
    """How well the preselection did at one moment, over a sample of people.

    ``recall`` is the share of their fifty closest who were among the ``candidates``,
    of whom each had so many on average.
    """

    measured_at = models.DateTimeField()
    people = models.PositiveIntegerField()
    sampled = models.PositiveIntegerField()
    recall = models.FloatField()
    candidates = models.PositiveIntegerField()

    objects = PreselectRecallQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(recall__range=(0, 1)),
                name="preselectrecall_share_of_one",
            ),
        ]

    def __str__(self) -> str:
        return f"recall of {self.measured_at:%Y-%m-%d %H:%M}"

    @property
    def summary(self) -> str:
        """The measurement as one line for the log and the terminal."""
        share = 100 * self.candidates / max(self.people, 1)
        return (
            f"recall@50 {self.recall:.3f} over {self.sampled} people, each looked for"
            f" among {self.candidates:,} of {self.people:,} ({share:.2f} %)"
        )
