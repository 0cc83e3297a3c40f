"""How every form of the clinic is drawn: crispy's markup without the form tag, one filled button at the end."""

from crispy_forms.bootstrap import StrictButton
from crispy_forms.helper import FormHelper
from crispy_forms.layout import Div, Fieldset, Layout
from django.utils.functional import Promise

Text = str | Promise


def row(*fields: object) -> Div:
    """Beside each other where there is room."""
    return Div(*fields, css_class="row")


def group(legend: Text, *fields: object) -> Fieldset:
    return Fieldset(legend, *fields, css_class="group")


def laid_out(*parts: object, button: Text, main: bool = True) -> FormHelper:
    helper = FormHelper()
    # The template draws the form tag and its token; a GET form must not carry one.
    helper.form_tag, helper.disable_csrf = False, True
    style = "button button--main" if main else "button"
    save = StrictButton(button, type="submit", name="save", value="yes", css_class=style)
    helper.layout = Layout(*parts, Div(save, css_class="form-actions"))
    return helper
