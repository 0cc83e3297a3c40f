from django.urls import path

from messaging.views import sms

app_name = "messaging"

urlpatterns = [
    path("sms/status", sms.sms_status, name="sms_status"),
    path("sms/inbound", sms.sms_inbound, name="sms_inbound"),
]
