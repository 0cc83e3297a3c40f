from django.apps import AppConfig


class HomewardConfig(AppConfig):
    name = "config"
