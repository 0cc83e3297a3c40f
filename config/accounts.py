"""How staff sign in: by invitation only, second factors encrypted at rest."""

from typing import Any
from urllib.parse import urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings
from django.http import HttpRequest, HttpResponse

from clinic.models import StaffMember
from clinic.views import device
from config.secrets import fernet_key


class StaffAccountAdapter(DefaultAccountAdapter):
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Nobody signs up by themselves; an administrator invites."""
        return False

    def get_reset_password_from_key_url(self, key: str) -> str:
        """Built from our own address, never from a request's Host header."""
        address: str = super().get_reset_password_from_key_url(key)
        return f"{settings.PUBLIC_URL}{urlsplit(address).path}"

    def post_login(self, request: HttpRequest, user: StaffMember, **details: Any) -> HttpResponse:
        """The device remembers who signed in fully, so that they can take it over again with a PIN."""
        response: HttpResponse = super().post_login(request, user, **details)
        device.remember(request, response, user)
        return response


class StaffMfaAdapter(DefaultMFAAdapter):
    """Keeps TOTP secrets and recovery codes encrypted; raises ``InvalidToken`` rather than returning ciphertext."""

    @property
    def box(self) -> MultiFernet:
        return MultiFernet([Fernet(fernet_key(settings.SECRET_KEY))])

    def encrypt(self, text: str) -> str:
        return self.box.encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return self.box.decrypt(encrypted_text.encode()).decode()
