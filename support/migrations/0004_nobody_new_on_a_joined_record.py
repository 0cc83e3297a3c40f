"""Whoever still has a record open that was joined with another meanwhile names nobody on it and makes it no link."""

from django.db import migrations

# The function is clinic's; a link of somebody else than a patient passes.
TABLES = ("support_designation", "support_link")
TRIGGERS = "".join(
    f"CREATE TRIGGER patient_is_left BEFORE INSERT OR UPDATE OF patient_id ON {table} "
    "FOR EACH ROW EXECUTE FUNCTION clinic_patient_is_left();\n"
    for table in TABLES
)
GONE = "".join(f"DROP TRIGGER patient_is_left ON {table};\n" for table in TABLES)


class Migration(migrations.Migration):
    dependencies = [
        ("clinic", "0007_nothing_new_on_a_joined_record"),
        ("support", "0003_scheduling"),
    ]

    operations = [
        migrations.RunSQL(TRIGGERS, GONE),
    ]
