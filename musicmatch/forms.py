"""How forms are drawn: our templates around Django's own widgets."""

from django.forms.renderers import TemplatesSetting


class FormRenderer(TemplatesSetting):
    """Draw a form with a label, help and errors tied to each field."""

    form_template_name = "_form.html"
    field_template_name = "_field.html"
