import pytest
from django.core import checks

from messaging.domain import segments
from support.domain import links


def found() -> list[str]:
    return [each.id for each in checks.run_checks(include_deployment_checks=True) if each.id.startswith("support.")]


@pytest.mark.parametrize(("host", "errors"), [("care-home.org", []), ("care-home1.org", ["support.E001"])])
def test_an_address_that_makes_links_too_long_is_refused(host, errors, settings):
    settings.PUBLIC_URL = f"https://{host}"
    assert len(links.stand_in()) == segments.LINK_ROOM + len(host) - len("care-home.org")
    assert found() == errors


def test_a_short_address_for_links_leaves_the_clinic_its_own(settings):
    settings.PUBLIC_URL = "https://www.northgate-mental-health.example.org"
    settings.LINK_URL = "https://ngc.example"
    assert (links.stand_in().startswith("https://ngc.example/l/"), found()) == (True, [])
