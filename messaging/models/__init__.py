from messaging.models.inbound import InboundText
from messaging.models.message import Message
from messaging.models.opt_out import OptOut

__all__ = ["InboundText", "Message", "OptOut"]
