"""A clinician's own calendar, of all their sites; the address that set-up hands out is of one."""

from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("clinic", "0009_nothing_new_beside_a_joined_record"),
        ("support", "0004_nobody_new_on_a_joined_record"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="link",
            name="link_bound_to_one_person",
        ),
        migrations.AlterField(
            model_name="link",
            name="purpose",
            field=models.CharField(
                choices=[
                    ("helper", "A helper's page"),
                    ("patient", "A patient's page"),
                    ("helper_feed", "A helper's calendar"),
                    ("patient_feed", "A patient's calendar"),
                    ("clinician_feed", "A clinician's calendar"),
                    ("own_feed", "A clinician's own calendar"),
                    ("room_feed", "A room's calendar"),
                ],
                max_length=16,
            ),
        ),
        migrations.AlterField(
            model_name="linkevent",
            name="purpose",
            field=models.CharField(
                choices=[
                    ("helper", "A helper's page"),
                    ("patient", "A patient's page"),
                    ("helper_feed", "A helper's calendar"),
                    ("patient_feed", "A patient's calendar"),
                    ("clinician_feed", "A clinician's calendar"),
                    ("own_feed", "A clinician's own calendar"),
                    ("room_feed", "A room's calendar"),
                ],
                max_length=16,
            ),
        ),
        migrations.AddConstraint(
            model_name="link",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("designation__isnull", False),
                        ("patient__isnull", True),
                        ("purpose__in", ("helper", "helper_feed")),
                        ("room__isnull", True),
                        ("staff__isnull", True),
                    ),
                    models.Q(
                        ("designation__isnull", True),
                        ("patient__isnull", False),
                        ("purpose__in", ("patient", "patient_feed")),
                        ("room__isnull", True),
                        ("staff__isnull", True),
                    ),
                    models.Q(
                        ("designation__isnull", True),
                        ("patient__isnull", True),
                        ("purpose__in", ("clinician_feed", "own_feed")),
                        ("room__isnull", True),
                        ("staff__isnull", False),
                    ),
                    models.Q(
                        ("designation__isnull", True),
                        ("patient__isnull", True),
                        ("purpose__in", ("room_feed",)),
                        ("room__isnull", False),
                        ("staff__isnull", True),
                    ),
                    _connector="OR",
                ),
                name="link_bound_to_one_person",
            ),
        ),
    ]
