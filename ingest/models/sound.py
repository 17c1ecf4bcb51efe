"""How tracks and artists sound."""

from django.db import models

from ingest.models.music import Artist, Track


class Sound(models.Model):
    """Measured sound. ``source`` says by whom; they never mix in one taste."""

    source = models.CharField(max_length=12)
    tempo = models.FloatField(null=True)
    energy = models.FloatField(null=True)
    valence = models.FloatField(null=True)
    danceability = models.FloatField(null=True)
    acousticness = models.FloatField(null=True)
    loudness = models.FloatField(null=True)

    class Meta:
        abstract = True


class AudioFeatures(Sound):
    """How one track sounds."""

    track = models.OneToOneField(
        Track, on_delete=models.CASCADE, related_name="audio", primary_key=True
    )

    class Meta:
        verbose_name_plural = "audio features"

    def __str__(self) -> str:
        return f"audio of {self.track_id}"


class ArtistSound(Sound):
    """How an artist's tracks sound on average, where single tracks are not known."""

    artist = models.OneToOneField(
        Artist, on_delete=models.CASCADE, related_name="sound", primary_key=True
    )

    def __str__(self) -> str:
        return f"sound of {self.artist_id}"
