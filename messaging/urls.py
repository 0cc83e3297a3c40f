from django.urls import path

from messaging import views

app_name = "messaging"

urlpatterns = [
    path("sms/status", views.sms_status, name="sms_status"),
    path("sms/inbound", views.sms_inbound, name="sms_inbound"),
]
