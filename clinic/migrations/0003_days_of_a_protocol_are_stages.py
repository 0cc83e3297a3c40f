from django.db import migrations

# What a protocol said of its visits in columns becomes its first stage.
STAGES = """
INSERT INTO clinic_protocolstage (protocol_id, position, kind, visits, min_days, target_days, max_days)
SELECT id, 0, 'induction', sessions, GREATEST(min_days, 1), GREATEST(target_days, 1), GREATEST(max_days, 1)
FROM clinic_protocol;
SET CONSTRAINTS ALL IMMEDIATE;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("clinic", "0002_scheduling"),
    ]

    operations = [
        migrations.RunSQL(STAGES, migrations.RunSQL.noop),
        migrations.RemoveField(
            model_name="protocol",
            name="max_days",
        ),
        migrations.RemoveField(
            model_name="protocol",
            name="min_days",
        ),
        migrations.RemoveField(
            model_name="protocol",
            name="sessions",
        ),
        migrations.RemoveField(
            model_name="protocol",
            name="target_days",
        ),
        migrations.RemoveField(
            model_name="protocolevent",
            name="max_days",
        ),
        migrations.RemoveField(
            model_name="protocolevent",
            name="min_days",
        ),
        migrations.RemoveField(
            model_name="protocolevent",
            name="sessions",
        ),
        migrations.RemoveField(
            model_name="protocolevent",
            name="target_days",
        ),
    ]
