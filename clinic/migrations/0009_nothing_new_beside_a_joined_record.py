"""Whoever still has a record open that was joined with another meanwhile writes no wish and no note on it either."""

from django.db import migrations

# The function is that of 0007; a note about no patient passes.
TABLES = ("clinic_timewish", "clinic_desknote")
TRIGGERS = "".join(
    f"CREATE TRIGGER patient_is_left BEFORE INSERT OR UPDATE OF patient_id ON {table} "
    "FOR EACH ROW EXECUTE FUNCTION clinic_patient_is_left();\n"
    for table in TABLES
)
GONE = "".join(f"DROP TRIGGER patient_is_left ON {table};\n" for table in TABLES)


class Migration(migrations.Migration):
    dependencies = [
        ("clinic", "0008_lock_diary_first"),
    ]

    operations = [
        migrations.RunSQL(TRIGGERS, GONE),
    ]
