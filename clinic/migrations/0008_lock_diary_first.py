"""Whoever changes what visits are decided under takes the diary's lock before any row, as bookings do: in the other order
the two could wait for each other."""

from django.db import migrations

FUNCTION = """
CREATE FUNCTION clinic_lock_diary() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(7000, 0);
    RETURN NULL;
END $$;
"""

# The tables of 0004.
TABLES = {
    "clinic_site": "INSERT OR DELETE OR UPDATE",
    "clinic_room": "INSERT OR DELETE OR UPDATE",
    "clinic_openinghours": "INSERT OR DELETE OR UPDATE",
    "clinic_workinghours": "INSERT OR DELETE OR UPDATE",
    "clinic_closure": "INSERT OR DELETE OR UPDATE",
    "clinic_policy": "INSERT OR DELETE OR UPDATE",
    "clinic_protocol": "INSERT OR DELETE OR UPDATE",
    "clinic_protocolstage": "INSERT OR DELETE OR UPDATE",
    "clinic_staffmember": "INSERT OR DELETE OR UPDATE OF role, is_active, full_name",
    "clinic_staffmember_sites": "INSERT OR DELETE OR UPDATE",
}
TRIGGERS = "".join(
    f"CREATE TRIGGER diary_lock BEFORE {events} ON {table} FOR EACH STATEMENT EXECUTE FUNCTION clinic_lock_diary();\n"
    for table, events in TABLES.items()
)
GONE = "".join(f"DROP TRIGGER diary_lock ON {table};\n" for table in TABLES)


class Migration(migrations.Migration):
    dependencies = [
        ("clinic", "0007_nothing_new_on_a_joined_record"),
    ]

    operations = [
        migrations.RunSQL(FUNCTION + TRIGGERS, GONE + "DROP FUNCTION clinic_lock_diary();"),
    ]
