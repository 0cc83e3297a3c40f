from django.urls import path

from messaging.views import email, sms

app_name = "messaging"

urlpatterns = [
    path("sms/status", sms.sms_status, name="sms_status"),
    path("email/status", email.email_status, name="email_status"),
    path("sms/inbound", sms.sms_inbound, name="sms_inbound"),
]
