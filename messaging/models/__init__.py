from messaging.models.consent import Consent
from messaging.models.inbound import InboundText
from messaging.models.message import Message
from messaging.models.opt_out import OptOut
from messaging.models.traffic import Traffic
from messaging.models.wording import Wording

__all__ = ["Consent", "InboundText", "Message", "OptOut", "Traffic", "Wording"]
