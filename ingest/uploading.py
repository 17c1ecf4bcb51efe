"""The form that takes several files at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile

from ingest.sources.export import LIMITS

_MB = 1024 * 1024


class _FilesInput(forms.ClearableFileInput):
    allow_multiple_selected = True


class _FilesField(forms.FileField):
    """Every file that was chosen, each checked as one."""

    def clean(self, data: Any, initial: Any = None) -> list[UploadedFile[Any]]:
        files = data if isinstance(data, list | tuple) else [data] if data else []
        if not files:
            raise ValidationError(self.error_messages["required"], code="required")
        return [super(_FilesField, self).clean(file, initial) for file in files]


class ExportForm(forms.Form):
    export = _FilesField(
        label="Your export",
        help_text=(
            "The ZIP as Spotify sent it, or the JSON files in it. Several are fine."
        ),
        widget=_FilesInput(attrs={"multiple": True, "accept": ".zip,.json"}),
        allow_empty_file=True,
        max_length=200,
        error_messages={
            "required": "Choose the ZIP that Spotify sent you, or the files in it.",
            "max_length": "The name of a file is longer than 200 letters.",
        },
    )

    def clean_export(self) -> Sequence[UploadedFile[Any]]:
        files: list[UploadedFile[Any]] = self.cleaned_data["export"]
        if sum(file.size or 0 for file in files) > LIMITS.packed:
            raise ValidationError(
                f"An upload may hold {LIMITS.packed // _MB} MB. Upload the JSON files"
                " in smaller parts, one after the other.",
                code="large",
            )
        return files
