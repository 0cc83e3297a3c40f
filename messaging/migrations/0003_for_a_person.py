"""What is called differently on pages; the tables stay as they are."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("messaging", "0002_two_way")]

    operations = [
        migrations.AlterField(
            model_name="inboundtext",
            name="handled",
            field=models.CharField(choices=[("stopped", "Asked for no more texts"), ("started", "Asked for texts again"), ("yes", "Said yes"), ("no", "Said no"), ("help", "Asked who we are"), ("unclear", "Answered, but not clear what"), ("passed_on", "For a person")], max_length=16),
        ),
    ]
